"""Every copy of the event files that this machine has, compared: what the record branch holds, here
and as it was fetched, has to be in the event files too.

A chain shows what was changed in its middle; an end that was cut off, an emptied or deleted file and
another last line leave a whole chain, and show only beside a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from leadline.core.ids import TOPIC
from leadline.core.record.event_files import FILE_NAME, split_copy
from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.timestamps import counted
from leadline.core.values import dataclass
from leadline.services.branch.exchange import tracking_ref
from leadline.services.branch.record_branch import branch_ref
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


def lacking(context: Context, topics: Collection[str] | None = None) -> list[Copy]:
    """What the copies of ``topics`` (all: also those of which nothing is left here) hold and the
    event files do not. What has not changed since it was named is not read again."""
    found: list[Copy] = []
    compared: set[tuple[str, str]] = set()
    for ref, taken_in in _refs(context):
        tip = context.vcs.ref(ref)
        if tip is None or tip in (known for known, _ in compared):
            continue
        for topic, files in _events(context.vcs.read_tree_files(ref), topics).items():
            new = {name: blob for name, blob in files.items() if (blob, name) not in compared}
            compared.update((blob, name) for name, blob in new.items())
            found += _lacking(context, topic, new, ref, taken_in)
        compared.add((tip, ""))
    return found


def _refs(context: Context) -> list[tuple[str, bool]]:
    """Where copies may be, and whether what is there was taken in; a plain ``git fetch`` takes
    nothing in."""
    remote, branch = context.setting("remote"), context.setting("record_branch")
    return [
        (branch_ref(context), True),
        (tracking_ref(str(remote)), True),
        (f"refs/remotes/{remote}/{branch}", False),
    ]


def _events(
    present: Mapping[str, str], topics: Collection[str] | None
) -> dict[str, dict[str, str]]:
    """Topic to name to git's name of each event file on a tip."""
    events: dict[str, dict[str, str]] = {}
    for path, blob in present.items():
        topic, _, rest = path.partition("/")
        name = rest.removeprefix("events/")
        wanted = topics is None or topic in topics
        if wanted and name != rest and TOPIC.match(topic) and FILE_NAME.match(name):
            events.setdefault(topic, {})[name] = blob
    return events


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
        if not any(held.startswith(data) for held in versions):
            yield Copy(topic, name, ref, data, ours.get(name, b""), taken_in)


def copies(context: Context, topics: Collection[str]) -> list[Finding]:
    """What ``lacking`` finds, in words. Of all threads, those too of which nothing is left here."""
    every = set(context.store.topics()) <= set(topics)
    return [_finding(copy) for copy in lacking(context, None if every else topics)]


def _finding(copy: Copy) -> Finding:
    where, held = copy.name, len(copy.data.splitlines())
    ours = copy.ours.splitlines()
    if not copy.goes_on:
        same = zip(copy.data.splitlines(), ours, strict=False)
        at = next((n for n, (a, b) in enumerate(same, 1) if a != b), len(ours))
        what = f"line {at} is not the one that {copy.ref} has"
        where, mend = f"{copy.name}:{at}", "leadline verify --heal"
        return Finding(copy.topic, FAULT, "copy-differs", where, what, mend)
    lines = counted(held - len(ours), "line")
    what = f"{lines} that {copy.ref} has are not here: the end was cut off"
    if not copy.ours:
        what = f"all {lines} that {copy.ref} has are not here: the file was emptied or deleted"
    if not copy.taken_in:
        what = f"{lines} that {copy.ref} has are not here yet"
        return Finding(copy.topic, NOTE, "not-taken-in", where, what, "leadline sync")
    return Finding(copy.topic, FAULT, "records-missing", where, what, "leadline verify --heal")
