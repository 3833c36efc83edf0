"""The one place that wires: which adapter stands behind which port."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping

from leadline.adapters import clock as clocks
from leadline.adapters.collectors.machine import MachineCollectors
from leadline.adapters.executors.declared import ExecutorFile
from leadline.adapters.files import (
    as_user_error,
    lock_of,
    locked,
    make_folders,
    read_bytes,
    tighten,
    write_atomically,
)
from leadline.adapters.git.repo import Git
from leadline.adapters.store.blobs import FileBlobs
from leadline.adapters.store.event_log import EventLog
from leadline.adapters.store.open_runs import OpenRunFiles
from leadline.adapters.store.read_model import IndexReadModel
from leadline.core.canonical import object_in
from leadline.core.errors import environment, usage
from leadline.core.patterns import later
from leadline.core.record.kinds import ISSUE_KINDS
from leadline.core.tracker.formats import KNOWN
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job.disk import MOST_OWN_BYTES, open_small
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.adapters.store.session_files import SessionFiles
    from leadline.ports.executor import Executor
    from leadline.ports.forge import Forge
    from leadline.ports.forge_kind import ForgeKind
    from leadline.ports.profiles import Profiles
    from leadline.ports.results import ResultSource
    from leadline.ports.series import SeriesStore
    from leadline.ports.tracker import Tracker
    from leadline.ports.tracker_kind import TrackerKind

WRITER = later(r"[A-Za-z0-9_]{1,40}\Z")


def open_context(
    cwd: str | None = None,
    warn: Callable[[str], None] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Context:
    """The context of the repository around ``cwd``. ``environ``: where it cannot change, a ``dict``
    of it is asked at a tenth of the price.

    Raises LeadlineError(environment): not a git repository, git missing, settings unreadable.
    """
    cwd = os.path.abspath(cwd or os.getcwd())
    vcs = Git.discover(cwd, warn or (lambda text: None))
    root = os.path.join(vcs.common_dir, "leadline")
    clock = clocks.from_environment()

    def actor() -> str:
        if name := os.environ.get("LEADLINE_ACTOR"):
            return context.screen.shown(name)
        if agent := sessions().agent():
            return f"agent:{agent}"
        identity = vcs.identity()
        if not identity.get("fallback"):
            return str(identity["name"])
        return os.environ.get("USER") or _login()

    tell = warn or (lambda text: None)
    sessions = _sessions(root, vcs)
    store = EventLog(
        root,
        lambda: _writer(root),
        actor,
        clock,
        tell,
        lambda: context.screen.of_records(),
        sessions,
    )
    settings = _settings(vcs, root, warn or (lambda text: None))
    executors = ExecutorFile(root)
    context = Context(
        cwd=cwd,
        root=root,
        vcs=vcs,
        store=store,
        read_model=IndexReadModel(store),
        blobs=FileBlobs(os.path.join(root, "blobs")),
        executor_for=_executors(executors),
        executors=executors,
        open_runs=OpenRunFiles(root),
        collectors=MachineCollectors(os.path.join(root, "cache"), settings),
        forge_for=_forge_factory(store, vcs, settings, root, lambda: context),
        forge_kind=forge_kind,
        forge_names=forge_names,
        result_source=_result_source,
        tracker_for=lambda name: _tracker(name, vcs.toplevel or cwd, settings),
        tracker_kind=tracker_kind,
        tracker_names=tracker_names,
        clock=clock,
        environ=environ,
        load_sessions=sessions,
        load_profiles=lambda: _profiles(root, vcs),
        load_series=_series,
        settings=settings,
        actor=actor,
        save_settings=lambda changes: _save_settings(root, changes),
        warn=warn or (lambda text: None),
    )
    return context


def _sessions(root: str, vcs: Git) -> Callable[[], SessionFiles]:
    """Made when something is written: looking does without."""
    made: list[SessionFiles] = []

    def sessions() -> SessionFiles:
        if not made:
            from leadline.adapters.store.session_files import SessionFiles

            made.append(SessionFiles(root, os.environ, vcs))
        return made[0]

    return sessions


def _profiles(root: str, vcs: Git) -> Profiles:
    from leadline.adapters.profiles.source import ProfileFiles

    return ProfileFiles(root, vcs.toplevel or "")


def _executors(declared: ExecutorFile) -> Callable[[str], Executor]:
    """Each is made once, when it is asked for: it knows the processes that it started."""
    made: dict[str, Executor] = {}

    def executor_for(name: str) -> Executor:
        if name not in made:
            from leadline.adapters.executors.registry import load

            made[name] = load(name, declared.find(name))
        return made[name]

    return executor_for


def _forge_factory(
    store: EventLog,
    vcs: Git,
    settings: Mapping[str, object],
    root: str,
    context: Callable[[], Context],
) -> Callable[[str], Forge]:
    """The forge of a thread: the one its issue was opened on, else the one configured, else the
    local one. What goes to one outside is looked through for links first."""

    def forge_for(topic: str) -> Forge:
        from leadline.adapters.forges.local import LocalForge

        issue = store.slice(topic, [], tuple(ISSUE_KINDS)).issue if store.exists(topic) else None
        opened = issue is not None and issue.state not in ("none", "draft")
        name = str((issue.forge if issue is not None and opened else "") or context().chosen_forge)
        if not forge_kind(name).outside:
            return LocalForge(store, topic)
        from leadline.adapters.forges.registry import BUILTIN, load
        from leadline.ports.forge_setup import ForgeSetup
        from leadline.services.issue.checked_forge import CheckedForge

        # One of a plug-in has rules of its own about tokens, and was chosen here or not at all.
        if name not in BUILTIN and name != settings.get("forge"):
            why, do = (
                "a record from elsewhere does not decide that",
                f"leadline init --forge {name}",
            )
            if name not in forge_names():
                why, do = "it is not installed here", f"leadline issue --thread {topic}"
            raise environment(
                "not-agreed",
                f"nobody on this machine said that the forge {name} may have posts",
                why=why,
                do=do,
            )
        remote_url = vcs.remote_url(str(settings.get("remote") or "origin")) or ""
        setup = ForgeSetup(
            topic, settings, remote_url, os.environ, os.path.join(root, "cache", name)
        )
        return CheckedForge(load(name, setup), context)

    return forge_for


def forge_kind(name: str) -> ForgeKind:
    """What is known of a forge without making one."""
    from leadline.adapters.forges.registry import kind

    return kind(name)


def forge_names() -> list[str]:
    """Of all forges that can be chosen here, third parties' among them."""
    from leadline.adapters.forges.registry import names

    return names()


