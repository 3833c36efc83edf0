"""Write the Claude Code plug-in and its marketplace file, `plugin/`, from the sources that `leadline agent
install` has: `python tools/plugin.py [--check]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from leadline import __version__
from leadline.services.agent.install import skill_files
from leadline.services.agent.programs import PROGRAMS, SKILL, element_of

TOP = Path(__file__).resolve().parents[1] / "plugin"
ABOUT = "Keeps agent-directed research trustworthy: runs, evidence, claims and what comes next."


def files() -> dict[str, bytes]:
    """Path below ``plugin/`` to content."""
    claude, owner = PROGRAMS["claude"], {"name": "Leadline"}
    hooks = {event: [element_of(claude, matcher)] for event, matcher in claude.events}
    told = {
        ".claude-plugin/marketplace.json": {
            "name": "leadline",
            "owner": owner,
            "metadata": {"description": ABOUT},
            "plugins": [{"name": "leadline", "source": "./leadline", "description": ABOUT}],
        },
        "leadline/.claude-plugin/plugin.json": {
            "name": "leadline",
            "version": __version__,
            "description": ABOUT,
            "author": owner,
            "license": "Apache-2.0",
            "keywords": ["research", "benchmark", "experiments"],
        },
        "leadline/hooks/hooks.json": {"hooks": hooks},
        "leadline/.mcp.json": {"mcpServers": {"leadline": claude.entry}},
    }
    found = {name: (json.dumps(value, indent=2) + "\n").encode() for name, value in told.items()}
    skill = {f"leadline/skills/{SKILL}/{name}": data for name, data in skill_files().items()}
    return found | skill


def main() -> int:
    wanted = files()
    there = {str(p.relative_to(TOP)): p.read_bytes() for p in TOP.rglob("*") if p.is_file()}
    if there == wanted:
        return 0
    if "--check" in sys.argv:
        print("plugin/ is not what its sources say: python tools/plugin.py", file=sys.stderr)
        return 1
    for name in there.keys() - wanted.keys():
        (TOP / name).unlink()
    for name, data in wanted.items():
        (TOP / name).parent.mkdir(parents=True, exist_ok=True)
        (TOP / name).write_bytes(data)
    print(f"wrote {len(wanted)} files below plugin/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
