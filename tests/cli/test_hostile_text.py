"""No verb of the table gives a terminal what a record, a file or a remote means for it."""

from __future__ import annotations

import json
import shlex
import subprocess
from html.parser import HTMLParser

import pytest

from leadline.cli.table import VERBS
from tests import forked
from tests.conftest import Lab, _copied
from tests.hostile import HARMFUL, dangerous, hostile_thread, lines_of

NAMES = ("001", "002", "003", "004", "001-r1", "003-r1", "004-r1")
NAMES += ("N1", "N2", "H1", "D1", "C1", "B1", "S1", "U1", "W1", "I1", "R1")
# Of each verb, command lines that show what is in the record or take a text in: a new verb is to
# have one. {h}: the hostile text.
LINES: dict[str, list[str]] = {
    "init": ["init", "init --label {h}", "init --executor {h}"],
    "start": ["start {h}", "start other --prefix O --no-branch --title {h} --goal {h}"],
    "check": ["check kickoff", "check post P-001", "check close", "check regression P-002"],
    "run": [
        "run --quiet --set k={h} --title {h} -- true {h}",
        "run --quiet -- sh -c 'printf %s\\\\n \"$0\"; exit 3' {h}",
        "run {h} -- true",
    ],
    "sweep": ["sweep list", "sweep show P-W1", "sweep resume {h}", "sweep --axis k={h} -- false"],
    "ab": ["ab show P-I1", "ab show {h}"],
    "import": ["import hostile.csv --dry-run", "import hostile.csv", "import {h}"],
    "tracker": [
        "tracker status",
        "tracker set folder {h}",
        "tracker link {h} --title {h}",
        "tracker reconcile",
        "tracker fetch P-001",
    ],
    "metric": ["metric", "metric {h} --unit {h}", "metric other --unit {h} --description {h}"],
    "note": ["note {h}", "note P-001 {h} --interpretation", "note {h} --about {h}"],
    "hypothesis": [
        "hypothesis list",
        "hypothesis add {h}",
        "hypothesis block P-H1 --until {h}",
        "hypothesis support P-H1 --evidence {h}",
    ],
    "decide": ["decide {h} --no-evidence {h}", "decide {h} --evidence {h}", "decide {h}"],
    "claim": ["claim {h} P-002", "claim {h}", "claim x --that {h} --override {h}"],
    "correct": ["correct P-N1 text={h} --why {h}", "correct P-001 config.k={h}", "correct {h}"],
    "supersede": ["supersede P-N1 --by P-N3 --why {h}", "supersede {h} --by {h}"],
    "retract": ["retract P-D1 --why {h}", "retract {h}"],
    "baseline": ["baseline show", "baseline set P-002 --why {h}", "baseline move P-002 --why {h}"],
    "compare": ["compare P-001 P-002", "compare P-001 P-002 --axis {h}", "compare P-003 {h}"],
    "claims": ["claims", "claims --why P-C1", "claims --label {h}"],
    "status": [
        "status",
        "status --runs",
        "status --all-threads",
        "status --runs --where {h}",
        "status --runs --where title={h} --sort {h}",
    ],
    "series": ["series P-001", "series P-001 {h}"],
    "show": [
        *(f"show P-{name}" for name in NAMES),
        "show P-003 --log",
        "show P-003 --errors",
        "show P-001 --packages",
        "show {h}",
    ],
    "plot": ["plot P-001", "plot P-001 --metric {h}", "plot P-001 --out {h}"],
    "artifact": ["artifact list P-001", "artifact get P-001 {h}", "artifact verify P-001"],
    "brief": ["brief", "brief --budget 100000"],
    "tried": ["tried block", "tried red", "tried {h}"],
    "next": ["next"],
    "index": ["index", "index --markdown", "index --check"],
    "due": ["due"],
    "update": ["update --dry-run", "update --change {h}", "update --heartbeat --status {h}"],
    "issue": [
        "issue",
        "issue status",
        "issue diff",
        "issue sync --dry-run",
        "issue comments",
        "issue edits",
        "issue settle {h} --why {h}",
    ],
    "logbook": ["logbook", "logbook --out {h}"],
    "link": ["link", "link P-001", "link --file {h} P-001", "link {h}"],
    "report": ["report", "report --out {h}.html"],
    "seal": ["seal {h}", "seal good -m {h}"],
    "reproduce": ["reproduce P-001", "reproduce {h}"],
    "finish": ["finish --conclusion {h}", "finish --from {h}"],
    "sync": ["sync --dry-run", "sync", "sync --code", "sync --remote {h}"],
    "verify": ["verify", "verify --explain", "verify --heal"],
    "adopt": ["adopt hostile.md", "adopt {h}", "adopt --acknowledge {h}"],
    "doctor": ["doctor"],
    "demo": ["demo --nothing {h}"],
    "completion": ["completion bash", "completion {h}"],
}
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
    argv = [word.replace("{h}", HARMFUL) for word in shlex.split(line)]
    at = argv.index("--") if "--" in argv else len(argv)
    argv[at:at] = ["--thread", "hostile", *more]
    done = forked.run_bytes(argv, lab.repo, lab.env, 60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("line", [line for lines in LINES.values() for line in lines])
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


class Page(HTMLParser):
    """What of a page a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.does: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.does += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.does += [tag for _, value in attrs if (value or "").startswith("javascript:")]
        self.does += [tag] if tag in ("script", "img", "iframe", "object", "embed", "base") else []


def does(html: str) -> list[str]:
    page = Page()
    page.feed(html)
    return page.does


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
