"""Tell agents' programs of Leadline, and take it back: every other byte of their files stays as it was.

What a file held before is kept beside the record (for a person: in their state folder), so that taking
back gives exactly that; where somebody changed the file since, only Leadline's own part is taken out.
A file that cannot be edited surely (comments in its JSON, a link out of the work tree) is left alone.
"""

from __future__ import annotations

import base64
import difflib
import json
import os
import tomllib
from collections.abc import Callable, Iterable
from functools import partial

from leadline.core.agent.json_text import (
    NotEditable,
    drop_elements,
    drop_member,
    member,
    put_element,
    put_member,
    read,
)
from leadline.core.canonical import digest_bytes
from leadline.core.managed_block import put as put_block
from leadline.core.managed_block import split as split_block
from leadline.core.secrets.redact import Redactor
from leadline.core.typed import Any, NamedTuple
from leadline.services.agent.programs import (
    AGENTS_BLOCK,
    PROGRAMS,
    SKILLS,
    TOML_BEGIN,
    TOML_BLOCK,
    TOML_END,
    Program,
    element_of,
    is_ours,
)
from leadline.services.out_path import behind_link, write_whole

AGENTS_FILE = "AGENTS.md"
SOURCES = os.path.join(os.path.dirname(__file__), "skill")


class Place(NamedTuple):
    """``top``: the work tree or the home folder; ``state``: the file that keeps what was there before."""

    top: str
    state: str
    user: bool


class Change(NamedTuple):
    """``after`` None: it is removed; ``link``: it becomes a link to there."""

    path: str  # below the top
    before: bytes | None
    after: bytes | None
    link: str = ""


class Plan(NamedTuple):
    """``left``: what is not done, and why."""

    changes: list[Change]
    left: list[str]


def plan_install(place: Place, programs: Iterable[str]) -> Plan:
    """What installing would change. Nothing is written."""
    made = _Planning(place)
    for program in (PROGRAMS[name] for name in programs):
        made.edit(_hooks_file(program, place), partial(_with_hooks, program=program))
        made.edit(_servers_file(program, place), partial(_with_server, program=program))
        if program.link:
            made.link(program.link, os.path.relpath(SKILLS, os.path.dirname(program.link)))
    made.skill()
    if not place.user:
        made.edit(AGENTS_FILE, lambda text: put_block(text, AGENTS_BLOCK, below=True))
    return made.plan()


def plan_uninstall(place: Place, programs: Iterable[str]) -> Plan:
    """What taking back would change. The skill and AGENTS.md go with the last program."""
    made = _Planning(place)
    wanted = list(programs)
    for program in (PROGRAMS[name] for name in wanted):
        made.edit(_hooks_file(program, place), _without_hooks, back=True)
        made.edit(
            _servers_file(program, place),
            partial(_without_server, program=program),
            back=True,
        )
        if program.link:
            made.unlink(program.link)
    installed = {s.program for s in status_of(place) if s.hooks or s.server}
    if installed <= set(wanted):
        made.no_skill()
        made.edit(AGENTS_FILE, _without_block, back=True)
    return made.plan()


def apply(place: Place, plan: Plan, back: bool) -> Plan:
    """Write what was planned, and keep what was there before; returns what was done of it. Raises
    OSError: what was there before cannot be kept, and nothing was written."""
    kept = _kept(place)
    _keep(place, kept)
    folders = set(kept["folders"])
    done, left = list[Change](), list(plan.left)
    for change in plan.changes:
        missing = _missing_folders(place.top, change.path)
        try:
            _write(place, change)
        except OSError as error:
            left.append(f"{change.path}: {error.strerror}; left alone")
            continue
        done.append(change)
        if change.after is not None or change.link:
            folders |= missing
        if change.after is None or back:
            kept["files"].pop(change.path, None)
        else:
            kept["files"][change.path] = _note(change, kept["files"].get(change.path))
    if back:
        for folder in sorted(folders, key=len, reverse=True):
            try:
                os.rmdir(os.path.join(place.top, folder))
                folders.discard(folder)
            except OSError:
                continue
    kept["folders"] = sorted(folders)
    _keep(place, kept)
    return Plan(done, left)


