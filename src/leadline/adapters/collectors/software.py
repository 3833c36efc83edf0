"""The Python, the packages and the system that a command will run on, read from the disk instead of
asked for.

Starting the interpreter to ask costs 20 to 100 ms on every run, so versions come from
``pyvenv.cfg`` and folder names, and packages from the names of their metadata folders; only an
interpreter whose version shows nowhere is started, once, and remembered. The trade-off accepted: a
package that was edited in place inside its folder is seen under its version alone, and a
``pyvenv.cfg`` left behind by an upgraded base interpreter is believed.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping

from leadline.adapters.collectors import interpreter, native
from leadline.adapters.files import write_cache
from leadline.adapters.own_programs import NOWHERE, own_environment
from leadline.core.canonical import digest_bytes, digest_of, object_in
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.ports.collectors import NOT_SEEN

if TYPE_CHECKING:
    from leadline.core.record.bodies import SoftwareFacts

MOST_EDITABLE = 40
# a folder changed more recently than this may change again within one clock tick
_SETTLED_NS = 2_000_000_000


class _Interpreter(TypedDict):
    """``prefix``: of the real installation. ``venv``: its folder or ""; ``system``: whether it sees
    the installation's packages."""

    version: str
    implementation: str
    prefix: str
    venv: str
    system: bool


def collect(argv: list[str], env: Mapping[str, str], cwd: str, cache_dir: str) -> SoftwareFacts:
    """``python`` (version or None), ``implementation``, ``interpreter``, ``os``, ``kernel``,
    ``libc``, ``packages`` (name to version), ``packages_digest``; where ``python`` is None,
    ``python_unknown_because`` says why."""
    system = system_facts()
    try:
        program, flags = interpreter.find(argv, env, cwd)
        facts = _interpreter_facts(program, cache_dir)
    except interpreter.Unknown as unknown:
        return {
            **NOT_SEEN,
            **system,
            "packages": {},
            "python_unknown_because": str(unknown),
        }
    return {
        "python": facts["version"],
        "implementation": facts["implementation"],
        "interpreter": program,
        **system,
        **_packages(_package_folders(facts, flags, env, cwd), cache_dir),
        **_native(facts["venv"] or facts["prefix"]),
    }


def _native(prefix: str) -> SoftwareFacts:
    found = native.parts(prefix)
    return {"native": found} if found else {}


def of_started(
    version: str, implementation: str, program: str, path: list[str], cache_dir: str
) -> SoftwareFacts:
    """The same facts of an interpreter that said itself what it is and where it looks."""
    folders = [folder for folder in path if os.path.isdir(folder)]
    return {
        "python": version,
        "implementation": implementation,
        "interpreter": program,
        **system_facts(),
        **_packages(folders, cache_dir),
        **_native(os.path.dirname(os.path.dirname(os.path.realpath(program)))),
    }


def system_facts() -> SoftwareFacts:
    """``os``, ``kernel`` and ``libc``, without the slow ``platform`` module."""
    uname = os.uname()
    name = uname.sysname
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            found = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M)
            name = found.group(1) if found else name
    except OSError:
        pass
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        libc = None
    return {"os": name, "kernel": f"{uname.sysname} {uname.release}", "libc": libc}


# --- the interpreter ------------------------------------------------------------------------------


def _interpreter_facts(program: str, cache_dir: str) -> _Interpreter:
    venv, config = _venv_config(program)
    real = os.path.realpath(program)
    prefix = os.path.dirname(os.path.dirname(real))
    version = ".".join(
        re.findall(r"\d+", config.get("version") or config.get("version_info") or "")[:3]
    )
    implementation = config.get("implementation", "").lower()
    if version.count(".") < 2 and real == os.path.realpath(sys.executable):
        version, implementation = ".".join(map(str, sys.version_info[:3])), sys.implementation.name
    if version.count(".") < 2:
        found = re.search(r"(?:^|[-_])(\d+\.\d+\.\d+)(?:$|[-+])", os.path.basename(prefix))
        version = found.group(1) if found else ""
    if not version:
        version, implementation, prefix = _ask(program, real, cache_dir)
    if not implementation:
        implementation = (
            "pypy"
            if "pypy" in os.path.basename(real) or "pypy" in os.path.basename(prefix)
            else "cpython"
        )
    return {
        "version": version,
        "implementation": implementation,
        "prefix": prefix,
        "venv": venv,
        "system": config.get("include-system-site-packages", "").lower() == "true",
    }


