"""Installing for agents' programs: said first, done once, taken back to the byte."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

PROGRAMS = ("claude", "codex", "gemini", "opencode", "cursor")
SETTINGS = '{\n    "model": "x",  \n    "hooks": {"Stop": [ {"hooks": [{"type": "command", "command": "mine"}]} ]}\n}\n'
AGENTS = "# Agents\r\n\r\nBe kind.\r\n"


def tree(top: Path) -> dict[str, bytes | str]:
    return {
        str(p.relative_to(top)): os.readlink(p) if p.is_symlink() else p.read_bytes()
        for p in top.rglob("*")
        if (p.is_file() or p.is_symlink()) and ".git/" not in f"{p.relative_to(top)}/"
    } | {
        f"{p.relative_to(top)}/": "" for p in top.rglob("*") if p.is_dir() and ".git" not in p.parts
    }


@pytest.fixture
def theirs(lab):
    """A work tree that has settings of its own."""
    files = {
        ".claude/settings.json": SETTINGS,
        ".codex/config.toml": 'model = "y"  # mine',
        "AGENTS.md": AGENTS,
        "opencode.json": "{}",
    }
    for name, text in files.items():
        path = lab.repo / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    return lab


def test_it_is_done_once_and_taken_back_to_the_byte(theirs):
    before = tree(theirs.repo)
    first = theirs.json("agent", "install", "all")
    assert first["data"]["left"] == [] and len(first["data"]["changed"]) > 10
    after = tree(theirs.repo)
    assert theirs.json("agent", "install", "all")["data"]["changed"] == []
    assert tree(theirs.repo) == after
    theirs.json("agent", "uninstall", "all")
    assert tree(theirs.repo) == before


def test_each_program_finds_what_it_reads(theirs):
    theirs.json("agent", "install", "all")
    repo = theirs.repo
    settings = json.loads((repo / ".claude/settings.json").read_text())
    assert settings["hooks"]["Stop"][0]["hooks"][0]["command"] == "mine"
    assert (
        "leadline hook --agent claude-code" in settings["hooks"]["Stop"][1]["hooks"][0]["command"]
    )
    assert json.loads((repo / ".mcp.json").read_text())["mcpServers"]["leadline"]["args"] == ["mcp"]
    config = tomllib.loads((repo / ".codex/config.toml").read_text())
    assert config["model"] == "y" and config["mcp_servers"]["leadline"]["command"] == "leadline"
    assert os.readlink(repo / ".claude/skills/run-research") == "../../.agents/skills/run-research"
    assert (repo / ".claude/skills/run-research/SKILL.md").is_file()
    agents = (repo / "AGENTS.md").read_bytes()
    assert agents.startswith(AGENTS.encode()) and b"leadline brief" in agents
    rows = {r["program"]: r for r in theirs.json("agent", "status", "--project")["data"]}
    assert all(rows[p]["hooks"] == rows[p]["events"] and rows[p]["server"] for p in PROGRAMS)


def test_what_the_user_changed_meanwhile_stays(theirs):
    theirs.json("agent", "install", "claude")
    path = theirs.repo / ".claude/settings.json"
    changed = json.loads(path.read_text())
    changed["mine"] = 1
    path.write_text(json.dumps(changed, indent=1))
    skill = theirs.repo / ".agents/skills/run-research/SKILL.md"
    skill.write_text(skill.read_text() + "\nOurs too.\n")
    left = theirs.json("agent", "uninstall", "claude")["data"]["left"]
    assert json.loads(path.read_text()) == {**json.loads(SETTINGS), "mine": 1}
    assert skill.exists() and any("somebody changed it" in line for line in left)


def test_the_last_program_takes_the_common_parts_along(theirs):
    theirs.json("agent", "install", "claude", "codex")
    theirs.json("agent", "uninstall", "claude")
    assert (theirs.repo / ".agents/skills/run-research/SKILL.md").exists()
    assert b"leadline brief" in (theirs.repo / "AGENTS.md").read_bytes()
    theirs.json("agent", "uninstall", "codex")
    assert (theirs.repo / "AGENTS.md").read_bytes() == AGENTS.encode()
    assert not (theirs.repo / ".agents/skills").exists()


@pytest.mark.parametrize(
    "text",
    ['{\n // mine\n "a": 1}', '{"a": 1,}', "{", "[]", '{"hooks": []}', '{"hooks": {"Stop": 5}}'],
)
def test_a_file_that_cannot_be_edited_surely_is_left_alone_and_said(theirs, text):
    path = theirs.repo / ".claude/settings.json"
    path.write_text(text)
    answer = theirs.json("agent", "install", "claude")["data"]
    assert path.read_text() == text
    assert [line for line in answer["left"] if line.startswith(".claude/settings.json")]
    assert ".mcp.json" in answer["changed"]


def test_a_folder_in_the_place_of_a_file_is_left_alone_and_said(theirs):
    (theirs.repo / ".mcp.json").mkdir()
    done = theirs.json("agent", "install", "claude")["data"]
    assert done["left"] == [".mcp.json: Is a directory; left alone"]
    assert ".claude/settings.json" in done["changed"]


def test_a_dry_run_shows_the_diff_and_writes_nothing(theirs):
    before = tree(theirs.repo)
    data = theirs.json("agent", "install", "all", "--dry-run")["data"]
    assert tree(theirs.repo) == before
    assert '+    "leadline": {' in data["diff"] or "leadline hook" in data["diff"]


def test_a_link_out_of_the_work_tree_is_not_written_through(theirs, tmp_path):
    outside = tmp_path / "elsewhere.json"
    outside.write_text("{}")
    (theirs.repo / ".mcp.json").symlink_to(outside)
    left = theirs.json("agent", "install", "claude")["data"]["left"]
    assert outside.read_text() == "{}" and any(".mcp.json" in line for line in left)


def test_a_person_installs_for_all_projects(theirs):
    home = Path(theirs.env["HOME"])
    home.mkdir(exist_ok=True)
    own = '{"numStartups": 3,\n "mcpServers": {"mine": {"command": "x"}}}\n'
    (home / ".claude.json").write_text(own)
    before = tree(home)
    theirs.json("agent", "install", "claude", "codex", "gemini", "--user")
    servers = json.loads((home / ".claude.json").read_text())["mcpServers"]
    assert list(servers) == ["mine", "leadline"]
    assert (home / ".codex/hooks.json").exists() and (home / ".gemini/settings.json").exists()
    theirs.json("agent", "uninstall", "all", "--user")
    left = {k: v for k, v in tree(home).items() if "state" not in k and ".local" not in k}
    assert left == before
