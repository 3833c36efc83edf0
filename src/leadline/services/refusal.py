"""Refusals: what the evidence does not bear, said with its arithmetic and the sentence that would
be honest.

A refusal is a record too: that something was asked and not borne is worth knowing later. The same
refusal asked for again is not written twice, so that a verb that only reads can be repeated freely.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadline.core.errors import LeadlineError, refused, usage
from leadline.core.record.thread import Thread
from leadline.core.record.written import told, unsettled
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context, refs_for

if TYPE_CHECKING:
    from leadline.core.record.bodies import RefusalBody


class Overrides:
    """What is to be recorded against a refusal: the refusal's code, and why. A code that was not
    refused covers nothing, so that one reason is never given for another refusal."""

    def __init__(self, given: Iterable[Sequence[str]] = ()) -> None:
        self.given: dict[str, str] = {}
        self.used: list[str] = []
        for codes, why in given:
            if not why.strip():
                raise usage(
                    "no-reason",
                    f"--override {codes} needs the reason",
                    why="it stays visible beside what was recorded",
                    do="leadline …",
                    details={"instead": {why: "WHY"}},
                )
            self.given |= {code.strip(): why.strip() for code in codes.split(",")}

    def covers(self, *codes: str) -> bool:
        """Whether all of ``codes`` were refused before and are overridden."""
        if not all(code in self.given for code in codes):
            return False
        self.used += [code for code in codes if code not in self.used]
        return True

    @property
    def why(self) -> str:
        return "; ".join(dict.fromkeys(self.given[code] for code in self.used))


def refuse_altered(thread: Thread) -> None:
    """Raises ``altered_error`` where there is one."""
    if (error := altered_error(thread)) is not None:
        raise error


def altered_error(thread: Thread) -> LeadlineError | None:
    """LeadlineError(refused, record-altered) while a record that is not as it was written is neither
    mended nor settled: nothing is sealed or told over it."""
    found = unsettled(thread.altered)
    if not found:
        return None
    return refused(
        "record-altered",
        told(found).partition(": leadline")[0],
        why="what a changed line says now is no measurement: mend it from a copy, or say that it stands",
        do=["leadline verify --heal", f"leadline verify --settle {found[0].where}"],
    )


def record_refusal(
    context: Context,
    thread: Thread,
    code: str,
    what: str,
    *,
    statement: str = "",
    arithmetic: str = "",
    honest: str = "",
    predicate: str = "",
) -> bool:
    """Write the refusal unless the thread holds the very same one; whether it was written."""
    body: RefusalBody = {
        "code": code,
        "what": what,
        "statement": statement,
        "arithmetic": arithmetic,
        "honest": honest,
    }
    if predicate:
        body["predicate"] = predicate
    if any(all(r.get(k) == v for k, v in body.items()) for r in thread.refusals):
        return False
    body["refs"] = refs_for(thread, texts=[statement, what, honest, predicate])
    context.append(thread.topic, "refusal", body)
    return True


def refuse(
    context: Context,
    thread: Thread,
    code: str,
    what: str,
    *,
    statement: str,
    arithmetic: str,
    honest: str,
    missing: list[str],
    next: list[str],
    predicate: str = "",
) -> LeadlineError:
    """Record the refusal and return the error to raise."""
    record_refusal(
        context,
        thread,
        code,
        what,
        statement=statement,
        arithmetic=arithmetic,
        honest=honest,
        predicate=predicate,
    )
    return error_of(
        code,
        what,
        statement=statement,
        arithmetic=arithmetic,
        honest=honest,
        missing=missing,
        next=next,
    )


def error_of(
    code: str,
    what: str,
    *,
    statement: str,
    arithmetic: str,
    honest: str,
    missing: list[str],
    next: list[str],
) -> LeadlineError:
    """The error alone (kind ``refused``, exit code 5)."""
    lacking = "; missing: " + "; ".join(missing) if missing else ""
    return refused(
        code,
        what,
        why=f"{arithmetic}{lacking}. What can be said: {honest}",
        do=next,
        details={
            "statement": statement,
            "arithmetic": arithmetic,
            "honest": honest,
            "missing": missing,
        },
    )
