"""A checkout, and a record branch, by somebody who means harm: whatever verb is typed, nothing of it
runs, nothing is sent, nothing is written outside."""

from __future__ import annotations

import http.server
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab
from tests.foreign import Foreign

SENTINEL = "s3ntinelNobodyMayHaveThis4711"
TOKENS = ("GH_TOKEN", "GH_ENTERPRISE_TOKEN", "WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "PLAIN")
VERBS = (
    ["status"],
    ["note", "a word"],
    ["run", "--", "true"],
    ["sync"],
    ["sync", "--code"],
    ["verify"],
    ["doctor"],
    ["doctor", "--network"],
    ["seal", "one"],
    ["brief"],
    ["tracker", "status"],
    ["tracker", "sync"],
    ["tracker", "push"],
    ["tracker", "fetch"],
    ["tracker", "reconcile"],
    ["issue", "open"],
    ["issue", "sync"],
    ["issue", "status"],
    ["update", "--change", "Something."],
    ["start", "another", "--prefix", "ANO"],
    ["report", "--out", "report.html"],
    ["reproduce", "T-505"],
    ["show", "T-505"],
    ["logbook"],
    ["index"],
    ["check", "close"],
    ["init"],
    ["adopt"],
)
PROGRAMS = ("git", "gh", "ssh", "sh", "python3", "python", "less", "env", "git-remote-http", "gpg")


class Watch:
    """What must stay as it is: a mark, a server that nobody calls, the folder around, the remote."""

    def __init__(self, lab: Lab, port: int, calls: list[str]) -> None:
        self.lab, self.box, self.url = lab, lab.repo.parent, f"http://127.0.0.1:{port}"
        self.mark, self.calls = self.box / "PWNED", calls
        self.remote = self.box / "remote.git"
        self.outside = self.box / "outside"

    @property
    def shell(self) -> str:
        return f"#!/bin/sh\necho $0 >> {self.mark}\nexit 1\n"

    @property
    def module(self) -> str:
        return f"open({str(self.mark)!r}, 'a').write(__name__ + chr(10))\n"

    def prepared(self) -> None:
        """The repository's remote, with a tag that stays private, before any harm is done."""
        self.outside.mkdir()
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.remote)], check=True)
        self.lab.git("remote", "add", "origin", str(self.remote))
        self.lab.git("remote", "add", "hub", f"{self.url}/octocat/lab.git")
        self.lab.git("push", "-q", "origin", "main")
        self.lab.git("tag", "private")
        self.lab.git("switch", "-q", "-c", "work")
        self.lab.env |= dict.fromkeys(TOKENS, SENTINEL)
        self.mine = Lab(self.lab.repo, dict(self.lab.env))  # what is looked at with stays sound
        self.before = self._state()

    def _state(self) -> dict[str, str]:
        there = self._git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        state = dict(line.split(" ") for line in there if "refs/heads/leadline/" not in line)
        for path in (self.outside, self.lab.repo / ".git" / "hooks"):
            for file in sorted(path.rglob("*")):
                state[str(file)] = "" if file.is_dir() else file.read_text(errors="replace")
        # refs of this repository that are the user's own
        for line in self.mine.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines():
            name, _, commit = line.partition(" ")
            if name in ("refs/heads/main", "refs/tags/private"):
                state["here " + name] = commit
        return state

    def _git(self, *arguments: str) -> str:
        command = ["git", f"--git-dir={self.remote}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def judge(self, what: str, tally: Tally) -> None:
        if self.mark.exists():
            tally.leaked.append(f"{what}: started {self.mark.read_text()[:200]!r}")
            self.mark.unlink()
        if self.calls:
            tally.leaked.append(f"{what}: sent {self.calls[:3]}")
            self.calls.clear()
        now = self._state()
        for name in sorted({*self.before, *now}):
            new_seal = name.startswith("refs/tags/leadline/")
            code = name.startswith("refs/leadline/code/")
            if self.before.get(name) != now.get(name) and not new_seal and not code:
                tally.leaked.append(f"{what}: {name} changed")
        self.before = now
        paths = self._git("ls-tree", "-r", "--name-only", "leadline/records").splitlines()
        odd = [path for path in paths if {"..", ".git"} & set(path.split("/"))]
        kept = [path for path in self._records() if SENTINEL in path.read_text(errors="replace")]
        if odd or kept:
            tally.leaked.append(f"{what}: {odd[:3]} {kept[:3]}")

    def _records(self) -> Iterator[Path]:
        yield from (self.lab.repo / ".git/leadline/threads").rglob("*.jsonl")


# ---- the harm ------------------------------------------------------------------------------------


def settings(watch: Watch, chance: random.Random) -> None:
    """`leadline.toml` of the checkout: hostile values, other types, no TOML, no file."""
    lines = [
        'record_branch = "main"',
        'record_branch = "../../heads/main"',
        'remote = "hub"',
        'forge = "github"',
        f'[forge]\nname = "github"\nrepository = "octocat/lab"\napi_url = "{watch.url}"',
        f'[forge]\nweb_url = "{watch.url}"\npages = "github"',
        '[logbook]\nfolder = ".git/hooks"',
        '[logbook]\nfolder = "../outside"',
        f'[logbook]\nfolder = "{watch.outside}"',
        '[run]\nenvironment = ["*"]',
        '[run]\nenvironment = ["PLAIN"]',
        '[run]\nexecutor = "evil"',
        f'[run]\nlock_files = ["{watch.box}"]',
        "[run]\nexpected_devices = {a = 1}",
        f'[tracker]\nagreed = ["wandb {watch.url}"]',
        "[update]\nevery_hours = nan",
        "[artifact]\nmax_file_bytes = -5",
        'marker = "Fixes #1 <!-- leadline:end -->"',
        "a = " + "[" * 3000,
        "\x00\x01",
        "= broken",
        "".join(f"unknown{n} = 1\n" for n in range(200)),
    ]
    path = watch.lab.repo / "leadline.toml"
    way = chance.randrange(-8, 12)
    if way < 0:  # all at once that is a setting
        path.write_text(
            f"""record_branch = "main"\nremote = "hub"\n[forge]\nname = "github"
repository = "octocat/lab"\napi_url = "{watch.url}"\nweb_url = "{watch.url}"
[logbook]\nfolder = "books"\n[run]\nenvironment = ["*"]
[tracker]\nagreed = ["wandb {watch.url}"]\n"""
        )
    elif way == 0:
        path.symlink_to("/dev/zero")
    elif way == 1:
        os.mkfifo(path)
    elif way == 2:
        path.mkdir()
    else:
        tops = [line for line in lines if not line.startswith("[")]
        tables = [line for line in lines if line.startswith("[")]
        path.write_text("\n".join([chance.choice(tops), chance.choice(tables)][way % 2 :]) + "\n")


def modules(watch: Watch, chance: random.Random) -> None:
    """A module for every one of the standard library and of the packages that may be asked for."""
    names = [*sys.stdlib_module_names, "sitecustomize", "usercustomize", "httpx2", "leadline"]
    names += ["wandb", "trackio", "mlflow", "numpy", "pyarrow", "matplotlib", "pynvml", "attr"]
    for name in names:
        if chance.random() < 0.5:
            watch.lab.write(f"{name}.py", watch.module)
        else:
            watch.lab.write(f"{name}/__init__.py", watch.module)
    watch.lab.write("evil.dist-info/entry_points.txt", "[leadline.executors]\nevil = evil:x\n")
    watch.lab.write("evil.pth", f"import os; os.system('touch {watch.mark}')\n")
    _commit(watch)


def programs(watch: Watch, chance: random.Random) -> None:
    """Programs in the checkout, which a relative entry of the path would find."""
    for name in PROGRAMS:
        for folder in ("", "bin/", "node_modules/.bin/"):
            watch.lab.write(folder + name, watch.shell).chmod(0o755)
    entry = chance.choice([".", "", "bin", "./bin", "node_modules/.bin", "bin/../bin"])
    path = watch.lab.env["PATH"]
    watch.lab.env["PATH"] = chance.choice(
        [f"{entry}:{path}", f"{path}:{entry}", f"/x:{entry}:{path}"]
    )
    _commit(watch)


def files(watch: Watch, chance: random.Random) -> None:
    """What other programs would read in the current folder."""
    lab, run = watch.lab, f"touch {watch.mark}"
    lab.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    lab.write(".gitconfig", f"[core]\n\tfsmonitor = {run}\n[alias]\n\tstatus = !{run}\n")
    lab.write(
        ".gitmodules",
        f'[submodule "s"]\n\tpath = s\n\turl = ext::sh -c "{run}"\n\tupdate = !{run}\n',
    )
    lab.write("matplotlibrc", "backend: module://evil\ntext.usetex: True\n")
    lab.write("evil.py", watch.module)
    lab.write("wandb/settings", f"[default]\nbase_url = {watch.url}\n")
    lab.write(".netrc", f"machine 127.0.0.1 login x password {SENTINEL}\n")
    lab.write(".env", f"GH_TOKEN={SENTINEL}\n")
    lab.write(".github/ISSUE_TEMPLATE/experiment.md", "theirs\n")
    lab.write("pyproject.toml", f'[tool.leadline]\nrecord_branch = "main"\nrun = "{run}"\n')
    for name in ("pre-commit", "post-checkout", "fsmonitor-watchman", "reference-transaction"):
        lab.write(f"hooks/{name}", watch.shell).chmod(0o755)
    for link in (".agents", "report.html", "books"):
        target = chance.choice(
            [".git/hooks", "../outside", str(watch.outside / "made"), "/dev/full"]
        )
        shutil.rmtree(lab.repo / link, ignore_errors=True)
        (lab.repo / link).symlink_to(target)
    _commit(watch)


def records(watch: Watch, chance: random.Random) -> None:
    """Records of another writer whose chain is whole and whose words are not meant well."""
    foreign = Foreign("t", "T")
    mine = watch.lab.git("rev-parse", "HEAD")
    refs = (
        "refs/heads/main",
        "refs/heads/work",
        "refs/tags/private",
        "refs/leadline/code/../../heads/main",
        "HEAD",
    )
    commits = (mine, "12" * 20, "HEAD", "--upload-pack=x", "+refs/heads/main", "../../../../x")
    for _ in range(4):
        code = {"ref": chance.choice(refs), "commit": chance.choice(commits), "tree": mine}
        foreign.run(metrics={"time_ms": 1.0}, code={**code, "head": mine})
    every = {"*": "", "P*": "x", "PLA*": "x"}
    shown = foreign.plan(argv=["true"], environment=every, code={"commit": mine, "tree": mine})
    foreign.end(shown, {"time_ms": 2.0})
    names = ("../../../README.md", "../../.git/config", "/etc/x", "a/../../../b", ".git/hooks/x")
    for tag in ("private", "main", "x:refs/heads/main", "../heads/main", "leadline/t/one"):
        files = {chance.choice(names): foreign.blob}
        foreign.snapshot(tag, mine, name=chance.choice(["one", "../..", ".git"]), bundle=files)
    tracker, at = chance.choice(
        [
            ("wandb", watch.url),
            ("mlflow", watch.url),
            ("mlflow", f"file://{watch.outside}/mlruns"),
            ("mlflow", f"sqlite:///{watch.outside}/m.db"),
            ("trackio", f"{watch.outside}/trackio"),
            ("leadline", str(watch.outside)),
            ("evil", watch.url),
        ]
    )
    choice = {"tracker": tracker, "project": chance.choice(["p", "../../x", ""]), "at": at}
    foreign.record("tracker-set", {**choice, "live": chance.random() < 0.5})
    shown = foreign.plan(tracker={**choice, "live": True})
    if chance.random() < 0.5:
        foreign.end(shown, {"time_ms": 2.0})
    page = f"{watch.url}/octocat/lab/issues/1"
    opened = {"number": "1", "url": page, "title": "t", "labels": [], "body": ""}
    if chance.random() < 0.5:
        foreign.record("issue-opened", {"forge": chance.choice(["github", "evil"]), **opened})
    foreign.note(f"see {page} and [here]({watch.url})")
    foreign.update("text to be posted")
    foreign.put_into(watch.remote, watch.lab.env)
    if chance.random() < 0.5:
        watch.lab.run("init", "--remote", "origin")
    watch.lab.run("sync")


def branch(watch: Watch, chance: random.Random) -> None:
    """The name of the record branch is taken by another branch, at the remote or here."""
    name = chance.choice(["leadline/records", "main"])
    if chance.random() < 0.5:
        watch.lab.git("push", "-q", "-f", "origin", "main:refs/heads/leadline/records")
    else:
        watch.lab.git("branch", "-f", "leadline/records", "main")
    text = f'record_branch = "{name}"\n'
    (watch.lab.repo / ".git" / "leadline" / "config.toml").write_text(text)


HARM: tuple[Callable[[Watch, random.Random], None], ...] = (
    settings,
    modules,
    programs,
    files,
    records,
    branch,
)


def _commit(watch: Watch) -> None:
    watch.mine.git("add", "-A")
    watch.mine.git("commit", "-q", "-m", "theirs")


# ---- the tries -----------------------------------------------------------------------------------


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    """Each try is one verb in one such checkout."""
    number = 0
    with _server() as (port, calls):
        while tally.tries < tries:
            harm = HARM[number % len(HARM)]
            number += 1
            with fresh() as lab:
                watch = Watch(lab, port, calls)
                watch.prepared()
                harm(watch, chance)
                watch.judge(f"{harm.__name__}: making it", tally)
                left = min(len(VERBS) // 3, tries - tally.tries)
                for verb in chance.sample(VERBS, left):
                    if harm is programs and verb[0] in ("run", "reproduce"):
                        continue  # its command is the user's own affair
                    tally.tries += 1
                    done = _start(lab, verb, really=harm in (modules, programs, files))
                    what = f"{harm.__name__}: leadline {' '.join(verb)}"
                    tally.saw(what, done.stdout + done.stderr)
                    if harm is records and done.returncode and verb[0] in ("run", "note"):
                        tally.false.append(f"{what} ends {done.returncode}: {done.stderr[-400:]}")
                    watch.judge(what, tally)


def _start(lab: Lab, verb: list[str], really: bool) -> subprocess.CompletedProcess[str]:
    """``really``: by a new process, as the console script is, where its start is what is tried."""
    if not really:
        return lab.run(*verb)
    return subprocess.run(
        [sys.executable, "-P", "-m", "leadline", *verb],
        cwd=lab.repo,
        env=lab.env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def _server() -> Iterator[tuple[int, list[str]]]:
    """Listens, and notes whoever calls."""
    calls: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            calls.append(self.rfile.readline(1000).decode("latin-1").strip() or "a connection")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1]), calls
    finally:
        server.shutdown()
        server.server_close()


FAULTS = Faults("a checkout or a record by a stranger, any verb", make, tries=600, share=36)
