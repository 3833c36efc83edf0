"""One thing that ``verify`` found: a *fault* is not as it was written or promised, a *note* is
worth knowing."""

from __future__ import annotations

from leadline.core.values import dataclass

FAULT, NOTE = "fault", "note"


@dataclass(slots=True)
class Finding:
    thread: str
    severity: str
    code: str
    where: str
    what: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "thread": self.thread,
            "severity": self.severity,
            "code": self.code,
            "where": self.where,
            "what": self.what,
            "mend": self.mend,
        }
