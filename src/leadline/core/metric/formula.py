"""The language of derived metrics: ``tokens / time_s``, ``baseline(time_ms) / time_ms``,
``config.batch * steps``.

Numbers, metric names, ``config.KEY``, ``+ - * / **``, parentheses, ``min max abs sqrt log exp`` and
``baseline(METRIC)``: nothing else, so a formula from somebody else's record can do no harm. It
knows no units: the derived metric declares its own. A name with other characters is written in
double quotes.

    sum     = product { ("+" | "-") product }
    product = unary { ("*" | "/") unary }
    unary   = "-" unary | power
    power   = atom [ "**" unary ]
    atom    = NUMBER | NAME | STRING | "config." KEY | FUNCTION "(" sum { "," sum } ")" | "baseline" "(" NAME ")"
            | "(" sum ")"

>>> formula = parse("baseline(time_ms) / time_ms * config.batch")
>>> formula.metrics, formula.baselines, formula.config_keys
(('time_ms',), ('time_ms',), ('batch',))
>>> parse("tokens / time_s").value({"tokens": 6.0, "time_s": 2.0}.__getitem__, float, float)
3.0
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

from leadline.core.errors import LeadlineError, usage
from leadline.core.typed import Any
from leadline.core.values import dataclass

EXAMPLE = "tokens / time_s"
LONGEST, DEEPEST = 400, 40
FUNCTIONS: dict[str, tuple[int, int]] = {  # fewest and most arguments
    "min": (1, 16),
    "max": (1, 16),
    "abs": (1, 1),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
}
_CALLS: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "abs": lambda values: abs(*values),
    "sqrt": lambda values: math.sqrt(*values),
    "log": lambda values: math.log(*values),
    "exp": lambda values: math.exp(*values),
}
_OPERATORS: dict[str, Callable[[float, float], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|(?P<name>[A-Za-z_][\w.]*)"
    r'|"(?P<string>[^"\\]+)"|(?P<op>\*\*|[-+*/(),]))',
    re.ASCII,
)
Node = tuple[Any, ...]


class NoValue(Exception):
    """A formula has no value for one run. ``lost``: it was computed and is not finite; else an
    input is missing."""

    def __init__(self, reason: str, lost: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.lost = reason, lost


@dataclass(frozen=True)
class Formula:
    """``text`` as given; ``metrics``, ``baselines`` and ``config_keys``: what it refers to, in
    order of appearance."""

    text: str
    tree: Node
    metrics: tuple[str, ...]
    baselines: tuple[str, ...]
    config_keys: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """Every metric it rests on."""
        return tuple(dict.fromkeys((*self.metrics, *self.baselines)))

    def value(
        self,
        metric: Callable[[str], float],
        config: Callable[[str], float],
        baseline: Callable[[str], float],
    ) -> float:
        """The value for one run. Raises NoValue, and what the three functions raise."""
        try:
            found = _value(self.tree, metric, config, baseline)
        except ZeroDivisionError:
            raise NoValue("division by zero", lost=True) from None
        except OverflowError:
            raise NoValue("too large for a number", lost=True) from None
        except ValueError:
            raise NoValue("a root or logarithm of a number that has none", lost=True) from None
        if isinstance(found, complex):
            raise NoValue("a fractional power of a negative number", lost=True)
        if not math.isfinite(found):
            raise NoValue("not a finite number", lost=True)
        return float(found)


def parse(text: str) -> Formula:
    """Raises LeadlineError(usage, bad-formula) saying where and what was expected."""
    if len(text) > LONGEST:
        raise _bad(text[:60] + "…", 0, f"it has {len(text)} characters, {LONGEST} are allowed")
    reader = _Reader(text)
    tree = reader.sum(0)
    if reader.kind:
        raise _bad(text, reader.at, f"{reader.word!r} where an operator or the end was expected")
    if not (reader.metrics or reader.baselines or reader.config_keys):
        raise _bad(text, 0, "it names no metric and no config key: a constant is no metric")
    return Formula(
        text,
        tree,
        *(tuple(dict.fromkeys(n)) for n in (reader.metrics, reader.baselines, reader.config_keys)),
    )


def _bad(text: str, at: int, what: str) -> LeadlineError:
    return usage(
        "bad-formula",
        f"the formula {text!r} cannot be read at position {at + 1}: {what}",
        why="numbers, metric names, config.KEY, + - * / **, parentheses, "
        f"{' '.join(FUNCTIONS)}, baseline(METRIC); other names in double quotes",
        do=f"leadline metric tokens_per_s --formula '{EXAMPLE}' --unit tok/s --direction higher",
    )


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.end, self.at = text, 0, 0
        self.kind, self.word = "", ""
        self.metrics: list[str] = []
        self.baselines: list[str] = []
        self.config_keys: list[str] = []
        self.next()

    def next(self) -> None:
        self.at = self.end + len(self.text[self.end :]) - len(self.text[self.end :].lstrip())
        if self.at >= len(self.text):
            self.kind = self.word = ""
            return
        found = _TOKEN.match(self.text, self.end)
        if found is None or found.lastgroup is None:
            raise _bad(self.text, self.at, f"{self.text[self.at]!r} does not belong in a formula")
        self.kind, self.word, self.end = found.lastgroup, found.group(found.lastgroup), found.end()

    def takes(self, *ops: str) -> str:
        if self.kind == "op" and self.word in ops:
            word = self.word
            self.next()
            return word
        return ""

    def expect(self, op: str) -> None:
        if not self.takes(op):
            raise _bad(self.text, self.at, f"{op!r} was expected, not {self.word or 'the end'!r}")

    def sum(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise _bad(self.text, self.at, f"it is nested more than {DEEPEST} deep")
        tree = self.product(depth)
        while op := self.takes("+", "-"):
            tree = (op, tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Node:
        tree = self.unary(depth)
        while op := self.takes("*", "/"):
            tree = (op, tree, self.unary(depth))
        return tree

    def unary(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise _bad(self.text, self.at, f"it is nested more than {DEEPEST} deep")
        if self.takes("-"):
            return ("negative", self.unary(depth + 1))
        tree = self.atom(depth)
        return ("**", tree, self.unary(depth + 1)) if self.takes("**") else tree

    def atom(self, depth: int) -> Node:
        kind, word, at = self.kind, self.word, self.at
        if kind == "op" and word == "(":
            self.next()
            tree = self.sum(depth + 1)
            self.expect(")")
            return tree
        if kind not in ("number", "name", "string"):
            raise _bad(
                self.text, at, f"a number, a name or '(' was expected, not {word or 'the end'!r}"
            )
        self.next()
        if kind == "number":
            value = float(word)
            if not math.isfinite(value):
                raise _bad(self.text, at, f"{word} is too large for a number")
            return ("number", value)
        if kind == "name" and self.kind == "op" and self.word == "(":
            return self.call(word, at, depth)
        if kind == "name" and word.endswith("."):
            raise _bad(self.text, at, f"{word!r} ends in a dot")
        if kind == "name" and word.startswith("config."):
            self.config_keys.append(word[len("config.") :])
            return ("config", word[len("config.") :])
        self.metrics.append(word)
        return ("metric", word)

    def call(self, name: str, at: int, depth: int) -> Node:
        self.expect("(")
        if name == "baseline":
            kind, metric = self.kind, self.word
            if kind not in ("name", "string"):
                raise _bad(self.text, self.at, "baseline(METRIC) takes the name of one metric")
            self.next()
            self.expect(")")
            self.baselines.append(metric)
            return ("baseline", metric)
        if name not in FUNCTIONS:
            raise _bad(self.text, at, f"{name!r} is no function here")
        arguments = [self.sum(depth + 1)]
        while self.takes(","):
            arguments.append(self.sum(depth + 1))
        self.expect(")")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            takes = f"{fewest} argument" if most == fewest else f"up to {most}"
            raise _bad(self.text, at, f"{name} takes {takes}")
        return ("call", name, tuple(arguments))


def _value(
    node: Node,
    metric: Callable[[str], float],
    config: Callable[[str], float],
    baseline: Callable[[str], float],
) -> Any:
    kind = node[0]
    if kind == "number":
        return node[1]
    if kind in ("metric", "config", "baseline"):
        return float({"metric": metric, "config": config, "baseline": baseline}[kind](node[1]))
    if kind == "call":
        values = [_real(_value(n, metric, config, baseline)) for n in node[2]]
        return _CALLS[node[1]](values)
    if kind == "negative":
        return -_value(node[1], metric, config, baseline)
    a, b = (_real(_value(n, metric, config, baseline)) for n in node[1:])
    return _OPERATORS[kind](a, b)


def _real(value: Any) -> float:
    if isinstance(value, complex):
        raise NoValue("a fractional power of a negative number", lost=True)
    return float(value)
