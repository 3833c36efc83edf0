"""What is installed, what is missing for which feature, and what was left unfinished. No network
unless asked."""

from __future__ import annotations

import os
import sys

from leadline import __version__
from leadline.core.errors import LeadlineError
from leadline.core.plain import one_line
from leadline.core.record.run import TERMINAL_STATES, Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, few, size
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.services.branch import record_branch as recordbranch
from leadline.services.branch.exchange import remote_for
from leadline.services.branch.tips import branch_ref, tracking_ref
from leadline.services.context import Context
from leadline.services.issue import outbox
from leadline.services.issue.outbox import waiting
from leadline.services.run.attempt import states

if TYPE_CHECKING:
    from leadline.core.record.event import Fault
    from leadline.ports.forge_kind import ForgeKind
    from leadline.ports.tracker_kind import TrackerKind

OK, NOTE, PROBLEM = "ok", "note", "problem"
LOW_DISK_BYTES = 500 * 1024 * 1024
OLDEST_GIT = (2, 31)
# package, what needs it, how to get it; those of forges and trackers say so themselves
EXTRAS = (
    ("yaml", "YAML kickoff and config files", "pip install PyYAML"),
    ("argcomplete", "shell completion", "pip install argcomplete"),
    ("jinja2", "the HTML report", "pip install Jinja2"),
    ("pyarrow", "metrics from Parquet files", "pip install 'leadline[parquet]'"),
    ("python_calamine", "tables of spreadsheets", "pip install 'leadline[excel]'"),
    ("pynvml", "NVIDIA GPU facts without nvidia-smi", "pip install 'leadline[nvidia]'"),
)


@dataclass(slots=True)
class Check:
    """One thing looked at. ``state``: ok, note (works without), problem (something is wrong or
    unfinished)."""

    group: str
    name: str
    state: str
    what: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "group": self.group,
            "name": self.name,
            "state": self.state,
            "what": self.what,
            "mend": self.mend,
        }


def doctor(context: Context, network: bool = False) -> list[Check]:
    """Every check, in groups: program, extras, repository, unfinished. Never raises for what it
    finds."""
    checks: list[Check] = []
    for look in (_program, _extras_of, _repository, _records, _unfinished, _forge):
        try:
            checks += look(context)
        except LeadlineError as error:
            checks.append(
                Check(
                    "unfinished",
                    look.__name__.strip("_"),
                    PROBLEM,
                    error.what,
                    (error.next or [""])[0],
                )
            )
    if network:
        checks += _network(context)
        checks += _forge_now(context)
    return checks


def outside(
    error: LeadlineError, forges: list[ForgeKind], trackers: list[TrackerKind]
) -> list[Check]:
    """The checks where no repository can be opened: the program, its extras, and why (``error``)."""
    import shutil  # noqa: PLC0415  start-up: 4 ms

    git = shutil.which("git")
    found = (
        Check("program", "git", OK, git)
        if git
        else Check("program", "git", PROBLEM, "not found", "install git")
    )
    mend = next(iter([error.next] if isinstance(error.next, str) else error.next or []), "")
    return [
        *_itself(),
        found,
        *_extras(forges, trackers),
        Check("repository", "work tree", PROBLEM, error.what.rstrip("."), mend),
    ]


def _itself() -> list[Check]:
    checks = [
        Check(
            "program",
            "leadline",
            OK,
            f"{__version__}, {os.path.dirname(os.path.dirname(os.path.dirname(__file__)))}",
        )
    ]
    python = ".".join(map(str, sys.version_info[:3]))
    return [*checks, Check("program", "python", OK, f"{python}, {sys.executable}")]


def _program(context: Context) -> list[Check]:
    checks = _itself()
    version = context.vcs.version()
    numbers = tuple(int(n) for n in version.split(".")[:2] if n.isdigit())
    old = bool(numbers) and numbers < OLDEST_GIT
    git = Check("program", "git", OK, version)
    if old:
        needed = f"git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer is needed"
        git = Check("program", "git", PROBLEM, version, needed)
    checks.append(git)
    if not sys.platform.startswith("linux"):
        checks.append(
            Check(
                "program",
                "system",
                NOTE,
                f"{sys.platform}: runs are recorded; descendants are not all reaped and contention is unknown",
            )
        )
    return checks


def _extras_of(context: Context) -> list[Check]:
    forges = [context.forge_kind(name) for name in context.forge_names()]
    return _extras(forges, [context.tracker_kind(name) for name in context.tracker_names()])