def _venv_config(program: str) -> tuple[str, dict[str, str]]:
    folder = os.path.dirname(program)
    for root in (os.path.dirname(folder), folder):
        try:
            with open(os.path.join(root, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
                lines = [line.partition("=") for line in file if "=" in line]
        except OSError:
            continue
        return root, {key.strip().lower(): value.strip() for key, _, value in lines}
    return "", {}


def _ask(program: str, real: str, cache_dir: str) -> tuple[str, str, str]:
    """Starts the interpreter once; remembered by its real path, size and time of change.

    Raises interpreter.Unknown when it does not answer within 10 s.
    """
    status = os.stat(real)
    stamp = [real, status.st_size, status.st_mtime_ns]
    cache = os.path.join(cache_dir, f"python-{digest_bytes(os.fsencode(real))[7:23]}.json")
    known = _load(cache)
    if known.get("stamp") == stamp:
        version, implementation, prefix = known["answer"]
        return version, implementation, prefix
    import subprocess

    code = "import sys;print('%d.%d.%d'%sys.version_info[:3],sys.implementation.name,sys.base_prefix,sep='\\n')"
    try:
        out = subprocess.run(
            [program, "-I", "-S", "-c", code],
            capture_output=True,
            text=True,
            timeout=10,
            stdin=subprocess.DEVNULL,
            cwd=NOWHERE,
            env=own_environment(os.environ),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise interpreter.Unknown(f"{program} did not answer: {error}") from None
    answer = out.stdout.splitlines()
    if out.returncode or len(answer) != 3:
        raise interpreter.Unknown(f"{program} did not say its version (exit {out.returncode})")
    write_cache(cache, {"stamp": stamp, "answer": answer})
    return answer[0], answer[1], answer[2]


# --- the packages ---------------------------------------------------------------------------------


def _package_folders(
    facts: _Interpreter, flags: list[str], env: Mapping[str, str], cwd: str
) -> list[str]:
    """The folders with installed packages in the order in which the interpreter searches them."""
    short: set[str] = set()
    for flag in flags:
        if not flag.startswith("-") or flag.startswith("--") or flag in ("-", "-c", "-m"):
            break
        if flag[1:2] not in "WX":
            short.update(flag[1:])
    isolated = "I" in short
    minor = ".".join(facts["version"].split(".")[:2])
    name = ("pypy" if facts["implementation"] == "pypy" else "python") + minor
    folders: list[str] = []
    if not isolated and "E" not in short:
        folders += [os.path.join(cwd, p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    if "S" in short:
        return folders
    if facts["venv"]:
        folders += [
            os.path.join(facts["venv"], lib, name, "site-packages") for lib in ("lib", "lib64")
        ]
    if not facts["venv"] or facts["system"]:
        if (
            not isolated
            and "s" not in short
            and not (env.get("PYTHONNOUSERSITE") and "E" not in short)
        ):
            base = env.get("PYTHONUSERBASE") or os.path.join(
                env.get("HOME", os.path.expanduser("~")), ".local"
            )
            folders.append(os.path.join(base, "lib", name, "site-packages"))
        prefix = facts["prefix"]
        if prefix == "/usr":  # Debian keeps what pip and apt install apart
            folders += [
                f"/usr/local/lib/{name}/dist-packages",
                "/usr/lib/python3/dist-packages",
                f"/usr/lib/{name}/dist-packages",
                f"/usr/local/lib/{name}/site-packages",
            ]
        folders += [os.path.join(prefix, lib, name, "site-packages") for lib in ("lib", "lib64")]
    seen: dict[str, str] = {}
    for folder in folders:
        seen.setdefault(os.path.realpath(folder), folder)
    return list(seen)


def _packages(folders: list[str], cache_dir: str) -> SoftwareFacts:
    """Every package by normalised name, the first folder winning, the digest of that table, and the
    folders of those that are installed as they lie there."""
    stamps = [[folder, _mtime_ns(folder)] for folder in folders]
    cache = os.path.join(
        cache_dir, f"packages-2-{digest_bytes(os.fsencode(chr(0).join(folders)))[7:23]}.json"
    )
    known = _load(cache)
    if known.get("stamps") == stamps:
        return cast("SoftwareFacts", known["facts"])
    packages: dict[str, str] = {}
    editable: dict[str, None] = {}
    for folder, stamp in stamps:
        if stamp is not None:
            for name, version in _list_folder(str(folder), editable).items():
                packages.setdefault(name, version)
    packages = dict(sorted(packages.items()))
    facts: SoftwareFacts = {"packages_digest": digest_of(packages), "packages": packages}
    if editable:
        facts["editable"] = list(editable)[:MOST_EDITABLE]
    try:
        now = time.time_ns()
    except OverflowError:  # a clock so far off that Python has no number for it
        return facts
    if all(stamp is None or now - int(stamp) > _SETTLED_NS for _, stamp in stamps):
        write_cache(cache, {"stamps": stamps, "facts": facts})
    return facts


def _list_folder(folder: str, editable: dict[str, None]) -> dict[str, str]:
    """The packages in ``folder``; ``editable`` takes the folders that it only refers to."""
    packages: dict[str, str] = {}
    links: list[str] = []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    for name in names:
        if name.endswith(".dist-info"):
            title, _, version = name[:-10].rpartition("-")
            if title:
                packages[_normal(title)] = version
        elif name.endswith((".egg-info", ".egg")):
            title, version = _egg(folder, name)
            packages.setdefault(_normal(title), version)
        elif name.endswith((".egg-link", ".pth")):
            links.append(name)
        elif name.startswith("__editable__") and name.endswith("_finder.py"):
            editable |= dict.fromkeys(_mapped(os.path.join(folder, name)))
    for name in links:
        _note_editable(folder, name, packages)
        lines = _lines(os.path.join(folder, name))
        found = [os.path.normpath(os.path.join(folder, line)) for line in lines if line[:1] in "/."]
        editable |= dict.fromkeys(path for path in found if os.path.isdir(path))
    return packages


def _egg(folder: str, name: str) -> tuple[str, str]:
    stem = re.sub(r"-py\d+(?:\.\d+)?(?:-.*)?$", "", name.rpartition(".")[0])
    title, dash, version = stem.partition("-")
    if dash:
        return title, version
    for path in (os.path.join(folder, name, "PKG-INFO"), os.path.join(folder, name)):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = re.search(r"^Version:\s*(\S+)", file.read(4000), re.M)
        except OSError:
            continue
        return title, found.group(1) if found else "unknown"
    return title, "unknown"


def _note_editable(folder: str, name: str, packages: dict[str, str]) -> None:
    """Marks what a link file installs from a source folder: its version does not say which code it
    is."""
    title, _, kind = name.rpartition(".")
    found = re.fullmatch(r"_{0,2}(?:editable__?[._-]?)?(?:impl_)?_*(.+?)(?:-(\d[^-]*))?", title)
    package = _normal(found.group(1)) if found else _normal(title)
    if kind == "pth" and not title.startswith("__editable__"):
        lines = _lines(os.path.join(folder, name))
        paths = [line for line in lines if line.startswith((os.sep, "./", "../"))]
        if not paths:
            return  # a start-up hook, not a package
        if package not in packages:
            packages[f"{package}.pth"] = "editable: " + ", ".join(paths[:5])
            return
    packages[package] = (
        f"{packages.get(package) or (found and found.group(2)) or 'unknown'} (editable)"
    )


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = (line.strip() for line in file.read(20_000).splitlines())
            return [line for line in lines if line]
    except OSError:
        return []


def _mapped(finder: str) -> list[str]:
    """The folders from which the finder that setuptools writes imports its packages."""
    table = next((line for line in _lines(finder) if line.startswith("MAPPING")), "")
    return [os.path.dirname(path) for path in re.findall(r":\s*'(/[^'\n]+)'", table)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- the cache ------------------------------------------------------------------------------------


def _mtime_ns(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            return object_in(file.read())
    except (OSError, ValueError):
        return {}