def _result_source(format: str) -> ResultSource:
    """Raises LeadlineError(usage) for a format that nothing here reads."""
    if format == "tensorboard":
        from leadline.adapters.results.event_files import EventFileSource

        return EventFileSource()
    if format in KNOWN:
        from leadline.adapters.results.tables import TableSource
        from leadline.services.structured_file import structured

        return TableSource(format, structured)
    raise usage(
        "unknown-format",
        f"{format!r} is no format that can be imported",
        why=f"known: {', '.join(KNOWN)}",
        do="leadline import --help",
    )


def _tracker(name: str, folder: str, settings: Mapping[str, object]) -> Tracker:
    """Built in, or by an entry point ``leadline.trackers``. LeadlineError(usage | environment) when
    there is none."""
    from leadline.adapters.trackers.registry import load
    from leadline.services.tracker.agreed_tracker import AgreedTracker

    return AgreedTracker(load(name, os.environ, folder), settings)


def tracker_kind(name: str) -> TrackerKind:
    """What is known of a tracker without making one."""
    from leadline.adapters.trackers.registry import kind

    return kind(name)


def tracker_names() -> list[str]:
    """Of all trackers that can be chosen here, third parties' among them."""
    from leadline.adapters.trackers.registry import names

    return names()


def write_png(panels: list[Any], path: str, width_px: int, panel_height_px: int) -> None:
    """Draw series as a PNG (see ``adapters/plot_png.py``); loads its library now."""
    from leadline.adapters.plot_png import write_png as write

    write(panels, path, width_px, panel_height_px)


def write_sweep_png(panels: list[Any], path: str, width_px: int, panel_height_px: int) -> None:
    """As ``write_png``, of a sweep."""
    from leadline.adapters.plot_png import write_sweep_png as write

    write(panels, path, width_px, panel_height_px)


def _series() -> SeriesStore:
    from leadline.adapters.series.files import SeriesFiles

    return SeriesFiles()


