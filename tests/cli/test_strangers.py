"""What comes with a checkout or a sync is a stranger's: it redirects nothing, sends nothing, runs
nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.foreign import Foreign


@pytest.fixture
def remote(tmp_path: Path, thread_lab: Lab) -> Path:
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    thread_lab.git("remote", "add", "origin", str(path))
    thread_lab.git("push", "-q", "origin", "main")
    return path


def at(remote: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", f"--git-dir={remote}", *arguments], capture_output=True, text=True
    )
    return done.stdout.strip()


# ---- the record branch ---------------------------------------------------------------------------


def test_a_tracked_file_does_not_name_the_record_branch(thread_lab: Lab, remote: Path) -> None:
    thread_lab.write("leadline.toml", 'record_branch = "main"\n')
    before = at(remote, "rev-parse", "main")
    thread_lab.git("switch", "-q", "-c", "work")
    done = thread_lab.run("sync")
    assert done.returncode == 0 and "leadline init --record-branch NAME" in done.stderr
    assert at(remote, "rev-parse", "main") == before
    assert at(remote, "show", "leadline/records:README.md")


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_branch_with_other_content_never_becomes_the_record_branch(
    thread_lab: Lab, remote: Path, where: str
) -> None:
    before = at(remote, "rev-parse", "main")
    thread_lab.git("switch", "-q", "-c", "work")
    if where == "there":
        thread_lab.git("branch", "-q", "-D", "main")
        thread_lab.git("update-ref", "-d", "refs/remotes/origin/main")
    else:
        refused = thread_lab.json("init", "--record-branch", "main")["error"]
        assert refused["code"] == "not-a-record-branch" and "code.py" in refused["why"]
    # whatever the setting came from
    (thread_lab.repo / ".git/leadline/config.toml").write_text('record_branch = "main"\n')
    answer = thread_lab.json("sync")
    problem = answer.get("error") or answer["data"]["problem"]
    assert problem["code"] == "not-a-record-branch" and "code.py" in problem["why"]
    assert at(remote, "rev-parse", "main") == before
    if where == "here":
        assert thread_lab.git("rev-parse", "main") == before
    assert thread_lab.run(*problem["next"][0].split()[1:]).returncode == 0
    assert thread_lab.run("sync").returncode == 0


def test_the_usual_name_with_other_content_is_refused_too(thread_lab: Lab, remote: Path) -> None:
    thread_lab.git("branch", "-f", "leadline/records", "main")
    error = thread_lab.json("sync")["error"]
    assert error["code"] == "not-a-record-branch"
    assert thread_lab.run(*error["next"][0].split()[1:]).returncode == 0
    assert thread_lab.run("sync").returncode == 0


def test_what_people_add_to_the_record_branch_stays(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    thread_lab.ok("sync")
    other = Lab(tmp_path / "web", thread_lab.env)
    subprocess.run(
        ["git", "clone", "-q", "-b", "leadline/records", str(remote), str(other.repo)], check=True
    )
    other.write("LICENSE", "free\n")
    other.git("add", "LICENSE")
    other.git("commit", "-q", "-m", "a licence")
    other.git("push", "-q")
    thread_lab.ok("note", "more")
    assert thread_lab.json("sync")["data"]["problem"] is None
    thread_lab.ok("note", "and more")
    assert thread_lab.json("sync")["data"]["problem"] is None
    assert at(remote, "show", "leadline/records:LICENSE") == "free"


# ---- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [".git/hooks", "a/../.git", "/tmp", "../out", ".GIT/x"])
def test_the_logbook_is_written_nowhere_but_below_the_work_tree(
    thread_lab: Lab, folder: str
) -> None:
    assert thread_lab.json("init", "--logbook-folder", folder)["error"]["code"] == "bad-settings"
    (thread_lab.repo / ".git/leadline/config.toml").write_text(f'"logbook.folder" = "{folder}"\n')
    assert thread_lab.json("note", "x")["error"]["code"] == "bad-settings"


@pytest.mark.parametrize("target", [".git/hooks", "../outside"])
def test_a_link_of_the_checkout_leads_the_logbook_nowhere(thread_lab: Lab, target: str) -> None:
    (thread_lab.repo / target).mkdir(exist_ok=True)
    (thread_lab.repo / "books").symlink_to(target)
    thread_lab.ok("init", "--logbook-folder", "books")
    answer = thread_lab.json("seal", "one")
    assert "symbolic link" in json.dumps(answer)
    assert not [p for p in (thread_lab.repo / target).iterdir() if p.suffix == ".md"]


def test_a_logbook_takes_the_place_of_no_file(thread_lab: Lab) -> None:
    thread_lab.write("books", "mine\n")
    thread_lab.git("add", "books")
    thread_lab.git("commit", "-q", "-m", "a file")
    (thread_lab.repo / "books").unlink()
    thread_lab.ok("init", "--logbook-folder", "books")
    assert "books is no folder" in json.dumps(thread_lab.json("seal", "one"))
    assert thread_lab.git("show", "HEAD:books") == "mine"


# ---- what a record says --------------------------------------------------------------------------


def test_a_foreign_record_moves_no_branch_and_sends_no_tag(
    thread_lab: Lab, remote: Path, tmp_path: Path
) -> None:
    """`code.ref`, `tag` and the names of a seal's files are a stranger's words."""
    thread_lab.git("tag", "private", "HEAD")
    head = thread_lab.git("rev-parse", "HEAD")
    thread_lab.git("switch", "-q", "-c", "work")
    thread_lab.git("commit", "-q", "--allow-empty", "-m", "unpublished")
    mine = thread_lab.git("rev-parse", "HEAD")
    thread_lab.git("branch", "-q", "-f", "main", mine)
    foreign = Foreign("demo", "P")
    places = [
        ("refs/heads/main", mine),
        ("refs/heads/work", "12" * 20),
        ("refs/leadline/code/x", "+refs/heads/work"),
        ("refs/leadline/code/../../heads/main", mine),
    ]
    for ref, commit in places:
        foreign.run(metrics={"time_ms": 1.0}, code={"ref": ref, "commit": commit, "tree": mine})
    files = {"../../../README.md": foreign.blob, "../../.git/config": foreign.blob}
    for tag in ("private", "x:refs/heads/main", "../heads/main", "leadline/demo/one"):
        foreign.snapshot(tag, mine, name="one", bundle=files)
    foreign.put_into(remote, thread_lab.env)
    answer = thread_lab.json("sync", "--code")
    assert answer["data"]["problem"] is None, answer
    assert at(remote, "rev-parse", "main") == head
    assert thread_lab.git("rev-parse", "main") == mine
    assert not at(remote, "tag", "--list", "private")
    listed = at(remote, "ls-tree", "-r", "--name-only", "leadline/records").splitlines()
    assert not [path for path in listed if ".." in path.split("/") or ".git" in path.split("/")]
    assert "README.md" in listed
    assert len(answer["data"]["refused"]) == 3 and len(answer["data"]["code"]["refused"]) == 4


def test_what_a_foreign_run_recorded_does_not_say_what_is_recorded_here(
    thread_lab: Lab, remote: Path
) -> None:
    """A name that ends in a star is a prefix in the settings, and a name in a record."""
    head = thread_lab.git("rev-parse", "HEAD")
    foreign = Foreign("demo", "P")
    every = {"*": "x", "MY*": "x", "MY_OWN*": "x", "MY_NAMED": "then"}
    argv = ["sh", "-c", """test -n "$MY_OWN_VALUE" && echo '{"time_ms": 2.5}'"""]
    shown = foreign.plan(argv=argv, environment=every, code={"commit": head, "tree": head})
    foreign.end(shown, {"time_ms": 1.0})
    foreign.put_into(remote, thread_lab.env)
    thread_lab.ok("sync")
    thread_lab.run("reproduce", shown, env={"MY_OWN_VALUE": "s3ntinel", "MY_NAMED": "now"})
    events = (thread_lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    mine = "".join(path.read_text() for path in events if "stranger" not in path.name)
    assert '"MY_NAMED":"then"' in mine, "it ran, with what was recorded"
    assert "s3ntinel" not in mine
    assert '"time_ms":2.5' in mine, "nothing else was taken away from the command"


@pytest.mark.parametrize("name", ["*", "A*", "a b", "A=*"])
def test_what_would_record_most_of_the_environment_is_refused(thread_lab: Lab, name: str) -> None:
    done = thread_lab.json("run", "--env", name, "--", "true", env={"MY_OWN": "s3ntinel"})
    if "=" in name:
        assert done["ok"], "it sets a variable"
    else:
        assert done["error"]["code"] == "bad-variable"
    assert "s3ntinel" not in json.dumps(thread_lab.json("status", "--runs"))


# ---- programs ------------------------------------------------------------------------------------

VERBS = (
    ["status"],
    ["note", "x"],
    ["run", "--", "true"],
    ["tracker", "status"],
    ["doctor"],
    ["verify"],
    ["sync"],
    ["issue", "open"],
    ["seal", "one"],
    ["report", "--out", "report.html"],
    ["brief"],
    ["reproduce", "P-001"],
)


def start(lab: Lab, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """As the console script does: without the current folder among the places of modules."""
    return subprocess.run(
        [sys.executable, "-P", "-c", "from leadline.cli.start import entry; entry()", *arguments],
        cwd=lab.repo,
        env={**lab.env, **more},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def shadowed(thread_lab: Lab, tmp_path: Path) -> Lab:
    """A checkout with a module for every one of the standard library and of the extras."""
    mark = f"open({str(tmp_path / 'PWNED')!r}, 'a').write(__name__ + chr(10))\n"
    extras = ("httpx2", "pyarrow", "numpy", "pandas", "matplotlib", "pynvml", "sitecustomize")
    for name in {*sys.stdlib_module_names, *extras, "usercustomize", "leadline", "pip"}:
        thread_lab.write(f"{name}.py", mark)
    for name in ("wandb", "trackio", "mlflow", "xml", "importlib", "json", "logging"):
        thread_lab.write(f"{name}/__init__.py", mark)
    thread_lab.git("add", "-A")
    thread_lab.git("commit", "-q", "-m", "modules")
    return thread_lab


@pytest.mark.parametrize("tracker", ["trackio", "wandb", "mlflow", "leadline"])
def test_no_module_of_the_checkout_is_imported(shadowed: Lab, tmp_path: Path, tracker: str) -> None:
    verbs = [["tracker", "set", tracker, "p"], *VERBS, ["tracker", "sync"], ["tracker", "status"]]
    # the whole row of verbs with one tracker, what asks a tracker with each
    for verb in verbs if tracker == "trackio" else [v for v in verbs if v[0] == "tracker"]:
        done = start(shadowed, *verb)
        assert "Traceback" not in done.stderr, done.stderr
        assert not (tmp_path / "PWNED").exists(), verb


@pytest.mark.parametrize("named", [".", "{repo}", "{repo}/sub:/nowhere:{repo}"])
def test_no_module_of_the_checkout_is_imported_where_pythonpath_names_it(
    shadowed: Lab, tmp_path: Path, named: str
) -> None:
    """But for those that Python itself takes from there before a program begins."""
    for name in ("encodings", "sitecustomize", "usercustomize", "leadline"):
        (shadowed.repo / f"{name}.py").unlink()
    path = named.format(repo=shadowed.repo)
    for verb in VERBS if named == "." else VERBS[:2]:
        done = start(shadowed, *verb, PYTHONPATH=path)
        assert "Traceback" not in done.stderr, done.stderr
        assert not (tmp_path / "PWNED").exists(), verb
    said = "import os; print(os.environ['PYTHONPATH'])"
    done = start(shadowed, "run", "--", sys.executable, "-I", "-c", said, PYTHONPATH=path)
    assert path in done.stdout.splitlines(), done.stdout


@pytest.mark.parametrize("named", [["-C", "{repo}"], ["-C{repo}/sub"], ["-C={repo}"]])
def test_no_plug_in_of_the_checkout_that_dash_c_names_is_imported(
    thread_lab: Lab, tmp_path: Path, named: list[str]
) -> None:
    about = "odd-1.dist-info"
    thread_lab.write(f"{about}/METADATA", "Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    thread_lab.write(f"{about}/entry_points.txt", "[leadline.executors]\nodd = odd:made\n")
    thread_lab.write("odd.py", f"open({str(tmp_path / 'PWNED')!r}, 'w')\n")
    thread_lab.write("sub/x", "")
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [
            *[sys.executable, "-P", "-c", "from leadline.cli.start import entry; entry()"],
            *[word.format(repo=thread_lab.repo) for word in named],
            *["run", "--on", "odd", "--", "true"],
        ],
        cwd=tmp_path / "elsewhere",
        env={**thread_lab.env, "PYTHONPATH": str(thread_lab.repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "odd" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "PWNED").exists()


def test_what_pythonpath_names_outside_comes_behind_what_is_installed(
    thread_lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "json.py").write_text("raise SystemExit('another json')\n")
    assert start(thread_lab, "status", PYTHONPATH=str(tmp_path / "more")).returncode == 0


def test_no_module_of_the_checkout_is_imported_by_dash_m_either(
    thread_lab: Lab, tmp_path: Path
) -> None:
    """But for those that Python itself needs to get there."""
    for name in ("argparse", "json", "subprocess", "tomllib", "sqlite3", "hashlib", "select"):
        thread_lab.write(f"{name}.py", f"open({str(tmp_path / 'PWNED')!r}, 'a')\n")
    done = thread_lab.start("status")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize(
    "entry", [".", *(pytest.param(entry, marks=pytest.mark.long) for entry in ("", "bin"))]
)
def test_no_program_of_the_checkout_is_started(thread_lab: Lab, tmp_path: Path, entry: str) -> None:
    names = (
        "git",
        "gh",
        "python3",
        "python",
        "ssh",
        "sh",
        "nvidia-smi",
        "git-remote-https",
        "less",
    )
    for name in names:
        for folder in ("", "bin/"):
            path = thread_lab.write(
                f"{folder}{name}", f"#!/bin/sh\necho {name} >> {tmp_path}/PWNED\n"
            )
            path.chmod(0o755)
    thread_lab.git("remote", "add", "origin", "https://127.0.0.1:9/o/r.git")
    path = f"{entry}:{thread_lab.env['PATH']}"
    start(thread_lab, "init", "--github", PATH=path)
    for verb in (*VERBS, ["tracker", "set", "trackio", "p"], ["tracker", "status"]):
        if verb[0] != "run":  # its command is the user's affair
            done = start(thread_lab, *verb, PATH=path)
            assert "Traceback" not in done.stderr, done.stderr
            assert not (tmp_path / "PWNED").exists(), verb


def test_a_bare_repository_among_the_files_runs_nothing(thread_lab: Lab, tmp_path: Path) -> None:
    """It comes with a checkout as plain files, and its settings name programs."""
    inner = thread_lab.repo / "data" / "inner"
    subprocess.run(["git", "init", "-q", "--bare", str(inner)], check=True)
    mark = f"touch {tmp_path / 'PWNED'}"
    for name, value in (
        ("core.fsmonitor", mark),
        ("core.sshCommand", mark),
        ("remote.origin.url", "ssh://x/y"),
        ("core.worktree", str(tmp_path)),
        ("core.bare", "false"),
    ):
        subprocess.run(["git", f"--git-dir={inner}", "config", name, value], check=True)
    for verb in (["status"], ["sync"], ["start", "x"]):
        done = thread_lab.run(*verb, "--json", cwd=inner)
        assert json.loads(done.stdout)["error"]["code"] == "unsafe-repository", done
    assert not (tmp_path / "PWNED").exists()


def test_capture_runs_what_git_add_runs_and_no_more(thread_lab: Lab, tmp_path: Path) -> None:
    """The user's own settings name programs; a checkout's attributes call for some of them."""
    said = tmp_path / "ran"

    def noting(name: str) -> str:
        return f"sh -c 'echo {name} >> {said}; cat'"

    settings = {
        "core.fsmonitor": noting("fsmonitor"),
        "core.pager": noting("pager"),
        "core.editor": noting("editor"),
        "diff.external": noting("external"),
        "diff.x.textconv": noting("textconv"),
        "diff.x.command": noting("command"),
        "filter.x.clean": noting("clean"),
        "filter.x.smudge": noting("smudge"),
        "merge.x.driver": noting("merge"),
        "alias.status": f"!{noting('alias')}",
        "core.alternateRefsCommand": noting("alternates"),
        "gpg.program": noting("gpg"),
        "commit.gpgSign": "false",
    }
    for name, value in settings.items():
        thread_lab.git("config", name, value)
    for hook in ("pre-commit", "post-index-change", "reference-transaction", "post-checkout"):
        path = thread_lab.write(f".git/hooks/{hook}", f"#!/bin/sh\necho {hook} >> {said}\n")
        path.chmod(0o755)
    thread_lab.write(".gitattributes", "* diff=x merge=x\n*.dat filter=x\n")
    thread_lab.write("a.dat", "1\n")
    thread_lab.write("b.py", "2\n")
    for verb in (["run", "--", "true"], ["note", "x"], ["status"], ["verify"]):
        thread_lab.ok(*verb)
    assert set(said.read_text().split()) == {"clean"}, "the filter that `git add` would run"


@pytest.mark.parametrize("live", [True, False])
def test_a_tracker_that_is_not_here_ends_no_run(thread_lab: Lab, remote: Path, live: bool) -> None:
    foreign = Foreign("demo", "P")
    choice = {"tracker": "theirs", "project": "p", "at": "https://t.example.org", "live": live}
    foreign.record("tracker-set", choice)
    foreign.put_into(remote, thread_lab.env)
    thread_lab.ok("sync")
    done = thread_lab.run("run", "--", "true")
    assert done.returncode == 0 and "there is no tracker called 'theirs'" in done.stderr
    told = thread_lab.ok("tracker", "status")
    assert "not asked: there is no tracker called 'theirs'" in told
