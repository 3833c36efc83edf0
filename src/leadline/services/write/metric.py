"""Define metrics, list them, and show under which contract each run measured them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadline.core.errors import conflict, not_found, refused, usage
from leadline.core.extract.spec import REDUCE_RULES
from leadline.core.metric.contract import OBSERVED, contract_in, contract_of, contracts_differ
from leadline.core.metric.derive import formulas_of, in_order
from leadline.core.metric.formula import parse
from leadline.core.metric.limit import read_limit
from leadline.core.plain import shell_words
from leadline.core.record.run import DIRECTIONS, MetricDef
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any, TypedDict, cast
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import MetricBody


class MetricRow(TypedDict, total=False):
    """A metric as it is listed. ``runs``: how many have it, None where that was not asked;
    ``changed`` stands in the answer of a definition, ``history`` in that about one metric."""

    name: str
    unit: str
    direction: str
    reduce: str
    description: str
    observed: str
    per: str
    formula: str
    limit: str
    defined: bool
    runs: int | None
    history: list[Contract]
    changed: bool


class Contract(TypedDict, total=False):
    """``runs`` are those measured under ``contract``; ``changed`` says in what it differs from the
    one before."""

    at: str
    actor: str
    contract: dict[str, str]
    runs: list[str]
    changed: list[str]


def define_metric(
    context: Context,
    topic: str,
    name: str,
    *,
    unit: str | None = None,
    direction: str | None = None,
    reduce: str | None = None,
    description: str | None = None,
    observed: str | None = None,
    per: str | None = None,
    formula: str | None = None,
    limit: str | None = None,
    redefine: bool = False,
) -> MetricRow:
    """Define a metric, or add to its definition. What was said before is changed only with
    ``redefine``: runs measured under the old words would change their meaning.

    ``formula`` makes it a derived metric. Raises LeadlineError: bad name, direction, reduction or
    formula (usage), another definition (conflict), a formula that cannot be computed (refused).
    """
    if not re.fullmatch(r"[A-Za-z_][\w./@:-]*", name):
        raise usage(
            "bad-metric",
            f"{name!r} is no metric name",
            why="letters, digits, _ . / @ : -, starting with a letter",
            do="leadline metric --help",
        )
    for value, allowed, what in (
        (direction, DIRECTIONS, "direction"),
        (reduce, REDUCE_RULES, "reduction"),
        (observed, OBSERVED, "kind of observation"),
    ):
        if value is not None and value not in allowed:
            raise usage(
                "bad-metric",
                f"{value!r} is no {what}",
                why=", ".join(allowed),
                do="leadline metric --help",
            )
    if limit is not None:
        read_limit(limit)
    thread = context.slice(topic)
    old = thread.metrics.get(name)
    wanted = {"unit": unit, "direction": direction, "reduce": reduce, "description": description}
    wanted |= {
        k: v
        for k, v in (("observed", observed), ("per", per), ("formula", formula), ("limit", limit))
        if v is not None
    }
    if formula is not None:
        _check_formula(context, topic, name, formula)
    given = {k: v for k, v in wanted.items() if v is not None}
    if old is not None:
        plain = {"direction": "none", "reduce": "last"}
        other = [
            k
            for k, v in given.items()
            if k != "description" and getattr(old, k) not in (v, plain.get(k, ""))
        ]
        if other and not redefine:
            words = ", ".join(f"{k} {getattr(old, k)!r}, now {given[k]!r}" for k in other)
            typed = shell_words([word for k, v in given.items() for word in (f"--{k}", str(v))])
            raise conflict(
                "metric-defined-otherwise",
                f"{name} is defined already: {words}",
                why="what was measured under the old definition would change its meaning",
                do=[
                    f"leadline metric {name}_2 {typed}",
                    f"leadline metric {name} --redefine {typed}",
                ],
            )
        kept = {k: v for k in ("observed", "per", "formula", "limit") if (v := getattr(old, k))}
        given = {k: getattr(old, k) for k in wanted} | kept | given
        if all(getattr(old, k) == v for k, v in given.items()):
            return cast("MetricRow", {"name": name, **given, "changed": False})
    context.append(topic, "metric-defined", cast("MetricBody", {"name": name, **given}))
    return cast("MetricRow", {"name": name, **given, "changed": True})


def _check_formula(context: Context, topic: str, name: str, text: str) -> None:
    """Raises LeadlineError when ``text`` can give ``name`` no value, or when runs measured ``name``
    themselves."""
    formula, thread = parse(text), context.store.view(topic)
    seen = {n for run in thread.runs for n in (*run.metrics, *run.nonfinite)}
    old = thread.metrics.get(name)
    if name in seen and not (old and old.formula):
        raise conflict(
            "formula-over-measured",
            f"runs have measured {name}: a formula would replace what they said",
            why="a derived metric has a name of its own",
            do=f"leadline metric {name}_derived --formula '{text}'",
        )
    if name in in_order({**formulas_of(thread.metrics), name: formula})[1]:
        raise refused(
            "formula-in-a-circle",
            f"{name} would be computed from itself: {text}",
            why="a formula rests on metrics that can be computed before it",
            do="leadline metric",
        )
    unknown = [n for n in formula.needs if n not in seen and n not in thread.metrics]
    if unknown:
        raise not_found(
            "no-such-metric",
            f"no run has {', '.join(unknown)}, and it is not defined",
            why="a formula names metrics of runs; a config value is config.KEY",
            do=["leadline metric", f"leadline metric {unknown[0]} --unit UNIT"],
        )


def metrics_of(thread: Thread) -> list[MetricRow]:
    """Every metric defined or seen, with the number of runs that have it."""
    counts: dict[str, int] = {}
    for run in thread.runs:
        for metric in (*run.metrics, *run.nonfinite):
            counts[metric] = counts.get(metric, 0) + 1
    rows: list[MetricRow] = []
    for name in dict.fromkeys([*thread.metrics, *sorted(counts)]):
        m = thread.metrics.get(name) or MetricDef(name)
        row: MetricRow = {
            "name": name,
            "unit": m.unit,
            "direction": m.direction,
            "reduce": m.reduce,
            "description": m.description,
            **_special(m),
            "defined": name in thread.metrics,
            "runs": counts.get(name, 0),
        }
        rows.append(row)
    return rows


def _special(definition: MetricDef) -> MetricRow:
    """What only some metrics have."""
    has = {k: v for k in ("observed", "per", "formula", "limit") if (v := getattr(definition, k))}
    return cast("MetricRow", has)


def history_of(thread: Thread, name: str) -> list[Contract]:
    """The contracts that ``name`` has had, oldest first."""
    found: list[Contract] = []
    for record in thread.records:
        for said in _definitions(record.kind, record.body, name):
            fields = {
                k: str(v) for k, v in said.items() if k in MetricDef.__slots__ and v is not None
            }
            contract = contract_of(MetricDef(**{"name": name, **fields}))
            if not found or found[-1]["contract"] != contract:
                found.append(
                    {"at": record.at, "actor": record.actor, "contract": contract, "runs": []}
                )
    definition = thread.metrics.get(name)
    for run in thread.runs:
        if definition is not None and name in run.metrics:
            under = contract_in(run, definition)
            row = next(
                (r for r in reversed(found) if not contracts_differ([r["contract"], under])), None
            )
            if row is None:
                found.append({"at": run.planned_at, "actor": "", "contract": under, "runs": []})
                row = found[-1]
            row["runs"].append(run.id)
    found.sort(key=lambda row: row["at"])
    for before, row in zip([None, *found], found, strict=False):
        row["changed"] = contracts_differ([before["contract"], row["contract"]]) if before else []
    return found


def _definitions(kind: str, body: Mapping[str, Any], name: str) -> list[Mapping[str, object]]:
    if kind == "metric-defined":
        return [body] if body.get("name") == name else []
    if kind == "thread-started":
        return [
            m for m in body.get("metrics") or [] if isinstance(m, dict) and m.get("name") == name
        ]
    return []