def _write(place: Place, change: Change) -> None:
    full = os.path.join(place.top, change.path)
    if change.link:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.symlink(change.link, full)
    elif change.after is None:
        os.unlink(full)
    else:
        write_whole(os.path.realpath(full) if place.user else full, change.after)


def _keep(place: Place, kept: dict[str, Any]) -> None:
    """For its owner alone: settings hold keys of servers, and are kept here as they were."""
    write_whole(place.state, json.dumps(kept).encode(), mode=0o600)


def diff_of(plan: Plan, whole: bool) -> str:
    """What a plan changes, as a patch shows it; a file that comes or goes ``whole``, or as its name."""
    told = []
    for change in plan.changes:
        if change.link:
            told.append(f"link {change.path} -> {change.link}")
            continue
        if not whole and (change.before is None or change.after is None):
            does = "remove" if change.after is None else "new"
            told.append(f"{does} {change.path}")
            continue
        before = (change.before or b"").decode("utf-8", "replace").splitlines()
        after = (change.after or b"").decode("utf-8", "replace").splitlines()
        old = "/dev/null" if change.before is None else change.path
        new = "/dev/null" if change.after is None else change.path
        lines = list(difflib.unified_diff(before, after, old, new, lineterm="", n=2))
        told += lines if lines else [f"remove {change.path}"]
    return Redactor({}).text("\n".join(told))  # settings hold keys of servers


class Status(NamedTuple):
    """``problems``: the files that cannot be read, and why: what is in them is not known (None)."""

    program: str
    hooks: int | None  # of its events, how many
    events: int
    server: bool | None
    skill: bool
    problems: list[str]

    @property
    def is_empty(self) -> bool:
        return not (self.hooks or self.server or self.problems)


def status_of(place: Place) -> list[Status]:
    """What is installed in a place, for each program."""
    return [_status_of(place, program) for program in PROGRAMS.values()]


def _status_of(place: Place, program: Program) -> Status:
    problems: dict[str, None] = {}

    def known(path: str, found: Callable[[str], Any]) -> Any:
        try:
            return found(_text_of(place, path))
        except NotEditable as error:
            problems[f"{path}: {error}"] = None
            return None

    hooks = known(_hooks_file(program, place), partial(_events_in, program=program))
    server = known(_servers_file(program, place), partial(_has_server, program=program))
    skill = os.path.exists(os.path.join(place.top, program.link or SKILLS, "SKILL.md"))
    return Status(program.name, hooks, len(program.events), server, skill, list(problems))


def _events_in(text: str, program: Program) -> int:
    """How many events of a program have its hook."""
    lists = read(text).get("hooks")
    lists = lists if isinstance(lists, dict) else {}
    present = (lists.get(name) for name, _ in program.events)
    return sum(isinstance(listed, list) and any(map(is_ours, listed)) for listed in present)


def _has_server(text: str, program: Program) -> bool:
    if program.servers.endswith(".toml"):
        return TOML_BEGIN in text
    return member(read(text), program.server) is not None


# ---- files ---------------------------------------------------------------------------------------