def _extras(forges: list[ForgeKind], trackers: list[TrackerKind]) -> list[Check]:
    """The packages that features need, and every tracker, which may need one to send runs."""
    needs = [*EXTRAS, *((kind.package, kind.use, kind.install) for kind in forges if kind.package)]
    checks = [
        Check("extras", package, OK, feature)
        if _installed(package)
        else Check("extras", package, NOTE, f"not installed: no {feature}", mend)
        for package, feature, mend in needs
    ]
    return [*checks, *map(_tracker, trackers)]


def _tracker(kind: TrackerKind) -> Check:
    called, name = kind.called or kind.name, f"tracker {kind.name}"
    if kind.problem:
        return Check("extras", name, PROBLEM, kind.problem, "reinstall or remove what brings it")
    if not kind.package:
        return Check("extras", name, OK, f"{called}: read and sent without a package of its own")
    if _installed(kind.package):
        return Check("extras", name, OK, f"{called}: read, and sent by {kind.package}")
    what = f"{called}: read; {kind.package}, which sending needs, is not in this Python"
    return Check("extras", name, NOTE, what, kind.install)


def _installed(package: str) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415  start-up: 0.5 ms

    return find_spec(package) is not None


def _repository(context: Context) -> list[Check]:
    vcs, checks = context.vcs, []
    bare = "none: this is a bare repository; records can be read and synced, nothing can be run"
    state = OK if vcs.toplevel else NOTE
    checks.append(Check("repository", "work tree", state, vcs.toplevel or bare))
    checks.append(Check("repository", "records", OK, context.root))
    if os.path.realpath(vcs.git_dir) != os.path.realpath(vcs.common_dir):
        checks.append(
            Check(
                "repository",
                "worktree",
                OK,
                f"a linked work tree; records are shared in {vcs.common_dir}",
            )
        )
    above = vcs.superproject() if vcs.toplevel else None
    if above:
        checks.append(
            Check(
                "repository", "submodule", NOTE, f"a submodule of {above}: its records are its own"
            )
        )
    if vcs.is_shallow:
        checks.append(
            Check(
                "repository",
                "shallow",
                NOTE,
                "a shallow clone: older code cannot be reproduced",
                "git fetch --unshallow",
            )
        )
    head = vcs.head()
    where = head["branch"] or "detached"
    if head["commit"]:
        checks.append(Check("repository", "HEAD", OK, f"{where} at {head['commit'][:12]}"))
    else:
        checks.append(Check("repository", "HEAD", NOTE, f"{where}, no commit yet"))
    who = vcs.identity()
    state, mend, name = OK, "", f"{who['name']} <{who['email']}>"
    if who["fallback"]:
        state, name = NOTE, f"{name} (stands in: git has no user.name and user.email)"
        mend = "git config user.name NAME; git config user.email ADDRESS"
    checks.append(Check("repository", "identity", state, name, mend))
    return [*checks, *_disk(context)]


def _disk(context: Context) -> list[Check]:
    place = context.root if os.path.isdir(context.root) else context.vcs.common_dir
    checks = []
    try:
        stat = os.statvfs(place)
        free = stat.f_bavail * stat.f_frsize
        state, mend = OK, ""
        if free < LOW_DISK_BYTES:
            state = PROBLEM
            mend = "free some space: a run that cannot be recorded is not started"
        checks.append(Check("repository", "disk", state, f"{size(free)} free for records", mend))
    except OSError as error:
        checks.append(Check("repository", "disk", NOTE, f"unknown: {error.strerror}"))
    if not os.access(place, os.W_OK):
        checks.append(
            Check(
                "repository",
                "write",
                PROBLEM,
                f"{place} cannot be written: nothing can be recorded",
                f"chmod u+w {place}",
            )
        )
    return checks


def _records(context: Context) -> list[Check]:
    topics = context.store.topics()
    threads = Check("repository", "threads", NOTE, "none yet", "leadline start TOPIC --goal '…'")
    if topics:
        threads = Check("repository", "threads", OK, few(topics, 10))
    nowhere = "none: records stay on this machine"
    remote = Check("repository", "remote", NOTE, nowhere, "git remote add origin URL")
    if remotes := context.vcs.remotes():
        named = ", ".join(f"{r} ({context.vcs.remote_url(r)})" for r in remotes[:5])
        remote = Check("repository", "remote", OK, named)
    return [threads, remote]


