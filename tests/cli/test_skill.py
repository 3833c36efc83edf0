"""The skill: what its form must be, and that each command in it works as it is typed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from leadline.cli.parsing import load, parser_for
from leadline.cli.table import VERBS
from leadline.services.agent.install import SOURCES

SKILL = Path(SOURCES) / "run-research"
PAGES = [SKILL / "SKILL.md", *sorted((SKILL / "references").glob("*.md"))]
MOST_LINES, MOST_DESCRIPTION = 250, 1024
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
_INLINE = re.compile(r"`(leadline [^`]+)`")
MAY_SAY_NO = {"check", "due"}  # exit code 6: something is missing
BENCH = """import json, random, sys
block = int(sys.argv[1]) if len(sys.argv) > 1 else 64
print(json.dumps({"time_ms": 640 / block + 5 + random.random() * 0.01}))
"""


def front_matter() -> dict[str, str]:
    head = SKILL.joinpath("SKILL.md").read_text().split("---\n")[1]
    return dict(line.split(": ", 1) for line in head.splitlines())


def test_its_front_matter_is_what_the_standard_allows():
    said = front_matter()
    assert said["name"] == SKILL.name and len(said["description"]) <= MOST_DESCRIPTION
    assert set(said) <= {
        "name",
        "description",
        "license",
        "compatibility",
        "metadata",
        "allowed-tools",
    }
    for word in ("benchmark", "train", "ablate", "sweep", "compare", "faster"):
        assert word in said["description"]


def test_it_is_short_and_names_every_page_beside_it():
    text = SKILL.joinpath("SKILL.md").read_text()
    assert len(text.splitlines()) <= MOST_LINES
    for page in PAGES[1:]:
        assert f"references/{page.name}" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_each_command_of_a_page_works_in_their_order(page, lab):
    lab.repo.joinpath("bench.py").write_text(BENCH)
    lab.git("add", "bench.py")
    lab.git("commit", "-qm", "bench")
    if page.name != "kickoff.md":
        lab.json("start", "wide-blocks", "--prefix", "P", "--success", "time_ms:ms:lower")
        lab.json("note", "to be taken back")
    for block in _BLOCK.findall(page.read_text()):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "leadline"
            words = [sys.executable if word == "python" else word for word in words[1:]]
            done = lab.run(*words, timeout=170)
            allowed = (0, 6) if words[0] in MAY_SAY_NO else (0,)
            assert done.returncode in allowed, (line, done.stdout[-500:], done.stderr[-1500:])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_each_command_in_a_sentence_names_options_that_there_are(page):
    for text in _INLINE.findall(_BLOCK.sub("", page.read_text())):
        words = shlex.split(text.replace("\n", " ").replace("…", "x"))
        verb = words[1]
        if verb == "--help" or verb in ("VERB",):
            continue
        assert verb in VERBS, text
        help_text = _help(verb, words[2:])
        for word in words[2:]:
            if word == "--":
                break
            if word.startswith("--"):
                assert word.partition("=")[0] in help_text, text


def _help(verb: str, rest: list[str]) -> str:
    parser = parser_for(verb, load(verb))
    text = parser.format_help()
    for action in parser._actions:
        if isinstance(action.choices, dict):
            text += "".join(child.format_help() for child in action.choices.values())
    return text + "--help"
