"""Every copy of the event files that this machine has, compared: what the record branch holds, here
and as it was fetched, has to be in the event files too.

A chain shows what was changed in its middle; an end that was cut off, an emptied or deleted file and
another last line leave a whole chain, and show only beside a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from leadline.core.record.event import Record, parse_lines
from leadline.core.record.event_files import split_copy, split_name
from leadline.core.record.union import is_within
from leadline.core.record.written import Altered, about
from leadline.core.values import dataclass
from leadline.services.branch.tips import branch_ref, event_blobs, tracking_ref
from leadline.services.context import Context


@dataclass(frozen=True)
class Copy:
    """An event file on a tip of the record branch that holds what the files here do not.

    ``ours``: the file of that name here, empty when there is none. ``taken_in``: what is on that
    tip was in the files here at some time.
    """

    topic: str
    name: str
    ref: str
    data: bytes
    ours: bytes
    taken_in: bool

    @property
    def goes_on(self) -> bool:
        """Whether it holds all that is here and more."""
        return self.data.startswith(self.ours)

    @property
    def where(self) -> str:
        """The file, and the first line that is another one here."""
        if self.goes_on:
            return self.name
        ours = self.ours.splitlines()
        same = zip(self.data.splitlines(), ours, strict=False)
        return f"{self.name}:{next((n for n, (a, b) in enumerate(same, 1) if a != b), len(ours))}"


def lacking(context: Context, topics: Collection[str] | None = None) -> list[Copy]:
    """What the copies of ``topics`` (all: also those of which nothing is left here) hold and the
    event files do not. What has not changed since it was named is not read again."""
    found: list[Copy] = []
    compared: set[tuple[str, str]] = set()
    for ref, taken_in in _refs(context):
        tip = context.vcs.ref(ref)
        if tip is None or tip in (known for known, _ in compared):
            continue
        for topic, files in event_blobs(context.vcs.read_tree_files(ref), topics).items():
            new = {name: blob for name, blob in files.items() if (blob, name) not in compared}
            compared.update((blob, name) for name, blob in new.items())
            found += _lacking(context, topic, new, ref, taken_in)
        compared.add((tip, ""))
    return found


def every_copy(context: Context, topic: str) -> Iterable[tuple[str, bytes]]:
    """Name and content of each event file of ``topic`` that is kept besides the files here: on tips of
    the record branch, and apart from them."""
    seen = set[str]()
    for ref, _ in _refs(context):
        if context.vcs.ref(ref) is None:
            continue
        files = event_blobs(context.vcs.read_tree_files(ref, f"{topic}/events/"), [topic]).get(
            topic, {}
        )
        contents = context.vcs.read_blobs(set(files.values()) - seen)
        yield from ((name, contents[blob]) for name, blob in files.items() if blob in contents)
        seen.update(contents)
    yield from context.store.disputed(topic).items()
    yield from ((n, data) for n, data in context.store.files(topic).items() if split_copy(n)[1])


def _refs(context: Context) -> list[tuple[str, bool]]:
    """Where copies may be, and whether what is there was taken in; a plain ``git fetch`` takes
    nothing in."""
    remote, branch = context.setting("remote"), context.setting("record_branch")
    return [
        (branch_ref(context), True),
        (tracking_ref(str(remote)), True),
        (f"refs/remotes/{remote}/{branch}", False),
    ]


def _lacking(
    context: Context, topic: str, files: Mapping[str, str], ref: str, taken_in: bool
) -> Iterable[Copy]:
    width = len(next(iter(files.values()), "0" * 40))
    here = context.store.blob_names(topic, width)
    differing = {name: blob for name, blob in files.items() if here.get(name) != blob}
    if not differing:
        return
    bases = {split_copy(name)[0] for name in differing}
    ours = context.store.files(topic, [n for n in here if split_copy(n)[0] in bases])
    kept = {**ours, **context.store.disputed(topic)}
    contents = context.vcs.read_blobs(set(differing.values()))
    for name, blob in sorted(differing.items()):
        base, data = split_copy(name)[0], contents[blob]
        versions = (held for n, held in kept.items() if split_copy(n)[0] == base)
        if not any(held.startswith(data) or is_within(data, held) for held in versions):
            yield Copy(topic, name, ref, data, ours.get(name, b""), taken_in)


def compare_with_copies(context: Context, topic: str) -> None:
    """Let the store know which lines of ``topic`` are others on a copy: whoever recomputed the chain and
    the heads leaves a whole file, and a copy that it does not go on from. Only what was written to
    otherwise than by a verb is compared, so that a look pays for it once."""
    names = context.store.uncompared(topic)
    if not names:
        return
    found = [copy for copy in lacking(context, [topic]) if copy.taken_in]
    context.store.compared(topic, names, [_altered(context, copy) for copy in found])


def is_settled(context: Context, copy: Copy) -> bool:
    """Whether a person said that what is here stands."""
    healed = context.store.view(copy.topic).healed
    return any(copy.where in said.get("diverged", ()) for said in healed)


def _altered(context: Context, copy: Copy) -> Altered:
    """It names all records that the copy has otherwise, or that are not here."""
    ours = {record.id: record.line() for record in _records(copy.ours)}
    uids = frozenset().union(
        *(about(record) for record in _records(copy.data) if ours.get(record.id) != record.line())
    )
    return Altered(copy.where, split_name(copy.name)[0], uids, is_settled(context, copy))


def _records(data: bytes) -> list[Record]:
    return [r for r in parse_lines(data.splitlines()) if isinstance(r, Record)]
