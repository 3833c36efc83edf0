"""Command lines of every verb that show what a record holds or take a text in, and what a browser
would do with a page."""

from __future__ import annotations

import shlex
from html.parser import HTMLParser

from tests.hostile import HARMFUL

NAMES = ("001", "002", "003", "004", "001-r1", "003-r1", "004-r1")
NAMES += ("N1", "N2", "H1", "D1", "C1", "B1", "S1", "U1", "W1", "I1", "R1")
# Of each verb, command lines that show what is in the record or take a text in: a new verb is to
# have one. {h}: the hostile text.
LINES: dict[str, list[str]] = {
    "init": ["init", "init --label {h}", "init --executor {h}"],
    "start": ["start {h}", "start other --prefix O --no-branch --title {h} --goal {h}"],
    "profile": [
        "profile list",
        "profile use {h}",
        "profile use kernel --why {h} --default dtype={h}",
        "profile show",
        "profile show {h}",
        "profile new {h}",
    ],
    "check": ["check kickoff", "check post P-001", "check close", "check regression P-002"],
    "run": [
        "run --quiet --set k={h} --title {h} -- true {h}",
        "run --quiet -- sh -c 'printf %s\\\\n \"$0\"; exit 3' {h}",
        "run {h} -- true",
    ],
    "sweep": ["sweep list", "sweep show P-W1", "sweep resume {h}", "sweep --axis k={h} -- false"],
    "ab": ["ab show P-I1", "ab show {h}"],
    "jobs": ["jobs"],
    "logs": ["logs P-003", "logs {h}"],
    "attach": ["attach {h}"],
    "wait": ["wait {h}"],
    "stop": ["stop {h}"],
    "device": ["device list", "device reserve {h}", "device release {h}"],
    "executor": ["executor list", "executor add {h} --kind command", "executor show {h}"],
    "import": ["import hostile.csv --dry-run", "import hostile.csv", "import {h}"],
    "tracker": [
        "tracker status",
        "tracker set folder {h}",
        "tracker link {h} --title {h}",
        "tracker reconcile",
        "tracker fetch P-001",
    ],
    "metric": ["metric", "metric {h} --unit {h}", "metric other --unit {h} --description {h}"],
    "measure": [
        "measure show",
        "measure protect {h}",
        "measure protect code.py --metric {h}",
        "measure none --why {h}",
        "measure again {h}",
        "measure holdout --command {h} {h}",
        "measure null {h}",
    ],
    "note": ["note {h}", "note P-001 {h} --interpretation", "note {h} --about {h}"],
    "hypothesis": [
        "hypothesis list",
        "hypothesis add {h}",
        "hypothesis block P-H1 --until {h}",
        "hypothesis support P-H1 --evidence {h}",
    ],
    "decide": ["decide {h} --no-evidence {h}", "decide {h} --evidence {h}", "decide {h}"],
    "claim": ["claim {h} P-002", "claim {h}", "claim x --that {h} --override {h} {h}"],
    "handoff": ["handoff {h} --tried {h} --next {h}"],
    "direct": ["direct {h}"],
    "ack": ["ack P-G1 --note {h}", "ack {h} --note {h}"],
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
    "session": ["session list", "session show {h}", "session end --why {h}"],
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
    "agent": ["agent status", "agent install {h}"],
    "hook": ["hook --agent {h} --event {h}"],
    "mcp": ["mcp --read-only"],
    "demo": ["demo {h}"],
    "completion": ["completion bash", "completion {h}"],
}


def argv_of(line: str, *more: str, text: str = HARMFUL) -> list[str]:
    """The words of a line, with ``text`` for each ``{h}`` and ``more`` before the command."""
    argv = [word.replace("{h}", text) for word in shlex.split(line)]
    at = argv.index("--") if "--" in argv else len(argv)
    argv[at:at] = more
    return argv


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
