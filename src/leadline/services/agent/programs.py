"""What each agent's program reads, and where: its hooks, its servers, its skills.

Claude Code and Codex as tried with the programs themselves; Gemini CLI, opencode and Cursor by their
documentation.
"""

from __future__ import annotations

from leadline.core.typed import Any, NamedTuple

SKILL = "run-research"
SKILLS = f".agents/skills/{SKILL}"
_BEFORE, _AFTER = "Bash|Edit|Write|MultiEdit|NotebookEdit", "Bash"


class Program(NamedTuple):
    """Paths are below the work tree, or below the home folder for a person (``user_…`` where they differ
    there; "-": not there). ``server`` is the path of the entry in the JSON file ``servers``."""

    name: str
    agent: str  # as sessions call it
    hooks: str = ""
    user_hooks: str = ""
    events: tuple[tuple[str, str], ...] = ()  # name of the event, matcher of tools
    timeout: int = 10
    flat: bool = False  # an element is the command itself
    versioned: bool = False
    servers: str = ""
    user_servers: str = ""
    server: tuple[str, ...] = ("mcpServers", "leadline")
    entry: dict[str, Any] = {"command": "leadline", "args": ["mcp"]}  # noqa: RUF012
    link: str = ""  # where it looks for skills, if not in .agents/skills


PROGRAMS = {
    "claude": Program(
        "claude",
        "claude-code",
        hooks=".claude/settings.json",
        events=(
            ("SessionStart", ""),
            ("SubagentStart", ""),
            ("PreToolUse", _BEFORE),
            ("PostToolUse", _AFTER),
            ("PostToolUseFailure", _AFTER),
            ("PreCompact", ""),
            ("Stop", ""),
            ("SessionEnd", ""),
        ),
        servers=".mcp.json",
        user_servers=".claude.json",
        entry={"type": "stdio", "command": "leadline", "args": ["mcp"]},
        link=f".claude/skills/{SKILL}",
    ),
    "codex": Program(
        "codex",
        "codex",
        hooks=".codex/hooks.json",
        events=(
            ("SessionStart", ""),
            ("PreToolUse", "Bash|apply_patch"),
            ("PostToolUse", "Bash"),
            ("PreCompact", ""),
            ("Stop", ""),
            ("SessionEnd", ""),
        ),
        servers=".codex/config.toml",
    ),
    "gemini": Program(
        "gemini",
        "gemini-cli",
        hooks=".gemini/settings.json",
        events=(
            ("SessionStart", ""),
            ("BeforeTool", "run_shell_command|write_file|replace"),
            ("AfterTool", "run_shell_command"),
            ("PreCompress", ""),
            ("SessionEnd", ""),
        ),
        timeout=10_000,
        servers=".gemini/settings.json",
    ),
    "opencode": Program(
        "opencode",
        "opencode",
        servers="opencode.json",
        user_servers=".config/opencode/opencode.json",
        server=("mcp", "leadline"),
        entry={"type": "local", "command": ["leadline", "mcp"], "enabled": True},
    ),
    "cursor": Program(
        "cursor",
        "cursor",
        hooks=".cursor/hooks.json",
        events=(
            ("sessionStart", ""),
            ("beforeShellExecution", ""),
            ("afterShellExecution", ""),
            ("stop", ""),
            ("sessionEnd", ""),
        ),
        flat=True,
        versioned=True,
        servers=".cursor/mcp.json",
    ),
}


def command_of(program: Program) -> str:
    """Of every hook: where Leadline is not installed, nothing happens."""
    return f"leadline hook --agent {program.agent} 2>/dev/null || true"


def element_of(program: Program, matcher: str) -> dict[str, Any]:
    """What stands in the list of an event."""
    if program.flat:
        return {"command": command_of(program)}
    hook = {"type": "command", "command": command_of(program), "timeout": program.timeout}
    return {**({"matcher": matcher} if matcher else {}), "hooks": [hook]}


def is_ours(element: Any) -> bool:
    """Whether an element of an event's list is Leadline's, of whatever version."""
    if not isinstance(element, dict):
        return False
    inner = element.get("hooks")
    commands = [element, *(inner if isinstance(inner, list) else [])]
    return any(
        "leadline hook" in str(c.get("command", "")) for c in commands if isinstance(c, dict)
    )


TOML_BEGIN, TOML_END = "# leadline:begin", "# leadline:end"
TOML_BLOCK = (
    f'{TOML_BEGIN}\n[mcp_servers.leadline]\ncommand = "leadline"\nargs = ["mcp"]\n{TOML_END}\n'
)
AGENTS_BLOCK = """## Research record

This repository keeps a research record with Leadline.

- Begin with `leadline brief`; `leadline next` names what to do now.
- Run whatever measures (benchmark, training, evaluation) as `leadline run -- CMD`, over values with `leadline sweep`,
  two commands against each other with `leadline ab`.
- Cite numbers as `{{P-003.metric}}`; state results with `leadline claim`. Never edit `.agents/logbooks/` by hand.
- End with `leadline handoff`. The skill `run-research` says the rest."""