def _unfinished(context: Context) -> list[Check]:
    checks = []
    for topic in context.store.topics():
        thread, faults = context.store.examine(topic)
        still = [r for r in thread.runs if r.state not in TERMINAL_STATES]
        checks += [_open_run(context, topic, run) for run in still[:10]]
        if len(still) > 10:
            checks.append(
                Check(
                    "unfinished",
                    topic,
                    PROBLEM,
                    f"{len(still) - 10} more open runs",
                    "leadline status --runs",
                )
            )
        checks += _quarantined(thread, faults)
        if faults := [fault for fault in faults if not fault.kind]:
            kinds = ", ".join(sorted({f.code for f in faults}))
            checks.append(
                Check(
                    "unfinished",
                    topic,
                    PROBLEM,
                    f"{len(faults)} faults in the event files ({kinds})",
                    "leadline verify",
                )
            )
        checks += _waiting(context, thread)
        if thread.issue.state in ("none", "draft") and thread.issue.wanted.get("state") != "open":
            what = "its issue is a draft" if thread.issue.state == "draft" else "it has no issue"
            mend = f"leadline issue open --thread {topic}"
            checks.append(Check("unfinished", topic, NOTE, what, mend))
        lost = [
            s
            for s in thread.of_kind("snapshot")
            if not context.vcs.tag_exists(str(s.body.get("tag")))
        ]
        checks += [
            Check(
                "unfinished",
                s.id,
                PROBLEM,
                f"its tag {s.body.get('tag')} is not here",
                f"leadline seal {s.body.get('name')}",
            )
            for s in lost[:5]
        ]
    return [*checks, *_markers(context), *_branch(context), *_leftovers(context)]


def _quarantined(thread: Thread, faults: list[Fault]) -> list[Check]:
    """The records that are in the event files and left out, by kind."""
    kinds = sorted([f.kind for f in faults if f.kind] + [m["kind"] for m in thread.malformed])
    if not kinds:
        return []
    by_kind = ", ".join(f"{kinds.count(kind)} {one_line(kind)}" for kind in dict.fromkeys(kinds))
    what = f"{counted(len(kinds), 'record')} quarantined ({by_kind})"
    return [Check("unfinished", thread.topic, PROBLEM, what, "leadline verify")]


def _waiting(context: Context, thread: Thread) -> list[Check]:
    """What is to be sent to the forge, and changes by hand that nobody answered."""
    checks, met = [], outbox.trouble(context, thread.topic)
    waits = (
        waiting(context, thread)
        if met is not None or (thread.issue.forge and not thread.issue.in_record)
        else []
    )
    if met is not None or waits:
        why = f": {outbox.line(met)}" if met is not None else ""
        mend = (
            (met["next"] or ["leadline issue sync"])[0]
            if met is not None
            else "leadline issue sync"
        )
        what = (
            f"{len(waits)} things wait to be sent ({'; '.join(waits[:3])}){why}"
            if waits
            else f"the issue waits{why}"
        )
        checks.append(
            Check("unfinished", thread.topic, PROBLEM if met is not None else NOTE, what, mend)
        )
    checks += [
        Check(
            "unfinished",
            thread.topic,
            NOTE,
            f"somebody changed the derived part of the issue ({e['id']}) and nobody answered",
            f"leadline issue settle {e['id']} --why '…' --thread {thread.topic}",
        )
        for e in thread.issue.person_edits
        if not e["settled"]
    ][:5]
    return checks


def _open_run(context: Context, topic: str, run: Run) -> Check:
    if not os.path.isdir(context.run_folder(run.uid)):
        return Check(
            "unfinished",
            run.id,
            NOTE,
            "not ended; it was started on another machine, or never",
            "leadline sync",
        )
    state = states(context, [(run.uid, run.executor)])[run.uid]
    words = {
        "running": (NOTE, "still running"),
        "orphaned": (PROBLEM, "its supervisor died and processes live on"),
        "finished": (PROBLEM, "ended, and not recorded yet"),
        "gone": (PROBLEM, "nothing of it is left running"),
    }
    kind, what = words.get(state, (NOTE, state))
    return Check(
        "unfinished",
        run.id,
        kind,
        what,
        "" if state == "running" else f"leadline status --thread {topic}",
    )


def _markers(context: Context) -> list[Check]:
    """Markers of open runs whose record is missing: a crash between the two."""
    known = {uid for _, uid in context.read_model.open_runs()}
    stale = [uid for _, uid in context.open_runs.listed() if uid not in known]
    return (
        [
            Check(
                "unfinished",
                "markers",
                NOTE,
                f"{len(stale)} markers of runs that have no open record",
                "leadline status",
            )
        ]
        if stale
        else []
    )


