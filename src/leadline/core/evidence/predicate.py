"""The checkable form of a claim: ``val_loss(P-004) <= 0.98 * val_loss(baseline) and params(P-004)
<= 1e9``.

A claim that can be computed can be recomputed when a run is retracted or a repeat arrives; one in
prose cannot. The language is kept so small that it needs no precedence rules; what it cannot say is
said as several claims.

    claim   = clause { "and" clause } { "over" NAME "in" "{" value { "," value } "}" }
    clause  = operand OP [ NUMBER "*" ] ( operand | NUMBER ) [ "+-" NUMBER [ "%" ] ]
    operand = NAME "(" subject ")"
    subject = ID | "baseline" | NAME "=" value, joined by ","
    OP      = "<" | "<=" | ">" | ">=" | "~="      ("~=" needs the tolerance, the others take none)

Names and values that hold other characters are written as JSON strings.

>>> claim = parse("val_loss(P-004) <= 0.98 * val_loss(baseline)")
>>> [(c.metric, c.op, c.factor) for c in claim.clauses]
[('val_loss', '<=', 0.98)]
>>> claim.format()
'val_loss(P-004) <= 0.98 * val_loss(baseline)'
"""

from __future__ import annotations

import json
import re

from leadline.core.config import parse_value
from leadline.core.errors import LeadlineError, usage
from leadline.core.patterns import later
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass

if TYPE_CHECKING:
    from leadline.core.record.thread import Item

