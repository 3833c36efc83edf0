"""Open a thread: prefix, branch, kickoff, hypotheses, experiment issue; then the first rendering."""

from __future__ import annotations

import re

from leadline.core.check.kickoff import (
    BY_NAME,
    from_markdown,
    missing_fields,
    normalise,
    parse_metric,
)
from leadline.core.errors import conflict, usage
from leadline.core.ids import PREFIX, TOPIC, named_id, prefix_from_topic
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.services.context import Context
from leadline.services.issue.delivery import bring_up_to_date
from leadline.services.thread.fields_file import read_fields

if TYPE_CHECKING:
    from leadline.core.record.bodies import ThreadStartedBody


def check_topic(topic: str) -> None:
    """Raises LeadlineError(usage) for a topic that cannot be a folder, a branch and a file name
    everywhere."""
    if not TOPIC.match(topic) or ".." in topic or topic.endswith((".lock", ".jsonl")):
        better = re.sub(r"[^a-z0-9]+", "-", topic.lower()).strip("-")[:60] or "my-topic"
        raise usage(
            "bad-topic",
            f"{topic!r} is no topic name",
            why="small letters, digits, '-', '_' and '.', starting and ending with a letter or digit, at most 80",
            do=f"leadline start {better}",
        )


def read_kickoff(path: str) -> dict[str, Any]:
    """Kickoff fields of a TOML, YAML, JSON or Markdown file. Raises LeadlineError(usage |
    not_found)."""
    return normalise(read_fields(path, "kickoff", "start", from_markdown), path)


def start(
    context: Context,
    topic: str,
    kickoff: dict[str, Any],
    *,
    prefix: str | None = None,
    branch: str | None = None,
    no_branch: bool = False,
    switch: bool = True,
    draft: bool = False,
    wishes: dict[str, Any] | None = None,
) -> tuple[Thread, dict[str, Any]]:
    """Start the thread; returns it and what became of its issue
    (``issue_delivery.bring_up_to_date``).

    ``branch`` is created, or adopted when it exists; default ``research/<topic>``; ``no_branch``
    makes none. ``wishes`` for the issue: labels, milestone, assignees, parent, or the ``number`` of
    one that exists. Raises LeadlineError: bad-topic, duplicate topic or prefix, branch cannot be
    made. Nothing is recorded then.
    """
    check_topic(topic)
    _refuse_second(context, topic)
    prefix = _prefix(context, topic, prefix)
    metrics = _metrics(kickoff)
    about = {k: v for k, v in kickoff.items() if k in BY_NAME and v and k != "hypothesis"}
    branch_name = None if no_branch else _branch(context, topic, branch, switch)
    if branch_name:
        about["branch"] = branch_name
    head = context.vcs.head()
    about["code_at_start"] = head["commit"] or "no commit yet"
    if context.setting("logbook.in_tree"):
        about["logbook"] = f"{context.setting('logbook.folder')}/{topic}.md"
    with context.store.transaction(topic, create=True) as writing:
        _refuse_second(context, topic)  # another process may have been quicker
        said = {"prefix": prefix, "metrics": metrics, **about}
        writing.add("thread-started", cast("ThreadStartedBody", said))
        for number, statement in enumerate(kickoff.get("hypothesis", []), 1):
            writing.add(
                "hypothesis",
                {
                    "id": named_id(prefix, "hypothesis", number),
                    "text": statement,
                    "state": "proposed",
                },
            )
    context.choose(topic)
    issue = _open_issue(context, topic, draft, wishes)
    return context.store.thread(topic), issue


def _refuse_second(context: Context, topic: str) -> None:
    if context.store.exists(topic):
        raise conflict(
            "topic-exists",
            f"thread {topic!r} exists already",
            why="a topic names one thread for ever",
            do=[f"leadline brief --thread {topic}", f"leadline start {topic}-2"],
        )


def _prefix(context: Context, topic: str, wanted: str | None) -> str:
    taken = {context.store.thread(t).prefix: t for t in context.store.topics()}
    if wanted is not None:
        if not PREFIX.match(wanted):
            raise usage(
                "bad-prefix",
                f"{wanted!r} is no id prefix",
                why="capital letters and digits, up to three parts joined by '-', each starting with a letter: MOE-HC",
                do=f"leadline start {topic} --prefix {prefix_from_topic(topic)}",
            )
        if wanted in taken:
            raise conflict(
                "prefix-in-use",
                f"prefix {wanted} belongs to thread {taken[wanted]!r}",
                why="ids must be unique in the repository",
                do=f"leadline start {topic} --prefix {_free(wanted, taken)}",
            )
        return wanted
    default = prefix_from_topic(topic)
    return default if default not in taken else _free(default, taken)


def _free(base: str, taken: dict[str, str]) -> str:
    number = 2
    while f"{base}{number}" in taken:
        number += 1
    return f"{base}{number}"


def _metrics(kickoff: dict[str, Any]) -> list[dict[str, str]]:
    found = [parse_metric(text) for text in kickoff.get("success", [])]
    kickoff["success"] = [
        t for t, m in zip(kickoff.get("success", []), found, strict=True) if m is None
    ]
    return [m for m in found if m]


def _branch(context: Context, topic: str, wanted: str | None, switch: bool) -> str | None:
    """Create or adopt; never rename. A detached HEAD or a bare repository gets the branch without a
    switch."""
    name = wanted or f"{context.setting('branch_prefix')}{topic}"
    if context.vcs.current_branch() == name:
        return name
    if context.vcs.branch_exists(name):
        if switch and wanted is None and context.vcs.toplevel:
            context.warn(f"branch {name} exists and is adopted; it is not checked out")
        return name
    head = context.vcs.head()
    if head["commit"] is None:
        if context.vcs.toplevel is None:
            return None
        context.vcs.create_branch(name, switch=True)
    else:
        context.vcs.create_branch(name, switch=switch and context.vcs.toplevel is not None)
    return name


def _open_issue(
    context: Context, topic: str, draft: bool, wishes: dict[str, Any] | None
) -> dict[str, Any]:
    return bring_up_to_date(context, topic, create=True, draft=draft, wishes=wishes)


def check_kickoff(thread: Thread) -> list[dict[str, str]]:
    """One entry per missing kickoff field, with the command that gives it."""
    about = dict(thread.about)
    if any(h.stands for h in thread.hypotheses):
        about["hypothesis"] = "given"
    return [
        {
            "code": f"kickoff-{f.name}",
            "what": f"no {f.name}: {f.help}",
            "mend": f"leadline correct {thread.topic} {f.name}='…'"
            if f.name != "hypothesis"
            else "leadline hypothesis add '…'",
        }
        for f in missing_fields(about, bool(thread.metrics))
    ]
