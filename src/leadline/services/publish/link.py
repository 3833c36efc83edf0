"""``leadline link``: the permanent address of something in the record, at a commit that the remote
has."""

from __future__ import annotations

from leadline.core.errors import LeadlineError, not_found, usage
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.values import dataclass
from leadline.render.branch.index import snapshot_folder
from leadline.render.logbook.entries import entries
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.exchange import remote_for
from leadline.services.branch.permalink import known_there, not_on_remote, pages_of, there_now
from leadline.services.branch.tips import branch_ref, tracking_ref
from leadline.services.context import Context


@dataclass
class Place:
    """Where something lies. ``next``: what brings it to the remote when it is not there."""

    commit: str
    path: str = ""
    anchor: str = ""
    next: str = "leadline sync"


@dataclass(frozen=True)
class Link:
    """``url``: "" where the remote has no pages; ``text`` says the place in words. ``checked``:
    "now", "as last seen", or "" without a remote."""

    url: str
    commit: str
    path: str
    anchor: str
    text: str
    remote: str
    checked: str

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def link(
    context: Context,
    topic: str,
    what: str = "",
    *,
    code: bool = False,
    file: str = "bundle.md",
    offline: bool = False,
) -> Link:
    """``what``: an id (its section of the research logbook; a snapshot: ``file`` of its bundle),
    ``sha256:…`` (an artifact), or "" (the logbook). ``code``: the code state of the run instead.
    ``offline``: what the remote had when last heard of, instead of asking it.

    Raises LeadlineError: not_found (no such id, no such file); remote
    (``link-not-on-remote``, or it cannot be asked).
    """
    remote = remote_for(context, None) if context.vcs.remotes() else ""
    thread = context.store.thread(topic)
    if code:
        place = _code(thread, what)
    else:
        place = _on_record_branch(context, thread, what, file, _tip(context, remote, offline))
    if remote:
        there = (
            known_there(context, [place.commit])
            if offline
            else there_now(context, [place.commit], remote)
        )
        if place.commit not in there:
            raise not_on_remote(remote, place.commit, place.path, place.next)
    pages = pages_of(context) if remote else None
    at = f", {place.path}" if place.path else ""
    checked = ""
    if remote:
        checked = "as last seen" if offline else "now"
    return Link(
        url=pages.page(place.commit, place.path, place.anchor) if pages else "",
        commit=place.commit,
        path=place.path,
        anchor=place.anchor,
        text=f"commit {place.commit}{at}",
        remote=remote,
        checked=checked,
    )


def _tip(context: Context, remote: str, offline: bool) -> str:
    """The commit of the record branch to link to: the one that the remote has, else (no remote) the
    one here."""
    ref = branch_ref(context)
    if not remote:
        return recordbranch.commit_records(context) or ""
    if not offline:
        head = context.vcs.remote_refs(remote).get(ref, "")
        if head and not context.vcs.commit_exists(head):
            context.vcs.fetch_ref(remote, ref, tracking_ref(remote))
        return head
    return context.vcs.ref(tracking_ref(remote)) or ""


def _on_record_branch(context: Context, thread: Thread, what: str, file: str, tip: str) -> Place:
    path, anchor = f"{thread.topic}/logbook.md", ""
    thing: Experiment | Run | Item | None = None
    if what.startswith("sha256:"):
        path = recordbranch.blob_path(thread.topic, what)
    elif what:
        thing = thread.find(what)
        if is_a(thing, "snapshot"):
            path = f"{thread.topic}/snapshots/{snapshot_folder(thing.body)}/{file}"
    page = context.vcs.file_at(tip, path) if tip else None
    if page is None:
        raise _absent(context, thread, what, path)
    if thing is not None and path.endswith("/logbook.md"):
        anchor = _anchor(page.decode("utf-8", "replace"), thing.id)
        if not anchor:
            raise _absent(context, thread, what, f"the section of {thing.id} in {path}")
    return Place(tip, path, anchor)


def _anchor(page: str, display: str) -> str:
    """The newest section whose heading begins with the id."""
    found = [
        e.anchor for e in entries(page) if e.heading.partition(" - ")[2].split(" ")[0] == display
    ]
    if not found and "-r" in display:  # a first run stands under its experiment's name
        return _anchor(page, display.rpartition("-r")[0])
    return found[-1] if found else ""


def _code(thread: Thread, what: str) -> Place:
    thing = thread.find(what) if what else None
    runs: list[Run] = []
    if isinstance(thing, Experiment):
        runs = thing.runs
    elif isinstance(thing, Run):
        runs = [thing]
    commits = [str(r.code["commit"]) for r in runs if r.code.get("commit")]
    if not commits:
        no_state = not_found if runs else usage
        raise no_state(
            "no-code-state",
            f"{what or 'nothing'} names no run with a recorded code state",
            why="--code takes the id of a run or an experiment",
            do="leadline status",
        )
    return Place(commits[-1], next="leadline sync --code")


def _absent(context: Context, thread: Thread, what: str, path: str) -> LeadlineError:
    """Not on the branch as the remote has it: because it was not sent, or because it never goes
    there."""
    ref = branch_ref(context)
    here = recordbranch.commit_records(context)
    if what.startswith("sha256:") and here and context.vcs.file_at(here, path) is None:
        small = recordbranch.SMALL_BLOB_BYTES // 1024
        return not_found(
            "not-on-record-branch",
            f"{what[:19]} is not on the record branch",
            why=f"only what a record of {thread.topic} names, up to {small} KiB, is put there",
            do="leadline show ID",
        )
    if here and not path.startswith("the section") and context.vcs.file_at(here, path) is None:
        raise not_found(
            "no-such-file",
            f"the record branch has no {path}",
            do=f"git ls-tree -r --name-only {ref}",
        )
    if path.startswith("the section") and here:
        page = context.vcs.file_at(here, f"{thread.topic}/logbook.md") or b""
        if not _anchor(page.decode("utf-8", "replace"), thread.find(what).id):
            raise not_found(
                "no-section",
                f"{what} has no section of its own in the research logbook",
                do=f"leadline show {what}",
            )
    return not_on_remote(str(context.setting("remote")), "", path)
