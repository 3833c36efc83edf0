"""Open a thread: prefix, branch, kickoff, hypotheses, tracker; then what follows: the experiment
issue and the first rendering."""

from __future__ import annotations

import re

from leadline.core.check.kickoff import (
    BY_NAME,
    Kickoff,
    from_markdown,
    missing_fields,
    normalise,
    parse_metric,
    text_of,
    texts_of,
)
from leadline.core.check.missing import Missing
from leadline.core.errors import conflict, usage
from leadline.core.ids import PREFIX, TOPIC, named_id, prefix_from_topic
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.core.values import dataclass
from leadline.services.context import Context
from leadline.services.issue.delivery import Opening
from leadline.services.issue.verbs import to_adopt
from leadline.services.lookup import refuse_shadow
from leadline.services.publish.follow import Followed, follow
from leadline.services.thread.fields_file import read_fields

if TYPE_CHECKING:
    from leadline.core.record.bodies import IssueWantedBody, ThreadStartedBody

OWN_RECORDS = (
    "hypothesis",
    "protect",
    "profile",
)  # fields of the kickoff that are records of their own


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


def read_kickoff(path: str) -> Kickoff:
    """Kickoff fields of a TOML, YAML, JSON or Markdown file. Raises LeadlineError(usage |
    not_found)."""
    return normalise(read_fields(path, "kickoff", "start", from_markdown), path)


@dataclass(frozen=True)
class StartRequest:
    """``branch`` is created, or adopted when it exists; default ``research/<topic>``; ``no_branch``
    makes none. ``issue``: number or address of one to adopt. ``tracker``: where its runs go."""

    topic: str
    kickoff: Kickoff
    prefix: str | None = None
    branch: str | None = None
    no_branch: bool = False
    switch: bool = True
    draft: bool = False
    issue: str = ""
    wishes: IssueWantedBody | None = None
    tracker: str = ""


@dataclass(frozen=True)
class Started:
    """The thread as it is now, what followed, and the kickoff fields that were not given."""

    thread: Thread
    followed: Followed
    missing: list[Missing]

    def as_dict(self) -> dict[str, object]:
        thread, issue = self.thread, self.followed.issue
        return {
            "topic": thread.topic,
            "prefix": thread.prefix,
            "branch": thread.about.get("branch"),
            "issue": thread.issue.number,
            "issue_url": thread.issue.url,
            "waits": issue.waits,
            "why": issue.why,
            "logbook": self.followed.logbook.logbook,
            "record_commit": self.followed.record_commit,
            "problems": [problem.as_dict() for problem in self.followed.problems],
            "missing": self.missing,
        }


def start(context: Context, request: StartRequest) -> Started:
    """Start the thread; what it is to have beside its record follows.

    Raises LeadlineError: bad-topic, duplicate topic or prefix, a tracker or an issue that cannot be
    its, branch cannot be made. Nothing is recorded then.
    """
    topic, kickoff = request.topic, request.kickoff
    # All that may be refused, before anything is made.
    check_topic(topic)
    context.screen.refuse_as_name(topic, "the topic", "leadline start my-topic")
    project = text_of(kickoff, "tracker-project") or topic
    if request.tracker:
        from leadline.services.tracker.choice import (  # noqa: PLC0415  start-up: 6 ms
            check_choice,
            choose,
        )

        check_choice(context, request.tracker, project)
    wishes: IssueWantedBody = {**(request.wishes or {})}
    if request.issue:
        wishes["number"] = to_adopt(context, topic, request.issue)
    _refuse_second(context, topic)
    _prefix(context, topic, request.prefix)
    ruler = None
    if patterns := texts_of(kickoff, "protect"):
        from leadline.services.run.declare_ruler import declaration  # noqa: PLC0415  start-up: 8 ms

        ruler = declaration(context, patterns)
    profile = None
    if named := text_of(kickoff, "profile"):
        from leadline.services.thread.profile import chosen, prefer_executor  # noqa: PLC0415  start-up: 2 ms

        profile = chosen(context, named)
        if path := profile.get("production_path"):
            kickoff.setdefault("production-path", path)
    metrics = _metrics(kickoff)
    # The branch, then the record that names it.
    about: dict[str, object] = {
        k: v for k, v in kickoff.items() if k in BY_NAME and v and k not in OWN_RECORDS
    }
    if not request.no_branch and (
        branch := _branch(context, topic, request.branch, request.switch)
    ):
        about["branch"] = branch
    about["code_at_start"] = context.vcs.head()["commit"] or "no commit yet"
    if context.setting("logbook.in_tree"):
        about["logbook"] = f"{context.setting('logbook.folder')}/{topic}.md"
    with (
        context.store.alone("", "start"),  # another process may have been quicker
        context.store.transaction(topic, create=True) as writing,
    ):
        _refuse_second(context, topic)
        prefix = _prefix(context, topic, request.prefix)
        said = {"prefix": prefix, "metrics": metrics, **about}
        writing.add("thread-started", cast("ThreadStartedBody", said))
        for number, statement in enumerate(texts_of(kickoff, "hypothesis"), 1):
            shown = named_id(prefix, "hypothesis", number)
            writing.add("hypothesis", {"id": shown, "text": statement, "state": "proposed"})
        if ruler is not None:
            writing.add("ruler", ruler)
        if profile is not None:
            writing.add("profile", profile)
    context.choose(topic)
    if profile is not None:
        prefer_executor(context, topic, profile)
    # The tracker first: it is a record, and all that follows shows it.
    if request.tracker:
        choose(context, topic, request.tracker, project)
    opening = Opening(request.draft, wishes)
    followed = follow(context, topic, f"start of {topic}", opening=opening)
    thread = context.store.thread(topic)
    return Started(thread, followed, check_kickoff(context, thread))


def _refuse_second(context: Context, topic: str) -> None:
    if context.store.exists(topic):
        raise conflict(
            "topic-exists",
            f"thread {topic!r} exists already",
            why="a topic names one thread for ever",
            do=[f"leadline brief --thread {topic}", f"leadline start {topic}-2"],
        )


def _prefix(context: Context, topic: str, wanted: str | None) -> str:
    taken = {
        context.store.slice(other, [], ("thread-started",)).prefix: other
        for other in context.store.topics()
    }
    # A topic stands where ids stand: leadline correct TOPIC.
    refuse_shadow(topic, "thread", [*taken, wanted or ""], f"leadline start {topic[:73]}-study")
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


def _metrics(kickoff: Kickoff) -> list[dict[str, str]]:
    """Takes the success metrics that are definitions out of those that are prose."""
    texts = texts_of(kickoff, "success")
    found = [parse_metric(text) for text in texts]
    kickoff["success"] = [t for t, m in zip(texts, found, strict=True) if m is None]
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


def check_kickoff(context: Context, thread: Thread) -> list[Missing]:
    """One entry per missing kickoff field, and per thing that the profile asks for, each with the
    command that gives it."""
    about = dict(thread.about)
    if any(h.stands for h in thread.hypotheses):
        about["hypothesis"] = "given"
    items: list[Missing] = []
    for field in missing_fields(about, bool(thread.metrics)):
        mend = f"leadline correct {thread.topic} {field.name}='…'"
        if field.name == "hypothesis":
            mend = "leadline hypothesis add '…'"
        what = f"no {field.name}: {field.help}"
        items.append({"code": f"kickoff-{field.name}", "what": what, "mend": mend})
    if thread.profile:
        from leadline.services.thread.profile_check import asked_at_kickoff  # noqa: PLC0415  start-up: 3 ms

        items += asked_at_kickoff(context, thread)
    return items
