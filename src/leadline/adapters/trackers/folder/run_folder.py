"""What a run folder says of itself, and whether it is still what was put there."""

from __future__ import annotations

import errno
import os

from leadline.adapters.series.place import COMPACTED, FOLDER, segments
from leadline.core.canonical import digest_of_file
from leadline.core.record.run import OWN
from leadline.core.tracker.reading import TrackerRun
from leadline.core.tracker.run_folder import (
    ABOUT,
    ENDS,
    MANIFEST,
    RunAbout,
    about_of,
    about_spec,
    decoded,
    seconds_or_none,
    time_or_nothing,
)
from leadline.core.typed import TYPE_CHECKING
from leadline.core.ulid import is_ulid
from leadline.job import probe
from leadline.job.disk import open_to_read

if TYPE_CHECKING:
    from leadline.core.record.bodies import Problem

BLOCK_BYTES = 1 << 20


def said_of(path: str) -> tuple[RunAbout, list[Problem]]:
    """What the files of a run folder say of the run, and what is wrong with them."""
    problems: list[Problem] = []
    try:
        return about_of(read_whole(os.path.join(path, ABOUT))), problems
    except (FileNotFoundError, NotADirectoryError):
        problems.append(
            {"code": "no-config", "what": f"its folder has no {ABOUT}: its config is not known"}
        )
    except (OSError, ValueError) as error:
        problems.append(
            {"code": "unreadable", "what": f"{ABOUT} cannot be read: {error}", "blocking": True}
        )
    try:  # of a run that was made before there was an about.json
        return about_spec(read_whole(os.path.join(path, "spec.json"))), problems
    except (OSError, ValueError):
        return RunAbout(), problems


def run_at(path: str) -> TrackerRun | None:
    """The run that the folder ``path`` is of; None when it is no run folder."""
    about, _ = said_of(path)
    written = segments(path)
    known = bool(about.id or about.uid) or os.path.exists(os.path.join(path, MANIFEST))
    if not (known or written or os.path.exists(os.path.join(path, COMPACTED))):
        return None
    # Where nothing says which run it is, the first writer's name is its own: it has random letters.
    own_id = about.uid or (written[0].rpartition(".seg")[0] if written else os.path.basename(path))
    run = TrackerRun(
        OWN,
        own_id,
        about.name or os.path.basename(path),
        about.project,
        about.uid,
        path=os.path.abspath(path),
    )
    result = result_of(path)
    if result:
        run.state = ENDS.get(str(result.get("state")), "crashed")
    elif known:
        run.state = "running" if _lives(path) else "crashed"
    run.started_at, run.wall_s = (
        time_or_nothing(result.get("started_at")),
        seconds_or_none(result.get("wall_s")),
    )
    if not run.started_at:
        run.started_at = time_or_nothing(
            json_object(os.path.join(path, "owner.json")).get("started_at")
        )
    return run


def _lives(path: str) -> bool:
    try:
        return probe.state(path)["state"] in ("running", "orphaned")
    except (OSError, ValueError):
        return False


def result_of(path: str) -> dict[str, object]:
    """What ``result.json`` says; empty when the run has none that can be read."""
    return json_object(os.path.join(path, "result.json"))


def changed(path: str) -> list[Problem]:
    """Files of a run in a shared folder that are not what was put there, by its list of them;
    artifacts by their size alone, since nothing here reads them."""
    try:
        listed = decoded(read_whole(os.path.join(path, MANIFEST))).get("files")
    except FileNotFoundError:
        # A run is put into a shared folder with its list or not at all, under a name that ends with
        # its uid. An attempt's own folder, and a copy of one, never had a list.
        if not name_and_uid(path)[1]:
            return []
        what = f"{MANIFEST} is gone: whether its files are what was put there cannot be told"
        return [{"code": "changed", "what": what, "blocking": True}]
    except (OSError, ValueError) as error:
        return [
            {"code": "changed", "what": f"{MANIFEST} cannot be read: {error}", "blocking": True}
        ]
    entries = listed if isinstance(listed, dict) else {}
    found: list[Problem] = []
    for name, facts in sorted(entries.items()):
        place = os.path.join(path, name)
        says = facts if isinstance(facts, dict) else {}
        try:
            if os.path.lexists(place) and not (is_inside(name) and _is_own_file(path, name)):
                raise OSError(errno.EINVAL, "it is no file of this run")
            same = os.path.getsize(place) == says.get("size_bytes")
            if same and not name.startswith("artifacts/"):
                same = digest_at(place) == says.get("digest")
            what = "" if same else f"{name} is not what was put there"
        except OSError as error:
            what = f"{name} cannot be read: {error.strerror}"
        if what:
            found.append({"code": "changed", "what": what, "blocking": True})
    added = [f"{FOLDER}/{name}" for name in segments(path) if f"{FOLDER}/{name}" not in entries]
    found += [
        {"code": "changed", "what": f"{n} was added afterwards", "blocking": True} for n in added
    ]
    return found


def _is_own_file(path: str, name: str) -> bool:
    """Whether a file lies in the folder itself, and no link leads out of it."""
    place = os.path.join(path, name)
    return os.path.isfile(place) and os.path.realpath(place) == os.path.join(
        os.path.realpath(path), name
    )


def is_inside(name: str) -> bool:
    """Whether ``name`` is that of a file below the folder it is joined to."""
    parts = name.split("/")
    return bool(name) and name.isprintable() and not {"", ".", ".."} & set(parts)


def digest_at(path: str) -> str:
    with open(open_to_read(path), "rb") as file:
        return digest_of_file(file)


def name_and_uid(path: str) -> tuple[str, str]:
    """What the name of a folder says when it is one that a run was put into (``NAME-UID``); "" and
    "" for others."""
    name, _, uid = os.path.basename(os.path.abspath(path)).rpartition("-")
    return (name, uid) if name and is_ulid(uid) else ("", "")


def json_object(path: str) -> dict[str, object]:
    try:
        return decoded(read_whole(path))
    except (OSError, ValueError):
        return {}


def read_whole(path: str) -> bytes:
    with open(open_to_read(path), "rb") as file:
        return file.read()