class _Planning:
    """Edits of files, several of one file one after the other, and what they come to."""

    def __init__(self, place: Place) -> None:
        self.place, self.left = place, list[str]()
        self._texts: dict[str, tuple[bytes | None, bytes | None]] = {}
        self._links: dict[str, str] = {}
        self._kept = _kept(place)["files"]

    def _before(self, path: str) -> bytes | None:
        if path in self._texts:
            return self._texts[path][1]
        full = os.path.join(self.place.top, path)
        try:
            with open(full, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def edit(self, path: str, change: Callable[[str], str], back: bool = False) -> None:
        """``change`` a text to another; ``back``: a file that nobody touched since gets what it had."""
        if not path:
            return
        if self._is_strange(path):
            self._leave(path, "it is a link, or behind one")
            return
        try:
            if self._is_read_only(path):
                self._leave(path, "it is read-only")
                return
            before = self._before(path)
            if before is None and back:
                return
            kept = self._kept.get(path)
            if (
                back
                and kept is not None
                and before is not None
                and kept["after"] == digest_bytes(before)
            ):
                was = kept["before"]
                after = None if was is None else base64.b64decode(was)
            else:
                text = (before or b"").decode("utf-8")
                changed = _with_line_ends(change, text)
                gone = (
                    back
                    and kept is not None
                    and kept["before"] is None
                    and changed.strip() in ("", "{}")
                )
                after = None if gone else changed.encode()
        except NotEditable as error:
            self._leave(path, str(error))
            return
        except UnicodeDecodeError:
            self._leave(path, "it is no UTF-8")
            return
        except OSError as error:
            self._leave(path, str(error.strerror))
            return
        first, _ = self._texts.get(path, (before, None))
        self._texts[path] = (first, after)

    def _leave(self, path: str, why: str) -> None:
        said = f"{path}: {why}; left alone"
        if said not in self.left:  # hooks and servers may share a file
            self.left.append(said)

    def _is_read_only(self, path: str) -> bool:
        """By its rights: whoever may write in its folder could replace it all the same."""
        try:
            return not os.stat(os.path.join(self.place.top, path)).st_mode & 0o222
        except FileNotFoundError:
            return False

    def _is_strange(self, path: str) -> bool:
        return not self.place.user and behind_link(self.place.top, path)

    def link(self, path: str, target: str) -> None:
        full = os.path.join(self.place.top, path)
        if os.path.islink(full) and os.readlink(full) == target:
            return
        if os.path.lexists(full):
            self._leave(path, "something else is there")
        else:
            self._links[path] = target

    def unlink(self, path: str) -> None:
        full = os.path.join(self.place.top, path)
        if os.path.islink(full) and os.readlink(full).endswith(SKILLS):
            self._texts[path] = (b"", None)

    def skill(self) -> None:
        for name, data in skill_files().items():
            path = f"{SKILLS}/{name}"
            before = self._before(path)
            ours = before is None or before == data or self._is_ours(path, before)
            if not ours:
                self._leave(path, "somebody changed it")
            elif self._is_strange(path):
                self._leave(path, "it is behind a link")
            else:
                self._texts[path] = (before, data)

    def no_skill(self) -> None:
        for name, data in skill_files().items():
            path = f"{SKILLS}/{name}"
            before = self._before(path)
            if before is not None and (before == data or self._is_ours(path, before)):
                self._texts[path] = (before, None)
            elif before is not None:
                self._leave(path, "somebody changed it")

    def _is_ours(self, path: str, data: bytes) -> bool:
        kept = self._kept.get(path)
        return kept is not None and kept["after"] == digest_bytes(data)

    def plan(self) -> Plan:
        changes = [
            Change(path, before, after)
            for path, (before, after) in self._texts.items()
            if before != after
        ]
        changes += [Change(path, None, None, target) for path, target in self._links.items()]
        return Plan(changes, self.left)


def skill_files() -> dict[str, bytes]:
    """Name below the skill's folder to content."""
    found = {}
    top = os.path.join(SOURCES, os.path.basename(SKILLS))
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            full = os.path.join(folder, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, top)] = file.read()
    return found


