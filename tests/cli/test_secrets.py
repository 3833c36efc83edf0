"""Secrets that are typed, printed, or lie in files: hidden, said at once, and answered when they are none."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadline.core.canonical import digest_bytes, digest_of
from tests.campaign.secrets import lying
from tests.invented_keys import SHAPES, drawn

KEY = drawn(SHAPES["github-pat"], random.Random(1))


def attempt(lab) -> Path:
    return sorted((lab.repo / ".git/leadline/runs").glob("*/attempt-1"))[-1]


def planned(lab) -> dict:
    lines = (lab.repo / ".git/leadline/threads/demo/events").glob("*.jsonl")
    records = [json.loads(line) for path in lines for line in path.read_text().splitlines()]
    return [r for r in records if r["kind"] == "run-planned"][-1]["body"]


def test_what_is_hidden_in_a_note_is_said_and_can_be_answered(thread_lab):
    said = thread_lab.run("note", f"the key is {KEY}").stderr
    assert "hidden in text of the note record: a github-token" in said
    assert "--not-secret" in said and KEY not in said
    assert lying(thread_lab.repo / ".git", KEY) == []
    assert thread_lab.ok("note", f"no key: {KEY}", "--not-secret")
    # from now on it passes by itself, and nothing but a digest of it was kept for that
    assert thread_lab.run("note", f"again {KEY}").stderr == ""
    assert KEY not in (thread_lab.repo / ".git/leadline/not-secret.json").read_text()
    other = drawn(SHAPES["github-pat"], random.Random(2))
    assert "hidden in" in thread_lab.run("note", f"another {other}").stderr


def test_a_command_line_is_hidden_at_rest_and_the_job_has_it(thread_lab):
    thread_lab.ok("run", "--quiet", "--secret-argv-ok", "--", sys.executable, "-c",
              "import sys; open('got', 'w').write(sys.argv[1])", KEY)  # fmt: skip
    assert (thread_lab.repo / "got").read_text() == KEY
    spec = json.loads((attempt(thread_lab) / "spec.json").read_text())
    assert spec["argv"][-1] == "[redacted:github-token]"
    (thread_lab.repo / "got").unlink()
    assert lying(thread_lab.repo / ".git", KEY) == []


def test_a_value_given_to_a_name_is_hidden_in_arguments_and_config(thread_lab):
    refused = thread_lab.run("run", "--quiet", "--", "true", "api_key=hunter2hunter2hunter2")
    assert refused.returncode == 125 and "--not-secret" in refused.stderr
    said = thread_lab.run("run", "--quiet", "--set", "password=hunter2hunter2", "--", "true").stderr
    assert "hidden in the config" in said
    assert planned(thread_lab)["config"] == {"password": "[redacted:named-secret]"}
    assert lying(thread_lab.repo / ".git", "hunter2hunter2") == []


def test_a_secret_that_set_cuts_apart_is_hidden_whole(thread_lab):
    tail = "Zk3qWe8rTy1uIo4pAs7dFg"
    thread_lab.ok("run", "--quiet", "--set", f"Cookie: session={tail}=1",
                  "--set", f"https://example.com/?sig={tail}", "--", "true")  # fmt: skip
    assert planned(thread_lab)["config"] == {
        "Cookie: [redacted:cookie]": "[redacted:cookie]",
        "https://example.com/?sig": "[redacted:url-token]",
    }
    assert lying(thread_lab.repo / ".git", tail) == []


def test_a_tracked_edit_that_holds_a_key_is_left_out_said_and_answered(thread_lab):
    thread_lab.write("code.py", f"print(1)\nK = '{KEY}'\n")
    said = thread_lab.run("run", "--quiet", "--", "true").stderr
    assert "left out of the code state: code.py (a github-token)" in said
    assert lying(thread_lab.repo / ".git", KEY) == []
    said = thread_lab.run("run", "--quiet", "--not-secret-file", "code.py", "--", "true").stderr
    assert "left out" not in said
    assert KEY in thread_lab.git("show", f"{planned(thread_lab)['code']['commit']}:code.py")


def test_an_edit_of_a_file_that_held_the_key_before_is_taken(thread_lab):
    thread_lab.write("fixture.py", f"K = '{KEY}'\n")
    thread_lab.git("add", "fixture.py")
    thread_lab.git("commit", "-q", "-m", "a fixture")
    thread_lab.write("fixture.py", f"K = '{KEY}'\nmore = 1\n")
    assert "left out" not in thread_lab.run("run", "--quiet", "--", "true").stderr
    assert "more" in thread_lab.git("show", f"{planned(thread_lab)['code']['commit']}:fixture.py")


def test_a_new_file_that_was_staged_is_judged_too(thread_lab):
    thread_lab.write("staged.py", f"K = '{KEY}'\n")
    thread_lab.git("add", "staged.py")
    thread_lab.run("run", "--quiet", "--", "true")
    code = planned(thread_lab)["code"]
    assert code["secrets"] == ["staged.py"]
    assert "staged.py" not in thread_lab.git("ls-tree", "-r", "--name-only", code["commit"])


def test_a_run_that_another_session_ends_hides_the_values_of_its_own_environment(thread_lab):
    value = drawn("%a24", random.Random(3))
    program = (
        "import os, time; print('it is', os.environ['LAB_TOKEN'], flush=True); time.sleep(1.5)"
    )
    watcher = subprocess.Popen(
        [sys.executable, "-m", "leadline", "run", "--quiet", "--", sys.executable, "-c", program],
        cwd=thread_lab.repo, env={**thread_lab.env, "LAB_TOKEN": value},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    runs = thread_lab.repo / ".git/leadline/runs"
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size for p in runs.glob("*/attempt-1/stdout.log")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    watcher.kill()
    watcher.wait()
    while not (attempt(thread_lab) / "result.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while "left open" not in thread_lab.run("status").stderr:
        assert time.monotonic() < deadline
    shown = thread_lab.ok("show", "P-001-r1", "--json")
    assert "[redacted:env LAB_TOKEN]" in shown
    assert lying(thread_lab.repo / ".git", value) == []
    assert not (attempt(thread_lab) / "environment.sealed").exists()


def test_half_a_token_at_the_edge_of_an_excerpt_is_hidden(thread_lab):
    for width in (1480, 290):
        program = f"print('x' * {width} + ' {KEY} ' + 'y' * 200)"
        thread_lab.write("print.py", program)
        thread_lab.write(".git/info/exclude", "print.py\n")
        thread_lab.run("run", "--quiet", "--", sys.executable, "print.py")
    for at in range(8, len(KEY)):
        assert lying(thread_lab.repo / ".git", KEY[:at]) == [] or at < 12
    assert lying(thread_lab.repo / ".git", KEY[-10:]) == []


SHORT = "opensesame7"
LOGINS = ("password.txt", ".netrc", "id_rsa", "credentials.json")
READS = "import sys; print(sum(len(open(n).read()) for n in ('password.txt', 'id_rsa')))"


def test_no_digest_tells_a_short_secret_that_lies_in_a_file(thread_lab):
    """Whoever has a digest may try words against it: of the record, of the blobs, of git."""
    ignored = "kept/\n" + "".join(f"{name}\n" for name in LOGINS[:3])
    thread_lab.write(".gitignore", ignored)
    thread_lab.write("reads.py", READS)
    for name in (*LOGINS, "kept/token.txt"):
        thread_lab.write(name, SHORT)
    thread_lab.git("add", ".gitignore", "reads.py")
    thread_lab.git("commit", "-qm", "a program that logs in")
    inputs = ("--input", "id_rsa", "--input", "kept", "--input", "reads.py")
    thread_lab.ok("measure", "protect", "password.txt", "--metric", "time_ms")
    thread_lab.ok("run", "--quiet", *inputs, "--", sys.executable, "reads.py", *LOGINS)
    told = planned(thread_lab)["data_files"]
    assert {"id_rsa", "kept", "reads.py"} == {*told}
    assert told["reads.py"]["digest"] == digest_bytes(READS.encode())
    thread_lab.ok("run", "--quiet", "--stdin", "password.txt", "--", "wc", "-c")
    writes = f"import pathlib; pathlib.Path('token.json').write_text('{SHORT[:6]}' + '{SHORT[6:]}')"
    thread_lab.ok("run", "--quiet", "--artifact", "token.json", "--", sys.executable, "-c", writes)
    digest = digest_bytes(SHORT.encode()).removeprefix("sha256:")
    named_by_git = thread_lab.git("hash-object", "id_rsa")
    of_folder = digest_of({"token.txt": f"sha256:{digest}"}).removeprefix("sha256:")
    for guess in (SHORT, digest, named_by_git, of_folder):
        assert lying(thread_lab.repo / ".git", guess) == []


def test_a_topic_and_a_seal_are_not_named_by_a_secret(thread_lab):
    key = "glpat-" + drawn("%a20", random.Random(4))
    done = thread_lab.run("seal", key)
    assert done.returncode == 5 and "secret-in-name" in thread_lab.run("seal", key, "--json").stdout
    assert lying(thread_lab.repo / ".git", key) == []


REPEATING = [
    ["correct", "P-N1", f"text=it was {KEY}", "--why", f"seen as {KEY}"],
    ["correct", "P-N1", "text=" + "x" * 60 + " " + KEY, "--why", "cut where it is shown"],
    ["correct", "P-N1", f"{KEY}=1", "--why", "no field"],
    ["correct", "demo", f"stop=at {KEY}"],
    ["retract", "P-N1", "--why", f"-----BEGIN PRIVATE KEY-----\n{KEY}"],
    ["note", f"it was {KEY}"],
    ["decide", f"use {KEY}", "--no-evidence", KEY],
    ["hypothesis", "add", f"faster with {KEY}"],
    ["claim", f"faster with {KEY}", "--that", f"{KEY}(P-001) < 2"],
    ["claim", KEY, "--that", KEY],
    ["show", KEY],
    ["status", f"--sort={KEY}"],
    ["note", "x", f"--role={KEY}"],
    ["note", "x", "--negative", KEY],
    ["start", KEY],
    ["seal", KEY],
    ["run", "--set", KEY, "--", "true"],
    ["run", "--set", "x=1", "--timeout", KEY, "--", "true"],
    ["note", "--thread", KEY, "x"],
    [KEY],
    [f"--{KEY}"],
    ["-C", KEY, "status"],
    ["tracker", "set", KEY, "p"],
    ["note", f"password=hunter2hunter2 {KEY}", "--that"],
]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_verb_repeats_a_secret_of_its_command_line(thread_lab, form):
    thread_lab.ok("note", "a first one")
    for argv in REPEATING:
        done = thread_lab.run(*argv, *form)
        said = done.stdout + done.stderr
        assert KEY[:12] not in said and "hunter2" not in said, (argv, said)
        if form and done.stdout:
            json.loads(done.stdout)


def test_what_was_declared_to_be_no_secret_is_shown(thread_lab):
    thread_lab.ok("note", "a first one")
    said = thread_lab.ok("correct", "P-N1", f"text=it was {KEY}", "--why", "so", "--not-secret")
    assert KEY in said


def test_a_secret_value_of_the_environment_is_not_repeated_by_a_usage_error(thread_lab):
    thread_lab.env["MY_TOKEN"] = "hunter2x"
    assert "hunter2x" not in thread_lab.run("show", "hunter2x").stderr
