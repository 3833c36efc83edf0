"""Profiles as files and entry points; and their preflights and checks, as commands and functions.

Of two profiles of one name the first of these counts: this machine's (beside the records), a
package's (entry point ``leadline.profiles``), a shipped one, one of the checkout. A stranger's
checkout can so add a name and never change what a known one means.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from leadline.adapters.own_programs import absolute_path
from leadline.adapters.plug_ins import entries
from leadline.core.errors import LeadlineError, environment, not_found, usage
from leadline.core.profile import CHECKOUT, FILE, MACHINE, PACKAGE, SHIPPED_SOURCE
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job.disk import open_to_read
from leadline.ports.profiles import ProfilePlace

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileAct, ProfileBody

ENTRY_POINTS = "leadline.profiles"
IN_TREE = os.path.join(".agents", "profiles")
SHIPPED_FOLDER = os.path.dirname(__file__)
MOST_BYTES = 1 << 20
LIMIT_S = 30
TOLD_CHARS = 200


class ProfileFiles:
    """``root``: Leadline's folder in the git directory; ``toplevel``: of the work tree, "" without."""

    def __init__(self, root: str, toplevel: str) -> None:
        self._folders = [
            (MACHINE, os.path.join(root, "profiles")),
            (SHIPPED_SOURCE, SHIPPED_FOLDER),
        ]
        if toplevel:
            self._folders.append((CHECKOUT, os.path.join(toplevel, IN_TREE)))
        self._toplevel = toplevel

    def places(self) -> list[ProfilePlace]:
        found: dict[str, ProfilePlace] = {}
        for place in self._all():
            found.setdefault(place.name, place)
        return list(found.values())

    def read(self, named: str) -> tuple[ProfileBody, ProfilePlace]:
        if "/" in named or named.endswith(".toml"):
            path = os.path.abspath(named)
            name = os.path.basename(path).removesuffix(".toml")
            inside = self._toplevel and path.startswith(self._toplevel + os.sep)
            place = ProfilePlace(name, CHECKOUT if inside else FILE, path)
        else:
            known = self.places()
            place = next((p for p in known if p.name == named), ProfilePlace("", "", ""))
            if not place.name:
                raise not_found(
                    "no-such-profile",
                    f"there is no profile called {named!r}",
                    why=f"there are: {', '.join(p.name for p in known)}",
                    do="leadline profile list",
                )
        from leadline.core.check.profile_file import read_profile

        return read_profile(self._data(place), place.name, place.source), place

    def ask(self, act: ProfileAct, folder: str) -> str:
        try:
            if call := act.get("call"):
                return self._called(call, folder)
            return _started(act.get("command", []), folder)
        except Exception as error:  # somebody else's code
            return f"{act['name']} could not be asked: {error or type(error).__name__}"[:TOLD_CHARS]

    def _all(self) -> Iterator[ProfilePlace]:
        machine, *others = self._folders
        yield from _in_folder(*machine)
        for entry in entries(ENTRY_POINTS):
            yield ProfilePlace(entry.name, PACKAGE, "")
        for other in others:
            yield from _in_folder(*other)

    def _data(self, place: ProfilePlace) -> Mapping[str, object]:
        if place.source == PACKAGE:
            return _of_package(place.name)
        return _of_file(place.path)

    def _called(self, call: str, folder: str) -> str:
        """A function of an installed package, given the folder: a text, or a list of them, says what
        is wrong."""
        import importlib
        import importlib.util

        module, _, attribute = call.partition(":")
        spec = importlib.util.find_spec(module.partition(".")[0])
        origin = os.path.realpath(spec.origin) if spec is not None and spec.origin else ""
        if self._toplevel and origin.startswith(os.path.realpath(self._toplevel) + os.sep):
            return f"{call} is code of the checkout, which is not loaded: a command can start it"
        said: Any = getattr(importlib.import_module(module), attribute)(folder)
        told = [said] if isinstance(said, str) else list(said or [])
        return "; ".join(str(one) for one in told if one)[:TOLD_CHARS]


def _in_folder(source: str, folder: str) -> Iterator[ProfilePlace]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.endswith(".toml"):
            yield ProfilePlace(name.removesuffix(".toml"), source, os.path.join(folder, name))


def _of_package(name: str) -> Mapping[str, object]:
    """What an entry point names: the path of a TOML file, its values, or a function that gives one of
    them."""
    entry = next(entry for entry in entries(ENTRY_POINTS) if entry.name == name)
    try:
        said = entry.load()
        said = said() if callable(said) else said
    except Exception as error:  # a plug-in may raise anything
        raise environment(
            "broken-profile",
            f"the profile {name!r} cannot be loaded",
            why=str(error),
            do="leadline doctor",
        ) from error
    return said if isinstance(said, Mapping) else _of_file(os.fspath(said))


def _of_file(path: str) -> Mapping[str, object]:
    import tomllib

    try:
        with open(open_to_read(path), "rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise not_found(
            "no-profile-file", f"cannot read {path}: {error.strerror}", do="leadline profile list"
        ) from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> LeadlineError:
    return usage(
        "profile-unreadable",
        f"{path} cannot be read: {error}",
        why="a profile is a TOML file",
        do="leadline profile show kernel --file",
    )


def _started(command: list[str], folder: str) -> str:
    """What a command says when it does not end with 0: its last line. A relative path is one of the
    folder; other programs are looked up in absolute folders alone."""
    import subprocess

    from leadline.adapters.own_programs import program

    head = command[0]
    full = os.path.join(folder, head) if "/" in head else program(head)
    if not full:
        return f"{head} is not installed"
    environ = {**os.environ, "PATH": absolute_path(os.environ.get("PATH"))}
    try:
        done = subprocess.run(
            [full, *command[1:]],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return f"{head} did not end within {LIMIT_S} s"
    if not done.returncode:
        return ""
    lines = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace").splitlines()
    return lines[-1][:TOLD_CHARS] if lines else f"{head} ended with {done.returncode}"