def _kept(place: Place) -> dict[str, Any]:
    try:
        with open(place.state, "rb") as file:
            found = json.load(file)
        return {"files": dict(found["files"]), "folders": list(found["folders"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"files": {}, "folders": []}


def _note(change: Change, earlier: dict[str, Any] | None) -> dict[str, Any]:
    """What the file held before the first time, where only we wrote to it since."""
    before = None if change.before is None else base64.b64encode(change.before).decode()
    known = digest_bytes(change.before) if change.before is not None else ""
    if earlier is not None and earlier["after"] == known:
        before = earlier["before"]
    return {"before": before, "after": digest_bytes(change.after or b"")}


def _missing_folders(top: str, path: str) -> set[str]:
    found, folder = set(), os.path.dirname(path)
    while folder and not os.path.isdir(os.path.join(top, folder)):
        found.add(folder)
        folder = os.path.dirname(folder)
    return found


def _with_line_ends(change: Callable[[str], str], text: str) -> str:
    """A text changed that keeps the line ends it has, where these are all of one kind."""
    crlf = text.count("\r\n")
    if not crlf or crlf != text.count("\n"):
        return change(text)
    return change(text.replace("\r\n", "\n")).replace("\n", "\r\n")


# ---- their contents ------------------------------------------------------------------------------


def _hooks_file(program: Program, place: Place) -> str:
    return (program.user_hooks or program.hooks) if place.user else program.hooks


def _servers_file(program: Program, place: Place) -> str:
    path = (program.user_servers or program.servers) if place.user else program.servers
    return "" if path == "-" else path


def _with_hooks(text: str, program: Program) -> str:
    held = read(text).get("hooks", {})
    if not isinstance(held, dict):
        raise NotEditable("'hooks' in it is no object")
    if program.versioned and "version" not in read(text):
        text = put_member(text, ("version",), 1)
    for event, matcher in program.events:
        wanted, listed = element_of(program, matcher), held.get(event, [])
        if not isinstance(listed, list):
            raise NotEditable(f"{event!r} in it is no array")
        ours = [element for element in listed if is_ours(element)]
        if ours == [wanted]:
            continue
        if ours:
            text = drop_elements(text, ("hooks", event), is_ours)
        text = put_element(text, ("hooks", event), wanted)
    return text


def _without_hooks(text: str) -> str:
    held = read(text).get("hooks")
    if not isinstance(held, dict):
        return text
    for event, listed in held.items():
        if not isinstance(listed, list) or not any(map(is_ours, listed)):
            continue
        text = drop_elements(text, ("hooks", event), is_ours)
        if all(map(is_ours, listed)):
            text = drop_member(text, ("hooks", event))
    return drop_member(text, ("hooks",)) if read(text).get("hooks") == {} else text


def _with_server(text: str, program: Program) -> str:
    if program.servers.endswith(".toml"):
        return _with_table(text)
    if member(read(text), program.server) == program.entry:
        return text
    return put_member(text, program.server, program.entry)


def _without_server(text: str, program: Program) -> str:
    if program.servers.endswith(".toml"):
        return _without_table(text)
    text = drop_member(text, program.server)
    return (
        drop_member(text, program.server[:1]) if read(text).get(program.server[0]) == {} else text
    )


def _with_table(text: str) -> str:
    if TOML_BLOCK in text:
        return text
    bare = _without_table(text)
    try:
        held = tomllib.loads(bare)
    except tomllib.TOMLDecodeError as error:
        raise NotEditable(f"it is no TOML ({error})") from None
    if "leadline" in held.get("mcp_servers", {}):
        raise NotEditable("it has a server of that name already")
    return bare + ("" if not bare or bare.endswith("\n") else "\n") + TOML_BLOCK


def _without_table(text: str) -> str:
    begin, end = text.find(TOML_BEGIN), text.find(TOML_END)
    if begin < 0 or end < begin:
        return text
    return text[:begin] + text[end + len(TOML_END) :].removeprefix("\n")


def _without_block(text: str) -> str:
    parts = split_block(text)
    if parts.block is None:
        return text
    before = parts.before.removesuffix("\n\n") if parts.before.strip() else ""
    return before + parts.after.removeprefix("\n")


def _text_of(place: Place, path: str) -> str:
    """What a file says; "" where it is not there. Raises NotEditable where it cannot be read."""
    try:
        with open(os.path.join(place.top, path), encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError:
        raise NotEditable("it is no UTF-8") from None
    except OSError as error:
        if not path:
            return ""
        raise NotEditable(str(error.strerror)) from None
