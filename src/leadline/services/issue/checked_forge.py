"""A forge to which nothing goes that links to what nobody can open, and no secret.

It stands in front of every forge outside this machine, so that the rule holds whoever posts. The
record branch is sent first where a link needs it; a person's words around the derived block of the
body are not judged.
"""

from __future__ import annotations

from collections.abc import Callable

from leadline.core.errors import LeadlineError
from leadline.core.managed_block import split
from leadline.core.typed import Any
from leadline.ports.forge import Comment, Forge, RemoteIssue
from leadline.services.branch.exchange import exchange_records
from leadline.services.branch.permalink import refuse_unreachable
from leadline.services.context import Context


class CheckedForge:
    def __init__(self, forge: Forge, context: Callable[[], Context]) -> None:
        self._forge, self._context = forge, context
        self._verified: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forge, name)

    def open_issue(
        self, title: str, body: str, labels: list[str], marker: str, **more: Any
    ) -> RemoteIssue:
        title, body = self._hidden(title), self._hidden(body)
        self._check(_derived(body))
        return self._forge.open_issue(title, body, labels, marker, **more)

    def edit_issue(self, number: str, **changes: Any) -> RemoteIssue:
        derived = _derived(changes.get("body") or "")
        if (hidden := self._hidden(derived)) != derived:
            changes["body"] = changes["body"].replace(derived, hidden)
        self._check(hidden)
        return self._forge.edit_issue(number, **changes)

    def comment(self, number: str, text: str, marker: str, kind: str = "update") -> Comment:
        text = self._hidden(text)
        self._check(text)
        return self._forge.comment(number, text, marker, kind)

    def edit_comment(self, number: str, comment: str, text: str, why: str) -> Comment:
        text = self._hidden(text)
        self._check(text)
        return self._forge.edit_comment(number, comment, text, why)

    def _hidden(self, text: str) -> str:
        """What is posted comes from records, of which some were written before they were searched."""
        return self._context().hiding("what is posted").text(text)

    def _check(self, text: str) -> None:
        context = self._context()
        try:
            refuse_unreachable(context, text, self._verified)
        except LeadlineError as error:
            if error.code != "link-not-on-remote":
                raise
            exchange_records(context)
            refuse_unreachable(context, text, self._verified)


def _derived(body: str) -> str:
    return split(body).block or ""
