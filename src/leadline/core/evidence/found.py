"""What is found of a claim: its label, what stands behind it, and the sentence that carries it."""

from __future__ import annotations

from leadline.core.evidence.marks import Mark
from leadline.core.record.kept import Judged
from leadline.core.record.ranks import EARNED
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.evidence.evaluate import ClauseResult

# Raised whenever the same runs may get another label than before: a record of a claim names the version that gave its
# label, so that what an upgrade changed can be told from what runs changed. 1: what no record names. The index keeps
# labels: its SCHEMA_VERSION is raised with it.
RULES = 11
NO_EVIDENCE = "no evidence"
SHOWN = ("replicated", "stable")  # labels of what runs bear out, more than once


@dataclass(frozen=True, slots=True)
class Sentence:
    """``label``: as it is said. ``brief``: what stands behind it in the short form. ``parts``: of the full form, each a
    statement of its own, the measured one first."""

    label: str = ""
    brief: str = ""
    parts: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """At most ``SHORT_WORDS`` words."""
        return f"{self.label}: {self.brief}" if self.brief else self.label

    @property
    def full(self) -> str:
        return f"{self.label}: {'; '.join(self.parts)}"


def said_of(label: str) -> str:
    return NO_EVIDENCE if label == "none" else label


def judged(found: Evidence) -> Judged:
    """What is kept of it."""
    said = found.sentence
    return Judged(found.label, found.counted, found.missing, said.brief, list(said.parts))


@dataclass(slots=True)
class Evidence:
    """``why``: the sentences behind the label. ``missing``: what the next label lacks, in numbers.
    ``counted``, ``contrary``: run ids; ``not_counted``: run id to reason. ``blocked``: why the runs
    cannot be judged together at all, however many there are; ``blocked_code`` names the kind for
    programs. ``marks``: what has to be said beside the label. ``false_at``: the declared combinations at which the
    claim is false. ``in_no_figure``: run ids that took no turns with the
    other side anywhere. ``sentence``: what the label stands for, in words."""

    label: str
    why: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    not_counted: dict[str, str] = field(default_factory=dict)
    contrary: list[str] = field(default_factory=list)
    clauses: list[ClauseResult] = field(default_factory=list)
    confirmed_path: bool | None = None
    blocked: str = ""
    blocked_code: str = ""
    marks: list[Mark] = field(default_factory=list)
    false_at: list[str] = field(default_factory=list)
    in_no_figure: frozenset[str] = frozenset()
    sentence: Sentence = Sentence()

    def mark(self, mark: Mark) -> None:
        """Say it beside the label, which it may bound."""
        if mark not in self.marks:
            self.marks.append(mark)
            self.why.append(mark.full)
        if mark.caps and self.label in EARNED:
            self.label = min(self.label, mark.caps, key=EARNED.index)

    def as_dict(self) -> dict[str, object]:
        return {
            "label": self.label,
            "sentence": self.sentence.full,
            "sentence_short": self.sentence.short,
            "why": list(self.why),
            "missing": list(self.missing),
            "counted": list(self.counted),
            "not_counted": dict(self.not_counted),
            "contrary": list(self.contrary),
            "clauses": [clause.as_dict() for clause in self.clauses],
            "confirmed_path": self.confirmed_path,
            "blocked": self.blocked,
            "marks": [{"code": m.code, "short": m.short, "full": m.full} for m in self.marks],
        }
