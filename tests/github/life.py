"""A thread's whole life on a forge, for tests: each step is a record first, then bringing the issue
up to date.

In one process and with few git commands, so that it can be lived hundreds of times;
``test_life_cli.py`` lives it through the program.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leadline.adapters.forges.github.client import Client
from leadline.adapters.forges.github.issues import GitHubForge
from leadline.bootstrap import open_context
from leadline.core.errors import LeadlineError
from leadline.services.context import Context
from leadline.services.issue.delivery import Opening, bring_up_to_date
from leadline.services.issue.verbs import fix_comment

TOKEN = "tok_owner"


class Killed(BaseException):
    """The process ends here: nothing after it happens."""


class MovedClock:
    """The real clock, set forward at will: pauses that a server asks for pass at once."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        import time

        return time.time_ns() // 1_000_000 + self.ahead_ms


def make_repository(folder: Path, url: str, name: str = "lab") -> Path:
    folder.mkdir(parents=True)
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / ".git" / "leadline").mkdir()
    settings = {"forge": "github", "forge.repository": f"octocat/{name}", "forge.api_url": url}
    lines = [f'"{key}" = "{value}"\n' for key, value in settings.items()]
    (folder / ".git" / "leadline" / "config.toml").write_text("".join(lines))
    return folder


def open_at(
    repository: Path,
    url: str,
    clock: MovedClock,
    sent: Callable[[], None],
    token: str,
    max_wait_s: float = 0.0,
) -> Context:
    """A context as a new process has it. ``sent`` is called after each answer, before anything is
    made of it."""
    context = open_context(str(repository))
    context.clock = clock
    context.settings["logbook.in_tree"] = False

    class Watched(Client):
        def _send(self, *args: Any) -> Any:
            answer = super()._send(*args)
            sent()
            return answer

    local = context.forge_for

    def forge_for(topic: str) -> Any:
        found = local(topic)
        if found.name == "local":
            return found
        client = Watched(url, lambda: token, "", max_wait_s, timeout_s=5.0)
        return GitHubForge(client, context.settings["forge.repository"], url)

    context.forge_for = forge_for
    return context


class Life:
    """The steps, each safe to be taken again by another process. ``texts``: marker -> text of the
    comments to be."""

    def __init__(self, topic: str, prefix: str) -> None:
        self.topic, self.prefix = topic, prefix
        self.steps = [
            self.start,
            self.update,
            self.beat,
            self.goes_on,
            self.second,
            self.fix,
            self.snapshot,
            self.finish,
        ]

    def start(self, context: Context) -> None:
        if not context.store.exists(self.topic):
            with context.store.transaction(self.topic, create=True) as writing:
                writing.add(
                    "thread-started", {"prefix": self.prefix, "goal": "find out", "metrics": []}
                )
        bring_up_to_date(context, self.topic, Opening(), asked_for=True)

    def _say(self, context: Context, number: int, body: dict[str, Any]) -> None:
        shown = f"{self.prefix}-U{number}"
        if shown not in context.store.thread(self.topic).items:
            with context.store.transaction(self.topic) as writing:
                writing.add(
                    "update",
                    {"id": shown, "marker": f"update:{writing.new_uid()}", "refs": {}, **body},
                )
        bring_up_to_date(context, self.topic, asked_for=True)

    def update(self, context: Context) -> None:
        self._say(context, 1, {"form": "update", "text": "first `#12`  \nnews"})

    def beat(self, context: Context) -> None:
        self._say(context, 2, {"form": "heartbeat", "text": "still here"})

    def goes_on(self, context: Context) -> None:
        self._say(
            context,
            3,
            {
                "form": "heartbeat",
                "text": "still here, said 2 times",
                "continues": f"{self.prefix}-U2",
            },
        )

    def second(self, context: Context) -> None:
        thread = context.store.thread(self.topic)
        if f"{self.prefix}-D1" not in thread.items:
            context.append_item(
                thread, "decision", {"text": "use it", "evidence": [], "owner": "Ada", "refs": {}}
            )
        self._say(context, 4, {"form": "update", "text": "second news, ünïcode 🌈"})

    def fix(self, context: Context) -> None:
        """Not recorded before it is done: where it fails, it is asked for again."""
        comments = context.store.thread(self.topic).issue.comments
        if comments and not comments[0]["edits"]:
            fix_comment(context, self.topic, comments[0]["id"], None, "format")

    def snapshot(self, context: Context) -> None:
        thread = context.store.thread(self.topic)
        if not thread.of_kind("snapshot"):
            body = {
                "name": "S1",
                "tag": f"leadline/{self.topic}/S1",
                "commit": "1" * 40,
                "heads": {},
                "text": "sealed",
            }
            more = {
                "heads_digest": "sha256:" + "2" * 64,
                "records": 1,
                "bundle": {},
                "table": {"axes": [], "metrics": [], "rows": []},
                "refs": {},
            }
            context.append_item(thread, "snapshot", {**body, **more})
        bring_up_to_date(context, self.topic, asked_for=True)

    def finish(self, context: Context) -> None:
        if not context.store.thread(self.topic).finished:
            body = {
                "conclusion": "done",
                "worked": "it",
                "failed": "nothing",
                "limits": ["one"],
                "next_steps": ["more"],
            }
            context.append(
                self.topic, "finish", {**body, "reason": "completed", "text": "the end", "refs": {}}
            )
        bring_up_to_date(context, self.topic, asked_for=True)


def live(life: Life, opened: Callable[[], Context], clock: MovedClock) -> None:
    """Every step once, whatever goes wrong; a killed process is followed by another one that goes
    on with the next."""
    context = opened()
    for step in life.steps:
        try:
            step(context)
        except Killed:
            context = opened()
        except LeadlineError as error:
            assert error.kind in ("remote", "not_found"), error.as_dict()


def settle(life: Life, opened: Callable[[], Context], clock: MovedClock) -> None:
    """What a user does afterwards: `leadline sync` until nothing is left to do, and the fix again."""
    for _ in range(6):
        clock.ahead_ms += 3_700_000
        answer = bring_up_to_date(opened(), life.topic, asked_for=True)
        if not answer.done and answer.why is None:
            break
    else:
        raise AssertionError(answer)
    life.fix(opened())
    answer = bring_up_to_date(opened(), life.topic, asked_for=True)
    assert answer.done == [] and answer.why is None, answer
