"""What a hook is told: the words of several programs for one thing, and the answer in theirs.

Claude Code and Codex share one shape, Gemini CLI has other names of events, Cursor another answer.
What is not understood is no event: an agent's work does not wait for us.

>>> event_of({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}}).command
'ls'
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.agent.shell import patched_by
from leadline.core.typed import Any, NamedTuple

START, BEFORE, AFTER, COMPACT, STOP, END = "start", "before", "after", "compact", "stop", "end"
HELPER = "helper"  # an agent that the session's own sends out begins
MOMENTS = {
    "SessionStart": START,
    "sessionStart": START,
    "SubagentStart": HELPER,
    "PreToolUse": BEFORE,
    "BeforeTool": BEFORE,
    "beforeShellExecution": BEFORE,
    "PostToolUse": AFTER,
    "PostToolUseFailure": AFTER,
    "AfterTool": AFTER,
    "afterShellExecution": AFTER,
    "PreCompact": COMPACT,
    "PreCompress": COMPACT,
    "Stop": STOP,
    "AfterAgent": STOP,
    "stop": STOP,
    "SessionEnd": END,
    "sessionEnd": END,
}
_SHELLS = ("Bash", "exec_command", "shell", "local_shell", "run_shell_command", "Shell")
_EDITORS = (
    "Edit",
    "Write",
    "MultiEdit",
    "NotebookEdit",
    "apply_patch",
    "write_file",
    "replace",
    "edit",
    "write",
)
_PATHS = ("file_path", "notebook_path", "path", "absolute_path", "filePath")
_MOST_TEXT = 100_000


class Event(NamedTuple):
    """``named``: the session as its program calls it; ``paths``: that are about to be edited;
    ``again``: the stop was held up before, and is not again."""

    moment: str
    word: str  # the program's own name of the event
    named: str = ""
    folder: str = ""
    source: str = ""  # of a start: ``startup``, ``resume``, ``clear``, ``compact``
    command: str = ""
    paths: tuple[str, ...] = ()
    again: bool = False
    transcript: str = ""
    model: str = ""
    reason: str = ""
    helper: str = ""  # which agent of the session, where it is one that was sent out


def event_of(data: Any, word: str = "") -> Event | None:
    """The event that ``data`` tells of; None for one that asks for nothing. ``word``: its name, where the
    data have none."""
    if not isinstance(data, dict):
        return None
    word = _text(data, "hook_event_name") or word
    moment = MOMENTS.get(word)
    if moment is None:
        return None
    given = data.get("tool_input")
    asked: Mapping[str, Any] = given if isinstance(given, dict) else {}
    tool = _text(data, "tool_name")
    command = _command(asked) if tool in _SHELLS else _text(data, "command")
    return Event(
        moment,
        word,
        _text(data, "session_id") or _text(data, "conversation_id"),
        _text(data, "cwd"),
        _text(data, "source"),
        command,
        _edited(asked) if tool in _EDITORS else (),
        data.get("stop_hook_active") is True,
        _text(data, "transcript_path"),
        _text(data, "model"),
        _text(data, "reason"),
        _text(data, "agent_id"),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _command(asked: Mapping[str, Any]) -> str:
    value = asked.get("command") or asked.get("cmd")
    if isinstance(value, list):
        words = [str(word) for word in value]
        return words[-1] if words[1:2] in (["-c"], ["-lc"]) else " ".join(words)
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _edited(asked: Mapping[str, Any]) -> tuple[str, ...]:
    named = [_text(asked, name) for name in _PATHS]
    patch = _text(asked, "command") or _text(asked, "input") or _text(asked, "patch")
    return tuple(path for path in (*named, *patched_by(patch)) if path)


class Answer(NamedTuple):
    """``say``: read by the model; ``refuse``: and what it was about to do is not done; ``tell``: shown
    to the person."""

    say: str = ""
    refuse: str = ""
    tell: str = ""


def in_words_of(agent: str, event: Event, answer: Answer) -> dict[str, Any]:
    """The answer as the program of ``agent`` takes it; empty for nothing to say."""
    if agent == "cursor":
        if answer.refuse and event.moment == BEFORE:
            return {"permission": "deny", "agent_message": answer.refuse}
        key = "followup_message" if event.moment == STOP else "additional_context"
        said = answer.refuse or answer.say
        return {key: said} if said else {}
    out: dict[str, Any] = {}
    if answer.tell:
        out["systemMessage"] = answer.tell
    if answer.refuse and event.moment == BEFORE and agent != "gemini-cli":
        out["hookSpecificOutput"] = {
            "hookEventName": event.word,
            "permissionDecision": "deny",
            "permissionDecisionReason": answer.refuse,
        }
    elif answer.refuse:
        out |= {"decision": "deny" if event.moment == BEFORE else "block", "reason": answer.refuse}
    elif answer.say:
        out["hookSpecificOutput"] = {
            "hookEventName": event.word,
            "additionalContext": answer.say,
        }
    return out
