"""Fixtures shared by all tests: a sealed git repository and the real program in it."""

from __future__ import annotations

import compileall
import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from leadline.adapters.store.kept_thread import KeptRows
from tests import chance, forked, promised
from tests.engines import end_engines, ray, ray_client, slurm, slurm_client
from tests.tracker_servers import end_shared, history_server, mlflow_server, wandb_server, warm_jobs

__all__ = [
    "history_server",
    "mlflow_server",
    "ray",
    "ray_client",
    "slurm",
    "slurm_client",
    "wandb_server",
    "warm_jobs",
]  # fixtures

settings.load_profile(chance.FEW)
ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the program once: what tests start writes no bytecode, so that no job's import leaves
    files in a repository whose state is recorded."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "src", quiet=1)


def pytest_sessionstart(session: pytest.Session) -> None:
    gc.disable()  # what is collected now stays to the end


_SERVERS = {"history_server", "mlflow_server", "wandb_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What talks to a whole server of a tracker is long: its start alone costs twenty tests."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.long)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of collected tests are nothing to be searched for garbage during each of them."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        base = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        end_shared(base)
        end_engines(base)


def sealed_environment(home: Path) -> dict[str, str]:
    keep = {
        k: v
        for k, v in os.environ.items()
        if k in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") or k.startswith("COVERAGE_")
    }
    return {
        **keep,
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LEADLINE_ACTOR": "Ada",
    }


# for `finish --override`, in tests of something else
WHATEVER_IS_MISSING = (
    "no-issue,issue-is-draft,tldr-not-current,open-run,open-hypothesis,no-interpretation,no-reason-class,no-final-tag,"
    "final-tag-old,final-tag-not-linked,claim-not-confirmed,no-what-worked,no-what-failed,no-conclusion,no-limits,"
    "no-confidence,no-next-steps"
)


def without_bug(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Whatever a test asks for, a bug of ours is none of it."""
    assert "a bug in Leadline" not in done.stderr + done.stdout, done.stderr
    return done


@dataclass
class Lab:
    """A git repository and the program run in it as a user would."""

    repo: Path
    env: dict[str, str]

    def git(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.repo, env=self.env, capture_output=True, text=True
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stderr}")
        return done.stdout.strip()

    def run(
        self,
        *args: str,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """In a fork of a process that has the program loaded; really started where the start itself
        would be another one."""
        whole = {**self.env, **(env or {})}
        if forked.at_start(whole) != forked.at_start(sealed_environment(self.repo)):
            return self.start(*args, cwd=cwd, env=env, timeout=timeout)
        done = forked.run([*args], cwd or self.repo, whole, timeout)
        promised.check(
            f"{done.stderr}\n{done.stdout}",
            lambda words: forked.run(words, cwd or self.repo, whole, timeout).returncode,
        )
        return without_bug(done)

    def start(
        self,
        *args: str,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """As a user starts it: for what is about the process itself."""
        done = subprocess.run(
            [sys.executable, "-m", "leadline", *args],
            cwd=cwd or self.repo,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return without_bug(done)

    def ok(self, *args: str, **kwargs: Any) -> str:
        done = self.run(*args, **kwargs)
        assert done.returncode == 0, f"{args} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *args: str, **kwargs: Any) -> dict[str, Any]:
        """The envelope; options of Leadline go before `--`."""
        at = args.index("--") if "--" in args else len(args)
        done = self.run(*args[:at], "--json", *args[at:], **kwargs)
        assert "Traceback" not in done.stderr, done.stderr
        line = done.stdout.strip().splitlines()[-1]
        envelope: dict[str, Any] = json.loads(line)
        return envelope

    def write(self, name: str, text: str) -> Path:
        path = self.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture(scope="session")
def lab_template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A repository with one commit, made once: a copy of it costs a tenth of making another."""
    folder = tmp_path_factory.mktemp("lab")
    made = Lab(folder / "repo", sealed_environment(folder / "home"))
    made.repo.mkdir()
    made.git("init", "-q", "-b", "main", "--template=")
    made.write("code.py", "print('hello')\n")
    made.git("add", "code.py")
    made.git("commit", "-q", "-m", "first")
    return made


@pytest.fixture(scope="session")
def thread_template(lab_template: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    made = _copied(lab_template, tmp_path_factory.mktemp("thread"))
    metric = ("--success", "time_ms:ms:lower")
    made.ok("start", "demo", "--prefix", "P", "--no-branch", "--goal", "find out", *metric)
    made.git("repack", "-adkq")  # three files to be copied instead of a folder for each object
    made.git("prune-packed", "-q")
    return made


def _copied(template: Lab, folder: Path, name: str = "repo") -> Lab:
    """A copy that goes on as its original would: a copied folder is another machine's otherwise."""
    made = Lab(folder / name, sealed_environment(folder / f"home-{name}"))
    shutil.copytree(template.repo, made.repo, symlinks=True)
    made.git("update-index", "-q", "--refresh")  # the files have other inodes
    if (remote := template.repo.with_name("remote.git")).exists():
        shutil.copytree(remote, made.repo.with_name(remote.name))
        made.git("remote", "set-url", "origin", str(made.repo.with_name(remote.name)))
    root = made.repo / ".git" / "leadline"
    if root.exists():
        writer = json.loads((root / "writer.json").read_text())
        writer["place"] = [root.stat().st_dev, root.stat().st_ino]
        (root / "writer.json").write_text(json.dumps(writer))
    return made


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The experiments that a view of a kept thread folds."""
    found, fold = list[str](), KeptRows.fold
    monkeypatch.setattr(
        KeptRows, "fold", lambda rows, bases: found.extend(bases) or fold(rows, bases)
    )
    return found


@pytest.fixture
def lab(lab_template: Lab, tmp_path: Path) -> Lab:
    """A repository with one commit."""
    return _copied(lab_template, tmp_path)


@pytest.fixture
def thread_lab(thread_template: Lab, tmp_path: Path) -> Lab:
    """A repository with thread `demo` (prefix P, no branch of its own) that has one metric."""
    return _copied(thread_template, tmp_path)


_BUILT: dict[Callable[[Lab], None], Lab] = {}


@pytest.fixture
def as_built(
    thread_template: Lab, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Lab]:
    """The repository of ``thread_lab``, or of another template, as a function leaves it: carried
    out once, and copied for every test as ``name``. For what lies in the repository alone, and in a
    ``remote.git`` beside it."""

    def copy_of(
        build: Callable[[Lab], None], template: Lab = thread_template, name: str = "repo"
    ) -> Lab:
        if build not in _BUILT:
            made = _copied(template, tmp_path_factory.mktemp("built"))
            build(made)
            _BUILT[build] = made
        return _copied(_BUILT[build], tmp_path, name)

    return copy_of
