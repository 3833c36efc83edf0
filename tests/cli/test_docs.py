"""The tutorial and the README's commands are executed, so that they cannot go stale."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.conftest import sealed_environment

ROOT = Path(__file__).resolve().parents[2]


def blocks(text: str) -> list[tuple[str, str, int]]:
    """(command, expected output, expected exit code) of every ```console block. `# exits N` behind
    a command."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        for chunk in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = chunk.split("\n")
            command = lines[0]
            rest = lines[1:]
            while command.endswith("\\"):
                command, rest = command[:-1] + rest[0].removeprefix("> "), rest[1:]
            code = re.search(r"  # exits (\d+)$", command)
            found.append((command, "\n".join(rest).rstrip(), int(code[1]) if code else 0))
    return found


_FOR_A_SHELL = re.compile(r"[|&;<>()$`*?#~\n\\]")


def carried_out(command: str, repo: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As a shell does it; a line that needs none, in a fork of the loaded program."""
    if command.startswith("leadline ") and not _FOR_A_SHELL.search(command):
        return forked.run(shlex.split(command)[1:], repo, env, 60)
    return subprocess.run(
        ["bash", "-c", command], cwd=repo, env=env, capture_output=True, text=True, timeout=60
    )


def files(text: str) -> list[tuple[str, str]]:
    """Files that the tutorial has the reader write: ```python title=NAME blocks."""
    return re.findall(r"^```\w+ title=(\S+)\n(.*?)^```", text, re.M | re.S)


def matches(expected: str, actual: str) -> bool:
    """`...` stands for anything, line ends included; other white space is squeezed."""

    def squeeze(text: str) -> str:
        return re.sub(r"[ \t]+", " ", text).strip()

    parts = [re.escape(squeeze(part)) for part in expected.split("...")]
    return re.fullmatch(r"\s*.*?\s*".join(parts), squeeze(actual), re.S) is not None


@pytest.mark.parametrize(
    "page, at_least", [("tutorial.md", 16), ("artifacts.md", 9), ("python.md", 5)]
)
def test_a_page_of_commands(tmp_path, page, at_least):
    text = (ROOT / "docs" / page).read_text()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "leadline"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m leadline "$@"\n')
    program.chmod(0o755)
    env = sealed_environment(tmp_path / "home")
    env["PATH"] = f"{bin_folder}:{Path(sys.executable).parent}:{env['PATH']}"
    repo = tmp_path / "work"
    repo.mkdir()
    for name, content in files(text):
        (repo / name).write_text(content)
    steps = blocks(text)
    assert len(steps) >= at_least
    for command, expected, code in steps:
        done = carried_out(command, repo, env)
        assert done.returncode == code, f"$ {command}\n{done.stdout}{done.stderr}"
        if expected:
            actual = done.stdout + done.stderr
            assert matches(expected, actual), (
                f"$ {command}\n--- expected\n{expected}\n--- actual\n{actual}"
            )


@pytest.mark.parametrize(
    "expected, actual, same",
    [
        ("a ... c", "a b c", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a", "b", False),
        ("a ...", "b c", False),
    ],
)
def test_the_matcher_can_fail(expected, actual, same):
    assert matches(expected, actual) is same


def test_every_verb_of_the_table_loads_and_has_help():
    sys.path.insert(0, str(ROOT / "src"))
    from leadline.cli.parsing import load, parser_for
    from leadline.cli.table import VERBS

    for verb in VERBS:
        assert f"usage: leadline {verb}" in parser_for(verb, load(verb)).format_help()


def test_links_in_the_docs_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