EXAMPLE = "val_loss(P-004) <= 0.98 * val_loss(baseline)"
_NAME = later(r"[A-Za-z_][A-Za-z0-9_./@:\-]*")
_VALUE = later(r"[^\s,(){}=\"\[\]]+")
_NUMBER = later(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?(?![A-Za-z0-9_.])")
_STRING = later(r'"(?:[^"\\]|\\.)*"')
_OPERATOR = later(r"<=|>=|~=|<|>")
OF, LIKE = "of ", "like "  # and more, where a clause could stand: no clause begins so
_WORDS = ("and", "over", "in")
_OF_A_KEY = (
    "a key is given by its value, and nothing excludes one: name the values that are meant, as in "
    "`loss(arm=new) < 2 over passes in {3, 4}`, or an experiment by its id"
)


@dataclass(frozen=True)
class Subject:
    """Whose runs: ``name`` is an experiment, run or baseline id or ``baseline``; ``selectors``
    narrow by config."""

    name: str = ""
    selectors: tuple[tuple[str, Any], ...] = ()

    def format(self) -> str:
        parts = [_write_name(self.name)] if self.name else []
        return ", ".join(parts + [f"{_write_name(k)}={_write_value(v)}" for k, v in self.selectors])


@dataclass(frozen=True)
class Clause:
    """``metric(subject) op factor * right``; the right side is ``right_metric(right)`` or, when
    that is None, the number ``bound``. ``tolerance`` belongs to ``~=``; ``relative`` makes it per
    cent of the right side."""

    metric: str
    subject: Subject
    op: str
    factor: float = 1.0
    right_metric: str = ""
    right: Subject | None = None
    bound: float = 0.0
    tolerance: float = 0.0
    relative: bool = False

    @property
    def sides(self) -> list[tuple[str, Subject]]:
        """Metric and subject, of the left side and of a right one that is no number."""
        left = (self.metric, self.subject)
        return [left] if self.right is None else [left, (self.right_metric, self.right)]

    def format(self) -> str:
        times = "" if self.factor == 1.0 else f"{self.factor!r} * "
        right = (
            repr(self.bound)
            if self.right is None
            else f"{_write_name(self.right_metric)}({self.right.format()})"
        )
        tail = f" +- {self.tolerance!r}" if self.op == "~=" else ""
        tail += " %" if tail and self.relative else ""
        return f"{_write_name(self.metric)}({self.subject.format()}) {self.op} {times}{right}{tail}"


@dataclass(frozen=True)
class Predicate:
    """All ``clauses`` together; ``over``: (axis, values) over which the claim is said to hold."""

    clauses: tuple[Clause, ...]
    over: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def format(self) -> str:
        text = " and ".join(clause.format() for clause in self.clauses)
        for axis, values in self.over:
            text += f" over {_write_name(axis)} in {{{', '.join(_write_value(v) for v in values)}}}"
        return text


def _write_name(name: str) -> str:
    match = _NAME.fullmatch(name)
    return name if match and name not in _WORDS else json.dumps(name)


def _write_value(value: Any) -> str:
    if isinstance(value, str):
        return (
            value if _VALUE.fullmatch(value) and parse_value(value) == value else json.dumps(value)
        )
    return json.dumps(value)


class _Reader:
    """The text and a position in it; each method takes one token or says what was expected there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def fail(self, expected: str, hint: str = "") -> LeadlineError:
        self._skip()
        shown = f"{self.text[: self.at]} <<HERE>> {self.text[self.at :]}".strip()
        return usage(
            "bad-predicate",
            f"expected {expected} at position {self.at + 1} of the claim",
            why=f"it was read up to the mark: {shown}; {hint or f'for example: {EXAMPLE}'}",
            do="leadline claim --help",
            details={
                "position": self.at + 1,
                "expected": expected,
                "text": self.text,
                "example": EXAMPLE,
            },
        )

    def match(self, pattern: re.Pattern[str]) -> str:
        """The token at the position, or "" when there is none."""
        self._skip()
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def sign(self, text: str) -> bool:
        self._skip()
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def sees(self, text: str) -> bool:
        self._skip()
        return self.text.startswith(text, self.at)

    def word(self, word: str) -> bool:
        self._skip()
        found = _NAME.match(self.text, self.at)
        if found is not None and found.group() == word:
            self.at = found.end()
            return True
        return False

    def must(self, text: str, expected: str = "") -> None:
        if not self.sign(text):
            raise self.fail(expected or f"'{text}'")

    def string(self) -> str | None:
        start = self.at
        token = self.match(_STRING)
        if not token:
            return None
        try:
            value = json.loads(token)
        except ValueError as error:
            self.at = start
            raise self.fail("a JSON string") from error
        return str(value)

    def name(self, expected: str) -> str:
        quoted = self.string()
        if quoted is not None:
            return quoted
        start = self.at
        token = self.match(_NAME)
        if not token or token in _WORDS:
            self.at = start
            raise self.fail(expected)
        return token

    def number(self, expected: str) -> float:
        token = self.match(_NUMBER)
        if not token or float(token) in (float("inf"), float("-inf")):
            raise self.fail(expected)
        return float(token)

    def value(self) -> Any:
        quoted = self.string()
        if quoted is not None:
            return quoted
        if self.text.startswith("[", self.at):
            try:
                listed, end = json.JSONDecoder().raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                raise self.fail("a JSON list") from error
            self.at = end
            return listed
        token = self.match(_VALUE)
        if not token:
            raise self.fail("a value")
        return parse_value(token)

    def at_end(self) -> bool:
        self._skip()
        return self.at >= len(self.text)


def _read_subject(reader: _Reader) -> Subject:
    name, selectors = "", []
    while True:
        part = reader.name("an experiment id, 'baseline' or key=value")
        if part in ("has", "no", "not") or reader.sees("!="):
            raise reader.fail("'=' and a value", _OF_A_KEY)
        if reader.sign("="):
            selectors.append((part, reader.value()))
        elif name or selectors:
            raise reader.fail("'=' and a value (the id comes first, and once)")
        else:
            name = part
        if not reader.sign(","):
            return Subject(name, tuple(selectors))


def _read_operand(reader: _Reader, expected: str) -> tuple[str, Subject]:
    metric = reader.name(expected)
    reader.must("(", "'(' and whose runs")
    subject = _read_subject(reader)
    reader.must(")")
    return metric, subject


def _read_clause(reader: _Reader) -> Clause:
    metric, subject = _read_operand(reader, "a metric name")
    op = reader.match(_OPERATOR)
    if not op:
        raise reader.fail("one of < <= > >= ~=")
    factor, bound, right_metric, right = 1.0, 0.0, "", None
    token = reader.match(_NUMBER)
    if token:
        reader.at -= len(token)
        bound = reader.number("a finite number")
        if reader.sign("*"):
            factor, bound = bound, 0.0
            right_metric, right = _read_operand(reader, "a metric name")
    else:
        right_metric, right = _read_operand(reader, "a number or METRIC(SUBJECT)")
    tolerance, relative = 0.0, False
    if op == "~=":
        reader.must("+-", "the tolerance, '+- 2%' or '+- 0.05'")
        tolerance = reader.number("the tolerance, a number")
        if tolerance < 0:
            raise reader.fail("a tolerance that is not negative")
        relative = reader.sign("%")
    return Clause(metric, subject, op, factor, right_metric, right, bound, tolerance, relative)


def read_subject(text: str) -> Subject:
    """A subject by itself, as ``arm=new, seed=1``. Raises LeadlineError (usage, bad-predicate)."""
    reader = _Reader(text)
    subject = _read_subject(reader)
    if not reader.at_end():
        raise reader.fail("',' or the end")
    return subject


def parse(text: str) -> Predicate:
    """Read a predicate. Raises LeadlineError (usage, bad-predicate) with the position and an
    example."""
    reader = _Reader(text)
    clauses = [_read_clause(reader)]
    while reader.word("and"):
        clauses.append(_read_clause(reader))
    over = []
    while reader.word("over"):
        axis = reader.name("the name of an axis")
        if not reader.word("in"):
            raise reader.fail("'in'")
        reader.must("{", "'{' and the values")
        values = [reader.value()]
        while reader.sign(","):
            values.append(reader.value())
        reader.must("}", "',' or '}'")
        over.append((axis, tuple(values)))
    if not reader.at_end():
        raise reader.fail("'and', 'over' or the end")
    return Predicate(tuple(clauses), tuple(over))


def predicate_of(item: Item) -> Predicate | None:
    """The checkable form of a claim or hypothesis; None when it has none or a newer Leadline wrote
    it."""
    text = str(item.body.get("predicate") or "")
    if not text:
        return None
    try:
        return parse(text)
    except LeadlineError:
        return None


def predicted_by(item: Item) -> set[str]:
    """Of which families (``family_of``) a hypothesis or claim names comparisons; of a hypothesis its
    clauses too, and of which metrics they are."""
    predicate = predicate_of(item)
    clauses = predicate.clauses if predicate is not None else ()
    families = {family for clause in clauses if (family := family_of(clause))}
    if item.kind != "hypothesis":
        return families
    metrics = {OF + metric for clause in clauses for metric, _ in clause.sides}
    return families | metrics | {clause.format() for clause in clauses}


def family_of(clause: Clause) -> str:
    """Its metric and reference; "" for one that compares with a number."""
    right = clause.right
    return f"{LIKE}{clause.metric} {right.format()}" if right is not None else ""
