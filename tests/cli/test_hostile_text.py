"""No verb of the table gives a terminal what a record, a file or a remote means for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from leadline.cli.table import VERBS
from tests import forked
from tests.conftest import Lab, _copied
from tests.hostile import HARMFUL, dangerous, hostile_thread, lines_of
from tests.hostile_verbs import LINES, argv_of, does

# Of these the text is in the record or was just given: it is shown, not left out.
SHOWS = {"show P-N1", "brief", "hypothesis list", "claims", "status --runs", "logbook"}

# The user's own, which git writes as it is.
IDENTITY, BRANCH = "E\u202eve\x9b2J", "odd\u202e\u200b\x9b2Jname"
HOOK = """#!/bin/sh
printf 'first \\033]0;owned\\007\\033[2J\\302\\2332J \\342\\200\\256 word\\rT-D99  forged\\n' >&2
exit 1
"""


def test_every_verb_is_driven() -> None:
    assert list(LINES) == list(VERBS)


@pytest.fixture(scope="module")
def hostile_lab(lab_template: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The hostile thread came from elsewhere; file, branch, identity, and remote mean harm too."""
    folder = tmp_path_factory.mktemp("hostile")
    lab = _copied(lab_template, folder)
    text = HARMFUL.replace("/", "-").replace("\n", "\\n")
    lab.git("switch", "-q", "-c", BRANCH)
    (lab.repo / f"file{text[:100]}.py").write_text("changed")
    (lab.repo / "hostile.csv").write_text(f"id,time_ms,{text.replace(',', ';')}\n1,2,{text}\n")
    (lab.repo / "hostile.md").write_text(f"# {HARMFUL}\n\n### by hand {HARMFUL}\n\n{HARMFUL}\n")
    remote = folder / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    (remote / "hooks" / "pre-receive").write_text(HOOK)
    (remote / "hooks" / "pre-receive").chmod(0o755)
    lab.git("remote", "add", "origin", str(remote))
    events = lab.repo / ".git" / "leadline" / "threads" / "hostile" / "events"
    events.mkdir(parents=True)
    (events / "weve-1.jsonl").write_bytes(lines_of(hostile_thread()))
    lab.env |= {"LEADLINE_ACTOR": f"Eve{HARMFUL}", "GIT_AUTHOR_NAME": IDENTITY}
    return lab


def said(lab: Lab, line: str, *more: str) -> tuple[int, str, str]:
    argv = argv_of(line, "--thread", "hostile", *more)
    done = forked.run_bytes(argv, lab.repo, lab.env, 60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def each_verb_at_once_and_the_rest_when_there_is_time() -> Iterator[object]:
    """Of each verb the lines that show the record, else one that takes a text in."""
    for lines in LINES.values():
        at_once = SHOWS.intersection(lines) or {next((a for a in lines if "{h}" in a), lines[0])}
        for line in lines:
            yield pytest.param(line, marks=[] if line in at_once else [pytest.mark.long])


@pytest.mark.parametrize("line", each_verb_at_once_and_the_rest_when_there_is_time())
def test_no_verb_gives_a_terminal_what_a_text_means_for_it(hostile_lab: Lab, line: str) -> None:
    code, stdout, stderr = said(hostile_lab, line)
    assert not dangerous(stdout), stdout
    assert not dangerous(stderr), stderr
    assert code != 70 and "Traceback (most" not in stderr, stderr
    assert line not in SHOWS or "colour" in stdout
    code, stdout, stderr = said(hostile_lab, line, "--json")
    assert not dangerous(stdout, "\n") and not dangerous(stderr), stdout + stderr
    assert code != 70, stdout
    if stdout:
        answer = json.loads(stdout.splitlines()[-1])
        assert line not in SHOWS - {"logbook"} or r"\u001b" in json.dumps(answer["data"])


def test_no_page_and_no_message_holds_what_a_text_means_for_it(hostile_lab: Lab) -> None:
    """After everything above, or alone."""
    lab = hostile_lab
    for line in ("report --out page.html", "logbook --out book.md", "decide {h} --no-evidence {h}"):
        said(lab, line)
    said(lab, "sync")
    page = (lab.repo / "page.html").read_text()
    assert not dangerous(page) and "forged" in page
    assert does(page) == does(report_of_nothing(lab))
    book = (lab.repo / "book.md").read_text()
    assert not dangerous(book) and "forged" in book
    tree = lab.git("ls-tree", "-r", "-z", "--name-only", "leadline/records").split("\0")
    pages = [name for name in tree if name.endswith((".md", ".svg", ".json"))]
    assert any(name.endswith("logbook.md") for name in pages)
    for name in pages:
        assert not dangerous(lab.git("show", f"leadline/records:{name}")), name
    messages = lab.git("log", "--all", "--format=%B%an%ae%cn%ce")
    messages += lab.git("for-each-ref", "--format=%(contents)%(taggername)", "refs/tags")
    messages += lab.git("reflog", "show", "--all", "--format=%gs", check=False)
    assert "logbook" in messages
    assert not dangerous(messages.replace(IDENTITY, "").replace(BRANCH, ""))


def report_of_nothing(lab: Lab) -> str:
    """The same page without a hostile text: what Leadline itself runs in it."""
    lab.ok("start", "harmless", "--prefix", "Q", "--no-branch", env={"LEADLINE_ACTOR": "Ada"})
    lab.ok("report", "--out", "harmless.html", "--thread", "harmless")
    return (lab.repo / "harmless.html").read_text()