def _writer(root: str) -> str:
    """This machine's writer name, new when the folder was copied: two machines never share an event
    file.

    ``$LEADLINE_SESSION`` gives a session its own files.
    """
    path = os.path.join(root, "writer.json")
    try:
        make_folders(root)
        stat = os.stat(root)
        if stat.st_mode & 0o077 and not stat.st_mode & 0o2000:  # made by an older Leadline
            tighten(root)
    except OSError as error:
        raise as_user_error(error, root) from error
    place = [stat.st_dev, stat.st_ino]
    name = _name_in(path, place)
    if not name and not os.access(root, os.W_OK):
        name = "w" + os.urandom(4).hex()  # who only reads has written nothing of what is there
    if not name:
        with locked(lock_of(root, "writer")):
            name = _name_in(path, place)
            if not name:
                name = "w" + os.urandom(4).hex()
                data = {"writer": name, "place": place}
                write_atomically(path, json.dumps(data).encode())
    said = os.environ.get("LEADLINE_SESSION", "")
    if said:
        from leadline.core.secrets.quick import may_hold

        if may_hold(said):  # a name of a file is no place for a token, nor for its beginning
            said = "session"
    session = "".join(c if c.isalnum() else "_" for c in said)[:24].lower()
    return f"{name}-{session}" if session else name


def _name_in(path: str, place: list[int]) -> str:
    """The name of this folder's writer; "" where the file was made for another folder, or is damaged:
    a new name costs nothing."""
    try:
        with open(open_small(path), "rb") as file:
            data = object_in(file.read())
    except OSError:
        return ""
    name = data.get("writer")
    fits = isinstance(name, str) and data.get("place") == place
    return str(name) if fits and WRITER.match(str(name)) else ""


TRACKED_FILE = "leadline.toml"  # at the top of the work tree
NOTHING_SET = b"\n"  # what ``leadline init`` writes beside the records where nothing was said


def _login() -> str:
    """Who works here, as the machine knows him."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "unknown"


def _settings(vcs: Git, root: str, warn: Callable[[str], None]) -> dict[str, object]:
    """``leadline.toml`` at the top of the work tree, then ``config.toml`` beside the records. The
    former comes with whatever is checked out: ``core/settings.py`` says what it may hold."""
    settings: dict[str, object] = {}
    tracked = os.path.join(vcs.toplevel, TRACKED_FILE) if vcs.toplevel else ""
    for path in filter(None, (tracked, os.path.join(root, "config.toml"))):
        raw = _of_checkout(path, warn) if path == tracked else read_bytes(path, MOST_OWN_BYTES)
        if raw and raw != NOTHING_SET:
            from leadline.core.settings_file import read_settings

            name = TRACKED_FILE if path == tracked else path
            read = read_settings(raw, name, tracked=path == tracked)
            settings.update(read.values)
            for sentence in read.unused:
                warn(sentence)
    return settings


def _of_checkout(path: str, warn: Callable[[str], None]) -> bytes | None:
    """A file that anybody may have put there: never through a link, never waited for."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        warn(f"{TRACKED_FILE} is not read: {error.strerror}")
        return None
    from leadline.core.settings_file import MOST_SETTINGS_BYTES

    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            warn(f"{TRACKED_FILE} is not read: it is no regular file")
            return None
        return file.read(MOST_SETTINGS_BYTES + 1)


def _save_settings(root: str, changes: Mapping[str, object]) -> str:
    """Merge ``changes`` into ``config.toml`` beside the records (flat dotted keys); None takes one
    away."""
    import tomllib

    from leadline.core.settings_file import flat

    path = os.path.join(root, "config.toml")
    with locked(lock_of(root, "settings")):
        raw = read_bytes(path)
        settings = flat(tomllib.loads(raw.decode("utf-8-sig"))) if raw is not None else {}
        settings.update(changes)
        # Quoted whole: ``forge`` and ``forge.repository`` side by side would be no TOML otherwise.
        lines = [
            f"{_toml(key)} = {_toml(value)}"
            for key, value in sorted(settings.items())
            if value is not None
        ]
        write_atomically(path, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    return path


def _toml(value: object) -> str:
    """JSON as TOML takes it: no surrogate pairs, no DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
