"""Installing for agents' programs: said first, done once, taken back to the byte."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

from leadline.services.agent import install

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


def test_what_cannot_be_read_is_not_told_as_not_installed(theirs):
    theirs.ok("agent", "install", "claude")
    (theirs.repo / ".claude/settings.json").write_text("{ // a comment\n}")
    (theirs.repo / ".codex/config.toml").write_bytes(b"\xff")
    rows = {r["program"]: r for r in theirs.json("agent", "status", "--project")["data"]}
    assert (rows["claude"]["hooks"], rows["claude"]["server"]) == (None, True)
    assert (rows["codex"]["hooks"], rows["codex"]["server"]) == (0, None)
    said = theirs.ok("agent", "status", "--project")
    assert "?/8" in said and "not known: .claude/settings.json: it is no strict JSON" in said
    assert ".codex/config.toml: it is no UTF-8" in said and "not installed: gemini" in said


def test_what_is_for_its_owner_alone_stays_so_and_read_only_stays_as_it_is(theirs):
    key = "sk-proj-" + "a1B2" * 12
    servers, hooks = theirs.repo / ".mcp.json", theirs.repo / ".codex/hooks.json"
    own = json.dumps({"mcpServers": {"mine": {"command": "x", "env": {"API_KEY": key}}}})
    servers.write_text(own)
    servers.chmod(0o600)
    hooks.write_text("{}")
    hooks.chmod(0o444)
    done = theirs.run("agent", "install", "claude", "codex")
    assert key not in done.stdout and "left: .codex/hooks.json: it is read-only" in done.stdout
    kept = theirs.repo / ".git/leadline-agent.json"
    assert [p.stat().st_mode & 0o777 for p in (servers, kept, hooks)] == [0o600, 0o600, 0o444]
    theirs.ok("agent", "uninstall", "all")
    assert servers.read_text() == own and servers.stat().st_mode & 0o777 == 0o600


def test_line_ends_are_those_of_the_file(theirs):
    agents, config = theirs.repo / "AGENTS.md", theirs.repo / ".codex/config.toml"
    config.write_bytes(b"a = 1\r\n")
    agents.write_bytes(b"Ours.\r\n")
    theirs.ok("agent", "install", "codex")
    assert all(
        f.read_bytes().count(b"\n") == f.read_bytes().count(b"\r\n") for f in (agents, config)
    )
    assert theirs.json("agent", "install", "codex")["data"]["changed"] == []
    agents.write_bytes(agents.read_bytes() + b"More.\r\n")
    theirs.ok("agent", "uninstall", "codex")
    assert agents.read_bytes() == b"Ours.\r\nMore.\r\n" and config.read_bytes() == b"a = 1\r\n"


def test_what_cannot_be_written_keeps_nothing_from_being_taken_back(theirs, monkeypatch, tmp_path):
    before = tree(theirs.repo)
    place = install.Place(str(theirs.repo), str(tmp_path / "state.json"), False)
    plan = install.plan_install(place, ["claude", "codex"])
    write = install.write_whole

    def full(path, data, **options):
        if path.endswith(".codex/hooks.json"):
            raise OSError(28, "No space left on device")
        write(path, data, **options)

    monkeypatch.setattr(install, "write_whole", full)
    done = install.apply(place, plan, back=False)
    assert done.left == [".codex/hooks.json: No space left on device; left alone"]
    back = install.plan_uninstall(place, ["claude", "codex"])
    assert install.apply(place, back, back=True).left == [] and tree(theirs.repo) == before


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
