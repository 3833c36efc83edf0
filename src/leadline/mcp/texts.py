"""What the server says of itself: how to begin, resources, prompts."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.typed import Any

INSTRUCTIONS = (
    "Leadline records research in this repository. Call brief first. Run whatever measures with run, "
    "sweep or ab, never bare. Cite numbers as {{P-003.metric}}. An error names the call that mends it in next."
)
RESOURCES: list[dict[str, Any]] = [
    {"uri": "leadline://brief", "name": "brief", "mimeType": "text/plain"},
]
TEMPLATES: list[dict[str, Any]] = [
    {"uriTemplate": "leadline://thread/{topic}", "name": "thread", "mimeType": "text/plain"},
    {"uriTemplate": "leadline://experiment/{id}", "name": "experiment"},
    {"uriTemplate": "leadline://logbook/{topic}", "name": "logbook", "mimeType": "text/markdown"},
]
PROMPTS: list[dict[str, Any]] = [
    {
        "name": "kickoff",
        "description": "Open a research thread",
        "arguments": [{"name": "topic", "description": "in a few words", "required": True}],
    },
    {"name": "update", "description": "Post an update on the experiment issue"},
    {"name": "finish", "description": "Conclude the thread"},
]
_TEXTS = {
    "kickoff": (
        "Open a research thread on {topic} with Leadline. Ask me for what you cannot find in the repository: goal, "
        "motivation, success metrics with unit and direction, hypotheses, first experiment matrix, stop criteria, the "
        "fixed baseline case. Then `leadline start`, `leadline check kickoff`, and mend what it names. Run the "
        "baseline case five times and register it."
    ),
    "update": (
        "Bring the experiment issue up to date: call brief and `leadline check post`, mend what is missing, show me "
        "update with dry_run, and post it when I agree. Say what changed, how sure it is and what comes next."
    ),
    "finish": (
        "Conclude the thread: `leadline check close` names what is missing. Confirm headline claims, interpret what "
        "has no interpretation, then propose to me the conclusion, what worked, what did not, limits and next steps, "
        "and run `leadline finish` when I agree."
    ),
}


def words_of(uri: str) -> list[str] | None:
    """The command that a resource stands for; None for one that is none."""
    kind, _, name = uri.removeprefix("leadline://").partition("/")
    if not uri.startswith("leadline://") or name.startswith("-"):
        return None
    if kind == "brief" and not name:
        return ["brief"]
    if not name:
        return None
    found = {
        "thread": ["brief", "--thread", name],
        "experiment": ["show", name],
        "logbook": ["logbook", "--thread", name],
    }
    return found.get(kind)


def prompt(name: str, arguments: Mapping[str, Any]) -> str | None:
    text = _TEXTS.get(name)
    return None if text is None else text.replace("{topic}", str(arguments.get("topic", "TOPIC")))
