"""One error type for everything a user can meet, with a closed set of kinds and one exit code each.

The text answers three questions: what happened, why, and which command to run next. Faces translate
it once; nothing else prints errors.
"""

from __future__ import annotations

EXIT_CODES: dict[str, int] = {
    "usage": 2,  # the command line or an input file cannot be understood
    "not_found": 3,  # no such thread, experiment, run, claim, snapshot, file
    "conflict": 4,  # it exists already, or its state does not allow this
    "refused": 5,  # the evidence does not bear it
    # the answer is no, or none could be given: verify, check, compare, ab, reproduce
    "check_failed": 6,
    "environment": 7,  # git, the disk, permissions, the identity, the interpreter
    "remote": 8,  # a remote, forge or tracker cannot be reached or said no
    "internal": 70,  # a bug in Leadline
}


class LeadlineError(Exception):
    """What went wrong for a user.

    Attributes:
        kind: a key of ``EXIT_CODES``.
        code: stable, lower-case, hyphenated name of this exact error, e.g. ``not-a-git-repository``.
        what, why: one sentence each, without a final newline.
        next: the command (or commands) to run next.
        details: JSON-ready facts for ``--json``.
    """

    def __init__(
        self,
        kind: str,
        code: str,
        what: str,
        why: str = "",
        next: list[str] | str | None = None,
        details: dict[str, object] | None = None,
    ) -> None:
        if kind not in EXIT_CODES:
            raise ValueError(f"unknown error kind {kind!r}")
        super().__init__(what)
        self.kind = kind
        self.code = code
        self.what = what
        self.why = why
        self.next = [next] if isinstance(next, str) else list(next or [])
        self.details = details or {}
        for note in ([f"why: {why}"] if why else []) + [
            f"next: {command}" for command in self.next
        ]:
            self.add_note(note)  # a traceback in somebody's own program shows these

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.kind]

    def as_dict(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "next": self.next,
            "details": self.details,
        }


class Kind:
    """Makes the errors of one kind: ``raise refused("code", "what happened", why="…", do="the next
    command")``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self,
        code: str,
        what: str,
        *,
        why: str = "",
        do: list[str] | str | None = None,
        details: dict[str, object] | None = None,
    ) -> LeadlineError:
        return LeadlineError(self.name, code, what, why, do, details)


usage, not_found, conflict = Kind("usage"), Kind("not_found"), Kind("conflict")
refused, check_failed = Kind("refused"), Kind("check_failed")
environment, remote, internal = Kind("environment"), Kind("remote"), Kind("internal")