def _branch(context: Context) -> list[Check]:
    """What is not on the record branch, and what of it is not on the remote as last seen."""
    if not context.store.topics():
        return []
    ref = branch_ref(context)
    tip = context.vcs.ref(ref)
    changed = recordbranch.changed_files(context, context.vcs.read_tree_files(ref) if tip else {})
    checks = []
    if changed:
        checks.append(
            Check(
                "unfinished",
                "record branch",
                NOTE,
                f"{len(changed)} files are not on it yet",
                "leadline sync",
            )
        )
    try:
        remote = remote_for(context, None)
    except LeadlineError:
        return checks
    seen = context.vcs.ref(tracking_ref(remote))
    if seen is None:
        checks.append(
            Check("unfinished", "remote", NOTE, f"never synced with {remote}", "leadline sync")
        )
    elif tip and seen != tip:
        ahead, behind = (
            not context.vcs.is_ancestor(tip, seen),
            not context.vcs.is_ancestor(seen, tip),
        )
        sides = (("ahead of", ahead), ("behind", behind))
        words = " and ".join(word for word, holds in sides if holds)
        checks.append(
            Check(
                "unfinished",
                "remote",
                NOTE,
                f"the record branch is {words} {remote} as last seen",
                "leadline sync",
            )
        )
    return checks


def _leftovers(context: Context) -> list[Check]:
    """Temporary files and unpacked code of commands that were killed."""
    checks = []
    folder = os.path.join(context.root, "reproduce")
    left = os.listdir(folder) if os.path.isdir(folder) else []
    if left:
        checks.append(
            Check(
                "unfinished",
                "reproduce",
                NOTE,
                f"{len(left)} unpacked code states are left in {folder}",
                f"rm -r {folder}  (when no reproduction is running)",
            )
        )
    lock = os.path.join(context.vcs.git_dir, "index.lock")
    if os.path.exists(lock):
        checks.append(
            Check(
                "unfinished",
                "index.lock",
                PROBLEM,
                "git's index is locked: a git command is running or was killed; the logbook cannot be committed",
                f"rm {lock}  (when no git is running)",
            )
        )
    return checks


def _network(context: Context) -> list[Check]:
    try:
        remote = remote_for(context, None)
        tip = context.vcs.fetch_ref(remote, branch_ref(context), tracking_ref(remote), timeout_s=20)
    except LeadlineError as error:
        return [
            Check(
                "network",
                "remote",
                PROBLEM,
                f"{error.what} {error.why}".strip(),
                (error.next or [""])[0],
            )
        ]
    records = tip[:12] if tip else "not there yet"
    return [Check("network", "remote", OK, f"{remote} answers; record branch {records}")]


def _forge(context: Context) -> list[Check]:
    """What new threads are posted on, as far as the settings say."""
    kind = context.forge_kind(context.chosen_forge)
    if not kind.outside:
        return [
            Check(
                "forge",
                "forge",
                OK,
                f"{kind.name}: the experiment issue is part of the record, nothing is posted",
            )
        ]
    try:
        forge = context.forge_for("")
    except LeadlineError as error:
        return [Check("forge", "forge", PROBLEM, error.what, (error.next or [""])[0])]
    return [Check("forge", "forge", OK, f"{forge.name}: {forge.repository} at {forge.web_url}")]


def _forge_now(context: Context) -> list[Check]:
    """Who the token belongs to and what it may do; asks the forge."""
    if not context.forge_kind(context.chosen_forge).outside:
        return []
    try:
        told = context.forge_for("").check()
    except LeadlineError as error:
        return [
            Check(
                "network",
                "forge",
                PROBLEM,
                f"{error.what} {error.why}".strip(),
                (error.next or [""])[0],
            )
        ]
    wrong = [
        what
        for bad, what in (
            (told.get("renamed"), f"the repository is called {told.get('repository')} now"),
            (told.get("archived"), "the repository is archived: nothing can be posted"),
            (told.get("issues") is False, "issues are switched off there"),
            (told.get("may_write") is False, "the token may not write there"),
        )
        if bad
    ]
    who = f"{told.get('login') or 'an app'} on {told.get('repository')}, {told.get('rate_left')} requests left"
    return [Check("network", "forge", PROBLEM if wrong else OK, "; ".join([*wrong, who]))]
