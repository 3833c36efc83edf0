"""Metrics taken item by item (questions of an evaluation, cases of a benchmark), and what two sides
have in common.

A mean over 100 items and one over 120 are two metrics under one name: where the items of two sides
differ, both are taken again over the items that every run of both has, and both universes are said.
The unit of evidence stays the run: the items of one run share its model, seed and machine. What is
tested over the items speaks of these very runs on items like these, and of no other run; it is
shown beside the verdict and is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.record.run import Run
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import ItemFacts

REDUCE = ("mean", "median", "sum", "min", "max")  # what does not depend on the order of the items
INLINE_BYTES = 16 * 1024  # larger sets of values go to a blob, so that the record stays readable
MOST_ITEMS = 200_000
Values = Mapping[str, float]


def item_key(cells: Sequence[Any]) -> str:
    """The item that these key cells name, as one text; "" when one of them is empty. 1, 1.0 and "1"
    are one item."""
    texts = []
    for cell in cells:
        if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
            cell = int(cell)
        text = "" if cell is None else str(cell).strip()
        if not text:
            return ""
        texts.append(text)
    return texts[0] if len(texts) == 1 else canonical_json(texts)


def reduced(rule: str, values: Iterable[float]) -> float:
    """Several items as one number. Raises ValueError for none, and for a rule that is not in
    ``REDUCE``."""
    ordered = sorted(values)
    if not ordered or rule not in REDUCE:
        raise ValueError(f"{rule} of {len(ordered)} items")
    if rule in ("min", "max"):
        return ordered[0] if rule == "min" else ordered[-1]
    if rule == "median":
        middle = len(ordered) // 2
        return (
            ordered[middle] if len(ordered) % 2 else ordered[middle - 1] / 2 + ordered[middle] / 2
        )
    total = math.fsum(ordered)
    return total if rule == "sum" else total / len(ordered)


def facts_of(by: Sequence[str], rule: str, values: Values, missing: int = 0) -> ItemFacts:
    """What a record says of the items of one metric: the columns that name one, how many have a
    finite value, the identity of the set, how they become one number, and how many had no finite
    value."""
    return {
        "by": list(by),
        "n": len(values),
        "set": digest_of(sorted(values)),
        "reduce": rule,
        "missing": missing,
    }


def facts_in(run: Run, metric: str) -> ItemFacts | None:
    found = (run.extraction.get("items") or {}).get(metric)
    return found if isinstance(found, dict) and found.get("set") else None


def values_in(run: Run, metric: str) -> Values | None:
    """The value of each item; None when the run has none, or keeps them in a blob that is not to be
    had here."""
    facts = facts_in(run, metric)
    if facts is None:
        return None
    if "values" in facts:
        values: Values = facts["values"]
        return values
    return run.item_source(str(facts.get("blob"))) if run.item_source is not None else None


def lend(runs: Iterable[Run], source: Callable[[str], Values | None]) -> None:
    """Let the runs whose items, or digests of variables, lie in blobs read them by ``source`` (digest
    to values, None when absent)."""
    for run in runs:
        if "items" in run.extraction or run.unlisted:
            run.item_source = source


@dataclass(slots=True)
class Shared:
    """The items of two sides. ``a_all`` and ``b_all``: how many items any run of the side has.
    ``both``: those that every run of both has, with their mean over the runs of each side in
    ``a_values`` and ``b_values`` (empty where the sets are the same and nothing was taken again).
    ``reason``: why the sides cannot be brought together; "" when they can."""

    by: list[str]
    rule: str
    a_all: int = 0
    b_all: int = 0
    n: int = 0
    same: bool = False
    a_values: dict[str, float] = field(default_factory=dict)
    b_values: dict[str, float] = field(default_factory=dict)
    uneven: list[str] = field(default_factory=list)
    reason: str = ""

    def words(self, a_name: str, b_name: str) -> str:
        """``by question: P-001 has 120 items, P-002 100, 96 in both``"""
        if self.same:
            return f"by {' and '.join(self.by)}: the same {self.n} items on both sides"
        return f"by {' and '.join(self.by)}: {a_name} has {self.a_all} items, {b_name} {self.b_all}, {self.n} in both"


def on_shared_items(
    a_runs: Sequence[Run], b_runs: Sequence[Run], metric: str, b_metric: str = ""
) -> tuple[list[Run], list[Run], Shared | None]:
    """Both sides with ``metric`` taken over the items that every counting run of both has, and what
    they share.

    The runs come back as they are where nobody recorded items (None), where all have the same ones,
    and where nothing can be taken over shared items (``reason``): whoever judges must not judge
    then.
    """
    sides = (list(a_runs), metric), (list(b_runs), b_metric or metric)
    used = [[r for r in runs if r.is_evidence and name in r.metrics] for runs, name in sides]
    facts = [[facts_in(r, name) for r in u] for u, (_, name) in zip(used, sides, strict=True)]
    known = [f for side in facts for f in side if f is not None]
    if not known or not used[0] or not used[1]:
        return sides[0][0], sides[1][0], None
    out = Shared(list(known[0].get("by") or []), str(known[0].get("reduce") or "mean"))
    out.reason = _apart(known, sum(map(len, facts)) - len(known), out)
    if not out.reason and len({f["set"] for f in known}) == 1:
        out.same, out.n = True, int(known[0]["n"])
        out.a_all = out.b_all = out.n
    values = [[values_in(r, name) for r in u] for u, (_, name) in zip(used, sides, strict=True)]
    loaded = [[v for v in side if v is not None] for side in values]
    absent = sum(map(len, values)) - sum(map(len, loaded))
    if out.reason or absent:
        if not out.reason and not out.same:
            out.reason = f"the runs have different items, and the values of {absent} runs are not on this machine"
        _largest(out, facts)
        return sides[0][0], sides[1][0], out
    out.a_all, out.b_all = (len(set().union(*side)) for side in loaded)
    both = sorted(set(loaded[0][0]).intersection(*loaded[0], *loaded[1]))
    out.n = len(both)
    out.uneven = ["ab"[i] for i, side in enumerate(facts) if len({f["set"] for f in side if f}) > 1]
    if not both:
        out.reason = "no item has a value in every run of both sides"
        return sides[0][0], sides[1][0], out
    out.a_values, out.b_values = (
        {k: math.fsum(v[k] for v in side) / len(side) for k in both} for side in loaded
    )
    if out.same:
        return sides[0][0], sides[1][0], out
    taken = [
        [
            _over(run, name, both, out.rule) if run.is_evidence and name in run.metrics else run
            for run in runs
        ]
        for runs, name in sides
    ]
    return taken[0], taken[1], out


def _apart(known: list[ItemFacts], without: int, out: Shared) -> str:
    if without:
        return f"{without} runs do not say over which items the value is"
    if len({canonical_json(f.get("by")) for f in known}) > 1:
        names = dict.fromkeys(" and ".join(f.get("by") or ["?"]) for f in known)
        return f"the items are named by other columns: {' against '.join(names)}"
    rules = list(dict.fromkeys(str(f.get("reduce")) for f in known))
    if len(rules) > 1:
        return f"the items become one number by other rules: {' against '.join(rules)}"
    return (
        ""
        if out.rule in REDUCE
        else f"the items become one number by {out.rule}, which a part of them cannot"
    )


def _largest(out: Shared, facts: list[list[ItemFacts | None]]) -> None:
    out.a_all, out.b_all = (max((int(f["n"]) for f in side if f), default=0) for side in facts)


def _over(run: Run, metric: str, both: list[str], rule: str) -> Run:
    """A copy of the run whose metric is taken over the items in ``both``. Its values are then all
    that it has."""
    values = values_in(run, metric) or {}
    kept = {key: values[key] for key in both}
    facts = facts_in(run, metric)
    from copy import copy  # noqa: PLC0415  start-up: 0.9 ms

    other = copy(run)
    other.metrics = {**run.metrics, metric: reduced(rule, kept.values())}
    over = facts_of(facts["by"] if facts else [], rule, kept)
    items: dict[str, ItemFacts] = {**run.extraction["items"], metric: {**over, "values": kept}}
    other.extraction = {**run.extraction, "items": items}
    return other
