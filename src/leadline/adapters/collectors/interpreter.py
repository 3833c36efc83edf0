"""Finds which Python a command line will start, without starting anything.

The interpreter of the *command* is what matters, not the one that runs Leadline. Wrappers (``env``,
``nice``, ``uv run``), shebangs and pyenv shims are followed; where the chain cannot be followed the
answer is "unknown" with the reason, because a guess (the ``python3`` on PATH) would be recorded as
a fact.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from leadline.ports.collectors import LAUNCHERS

_PYTHON_NAME = r"(?:python|pypy)(?:\d+(?:\.\d+)*)?t?(?:\.exe)?"
# Wrapper: the options that take a separate value, and how many plain arguments come before the
# command.
_WRAPPERS: dict[str, tuple[str, int]] = {
    "env": ("-u --unset -C --chdir", 0),
    "time": ("-f --format -o --output", 0),
    "nice": ("-n --adjustment", 0),
    "ionice": ("-c --class -n --classdata", 0),
    "taskset": ("", 1),
    "chrt": ("-T -P -D", 1),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "stdbuf": ("-i -o -e --input --output --error", 0),
    "timeout": ("-k --kill-after -s --signal", 1),
    "numactl": ("-m -N -C -i -p --membind --cpunodebind --physcpubind --interleave --preferred", 0),
    "exec": ("-a", 0),
    "command": ("", 0),
    "caffeinate": ("-t -w", 0),
    "catchsegv": ("", 0),
}
_RUNNERS = ("uv", "pixi", "conda", "mamba", "micromamba")  # whose environments lie where they say
_RUNNER_VALUES = frozenset(
    (
        "--with",
        "--extra",
        "--group",
        "--project",
        "--directory",
        "--python",
        "-p",
        "--env-file",
        "--package",
        "--with-requirements",
        "--with-editable",
        "--index",
        "-i",
        "-C",
        "-P",
        "-n",
        "--name",
        "--prefix",
        "--cwd",
        "-e",
        "--environment",
        "--env",
    )
)


class Unknown(Exception):
    """The interpreter cannot be told; the text says why."""


def find(argv: list[str], env: Mapping[str, str], cwd: str) -> tuple[str, list[str]]:
    """``(path of the interpreter as started, its own arguments)`` for ``argv``.

    Raises Unknown when the command is not Python or cannot be followed. The path is not resolved: a
    virtual environment is recognised by where its link lies.
    """
    rest, variables = list(argv), dict(env)
    for _ in range(8):  # a chain of wrappers is short; a loop of shebangs is not a chain
        rest, cwd = _strip_wrappers(rest, variables, cwd)
        if not rest:
            raise Unknown("the command line holds no command")
        _refuse_launcher(rest)
        program = _which(rest[0], variables, cwd)
        if re.fullmatch(_PYTHON_NAME, os.path.basename(program)):
            return _through_shim(program, variables, cwd), rest[1:]
        rest = [*_shebang(program), program, *rest[1:]]
    raise Unknown("the chain of wrappers and shebangs is too long")


def _refuse_launcher(argv: list[str]) -> None:
    """Raises Unknown for a program, or ``python -m`` one, that runs what it is told in another
    interpreter than its own."""
    name = os.path.basename(argv[0])
    if re.fullmatch(_PYTHON_NAME, name):
        options = [n for n, word in enumerate(argv) if n and not word.startswith("-")]
        at = argv.index("-m") if "-m" in argv[: (options or [len(argv)])[0]] else len(argv)
        name = argv[at + 1].partition(".")[0] if at + 1 < len(argv) else ""
    if name in LAUNCHERS:
        raise Unknown(f"{name} starts an interpreter of its own choice")


def _strip_wrappers(argv: list[str], env: dict[str, str], cwd: str) -> tuple[list[str], str]:
    while argv:
        name = os.path.basename(argv[0])
        if name in _WRAPPERS:
            argv, cwd = _after_wrapper(name, argv[1:], env, cwd)
        elif name in _RUNNERS:
            argv = _after_runner(name, argv[1:], env, cwd)
        else:
            break
    return argv, cwd


def _after_wrapper(
    name: str, args: list[str], env: dict[str, str], cwd: str
) -> tuple[list[str], str]:
    import shlex

    values, plain = _WRAPPERS[name]
    takes = values.split()
    at = 0
    while at < len(args):
        arg = args[at]
        if arg == "--":
            at += 1
            break
        if name == "env" and arg in ("-S", "--split-string"):
            words = shlex.split(args[at + 1]) if at + 1 < len(args) else []
            return _after_wrapper(name, words + args[at + 2 :], env, cwd)
        if name == "env" and arg.startswith("-S") and not arg.startswith("--"):
            return _after_wrapper(name, shlex.split(arg[2:]) + args[at + 1 :], env, cwd)
        if name == "env" and "=" in arg and not arg.startswith("-"):
            key, _, value = arg.partition("=")
            env[key] = value
            at += 1
        elif name == "env" and arg in ("-i", "--ignore-environment", "-"):
            env.clear()
            at += 1
        elif arg.startswith("-") and len(arg) > 1:
            if name == "env" and arg in ("-u", "--unset") and at + 1 < len(args):
                env.pop(args[at + 1], None)
            if name == "env" and arg in ("-C", "--chdir") and at + 1 < len(args):
                cwd = os.path.join(cwd, args[at + 1])
            at += 2 if arg in takes else 1
        else:
            break
    return args[at + plain :], cwd


def _after_runner(name: str, args: list[str], env: dict[str, str], cwd: str) -> list[str]:
    if not args or args[0] != "run":
        raise Unknown(f"`{name}` without `run`: which interpreter it starts is its own business")
    options: dict[str, str] = {}
    at = 1
    while at < len(args) and args[at].startswith("-"):
        flag, joined, value = args[at].partition("=")
        if flag == "--":
            at += 1
            break
        if flag in ("-m", "--module"):
            break
        separate = flag in _RUNNER_VALUES and not joined
        options[flag] = args[at + 1] if separate and at + 1 < len(args) else value
        at += 2 if separate else 1
    command = args[at:]
    for project in ("--directory", "--project", "-C", "--cwd"):
        if options.get(project) and name not in ("conda", "mamba", "micromamba"):
            cwd = os.path.join(cwd, options[project])
    venv = _runner_venv(name, options, env, cwd)
    env["PATH"] = os.path.join(venv, "bin") + os.pathsep + env.get("PATH", "")
    if name == "uv" and command and _has_inline_metadata(os.path.join(cwd, command[0])):
        raise Unknown("`uv run` builds an environment of its own for a script that names packages")
    if (
        name == "uv"
        and command
        and (command[0] in ("-m", "--module") or command[0].endswith(".py"))
    ):
        return [os.path.join(venv, "bin", "python"), *command]
    return command


def _has_inline_metadata(path: str) -> bool:
    """Whether a script says itself what it needs (PEP 723)."""
    try:
        with open(path, "rb") as file:
            return re.search(rb"^# /// script\s*$", file.read(1 << 16), re.M) is not None
    except OSError:
        return False


def _runner_venv(name: str, options: dict[str, str], env: Mapping[str, str], cwd: str) -> str:
    if name in ("conda", "mamba", "micromamba"):
        prefix = options.get("-p") or options.get("--prefix") or ""
        wanted = options.get("-n") or options.get("--name") or ""
        if wanted:
            executable = env.get("CONDA_EXE") or env.get("MAMBA_EXE") or ""
            root = env.get("MAMBA_ROOT_PREFIX") or os.path.dirname(os.path.dirname(executable))
            prefix = root if wanted == "base" else os.path.join(root, "envs", wanted)
        candidates = [prefix or env.get("CONDA_PREFIX", "")]
    elif name == "uv":
        candidates = [
            env.get("UV_PROJECT_ENVIRONMENT", ""),
            *_above(cwd, ".venv"),
            env.get("VIRTUAL_ENV", ""),
        ]
        if "--active" in options:
            candidates.insert(0, env.get("VIRTUAL_ENV", ""))
        if any(
            flag in options
            for flag in ("--with", "--isolated", "--no-project", "--python", "-p", "--script")
        ):
            raise Unknown("`uv run` builds an environment of its own for these options")
    else:
        wanted = options.get("-e") or options.get("--environment") or "default"
        candidates = _above(cwd, os.path.join(".pixi", "envs", wanted))
    for candidate in candidates:
        folder = os.path.join(cwd, candidate)
        if candidate and os.path.exists(os.path.join(folder, "bin", "python")):
            return folder
    raise Unknown(f"the environment that `{name} run` would use was not found without starting it")


def _above(folder: str, name: str) -> list[str]:
    folder = os.path.abspath(folder)
    out = []
    while True:
        out.append(os.path.join(folder, name))
        parent = os.path.dirname(folder)
        if parent == folder:
            return out
        folder = parent


def _which(program: str, env: Mapping[str, str], cwd: str) -> str:
    if os.sep in program:
        path = os.path.normpath(os.path.join(cwd, os.path.expanduser(program)))
        if os.path.isfile(path):
            return path
        raise Unknown(f"{program} does not exist")
    for folder in env.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(cwd, folder, program)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise Unknown(f"{program} is not on PATH")


def _shebang(program: str) -> list[str]:
    """The interpreter line of a script. Raises Unknown for a binary or a script in another
    language."""
    try:
        with open(program, "rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise Unknown(f"{program} cannot be read: {error.strerror}") from None
    if not head.startswith(b"#!"):
        raise Unknown(f"{os.path.basename(program)} is not a Python program")
    lines = head[2:].decode("utf-8", "replace").splitlines()
    words = lines[0].split(None, 1) if lines else []
    if words and os.path.basename(words[0]) == "env":
        import shlex

        return ["env", *shlex.split(words[1])] if len(words) > 1 else ["env"]
    if words and os.path.basename(words[0]) in ("sh", "bash", "dash", "zsh", "ksh", "fish"):
        trick = (
            re.match(r"""'''exec'\s+(?:"([^"]+)"|(\S+))""", lines[1]) if len(lines) > 1 else None
        )
        if trick:  # what pip writes when the path is too long for a shebang
            return [trick.group(1) or trick.group(2)]
        raise Unknown(
            f"{os.path.basename(program)} is a shell script: what it starts is not known beforehand"
        )
    if words and re.fullmatch(_PYTHON_NAME, os.path.basename(words[0])):
        return words
    raise Unknown(f"{os.path.basename(program)} is not a Python program")


def _through_shim(program: str, env: Mapping[str, str], cwd: str) -> str:
    """A pyenv shim is a shell script named python: read the version files that it would read."""
    folder, name = os.path.split(program)
    if os.path.basename(folder) != "shims":
        return program
    try:
        with open(program, "rb") as file:
            if file.read(2) != b"#!":
                return program
    except OSError:
        return program
    root = os.path.dirname(folder)
    versions = env.get("PYENV_VERSION", "")
    for path in (
        [*_above(cwd, ".python-version"), os.path.join(root, "version")] if not versions else []
    ):
        try:
            with open(path, encoding="utf-8") as text:
                versions = ":".join(w for line in text for w in line.split("#")[0].split())
        except OSError:
            continue
        if versions:
            break
    for version in versions.split(":"):
        for candidate in _installed(root, version):
            path = os.path.join(root, "versions", candidate, "bin", name)
            if os.path.exists(path):
                return path
    raise Unknown(f"{program} is a shim whose target was not found without starting it")


def _installed(root: str, version: str) -> list[str]:
    """Installed versions that ``version`` names: itself, or for ``3.11`` the newest 3.11.x."""
    try:
        names = os.listdir(os.path.join(root, "versions"))
    except OSError:
        return []
    found = [n for n in names if n.startswith(version + ".") and n[len(version) + 1 :].isdigit()]
    return [version, *sorted(found, key=lambda n: -int(n.rsplit(".", 1)[1]))] if version else []
