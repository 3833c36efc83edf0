"""A comparison as text: what differs first, then what forbids a verdict, then the numbers.

The order is the message: whoever reads from the top meets the confound before the number it would
spoil. A standard deviation is shown with four digits and the mean to the same place, so that no
digit is lost that the spread bears.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from leadline.core.compare.compare import Comparison, MetricComparison
from leadline.core.compare.comparison import number
from leadline.core.compare.config_diff import FactDifference
from leadline.core.plain import as_rows
from leadline.core.stats.inference import Sample
from leadline.core.timestamps import fixed, plural
from leadline.core.typed import Any
from leadline.render.words import aside

VALUE_CHARS = 40
ROWS_SHOWN = 40
_CLASSES = {
    "confound": "CONFOUND",
    "unknown": "UNKNOWN",
    "axis": "tested axis",
    "nuisance": "nuisance",
    "tag": "tag (reaches no command)",
}


def decimals_for(sd: float | None) -> int | None:
    """Decimal places that give ``sd`` four digits; None when there is no spread to go by."""
    if sd is None or sd <= 0.0 or not math.isfinite(sd):
        return None
    return max(0, min(12, 3 - math.floor(math.log10(sd))))


def shown_number(value: float | None, decimals: int | None) -> str:
    if value is None:
        return "-"
    if decimals is None or abs(value) >= 1e12:
        return number(value)
    return fixed(value, decimals)


def aligned(rows: list[list[str]], indent: str = "  ", right_from: int | None = None) -> list[str]:
    """Columns padded to the widest cell; those from index ``right_from`` on are right-aligned."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(w) if right_from is not None and i >= right_from else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def render_compare(comparison: Comparison, baseline: str = "") -> str:
    """The whole answer. ``baseline``: how the baseline is named when a side is it."""
    c = comparison
    head = f"{c.b_name} against {c.a_name}"
    if c.baseline_id:
        head += f"  (baseline {baseline or c.baseline_id})"
    lines = [head, *_difference_lines(c), *_refusal_lines(c)]
    if c.metrics:
        lines += ["", "statistics", *_statistics(c), ""]
        for metric in c.metrics:
            lines += _verdict_lines(metric, c)
    for missing in c.missing_metrics:
        sides = " and ".join({"a": c.a_name, "b": c.b_name}[s] for s in missing["missing_on"])
        lines.append(f"{missing['metric']}: not measured on {sides}")
    notes = [*c.diff.notes, *c.notes, *_left_out(c)]
    if notes:
        lines += ["", *(f"note: {note}" for note in notes)]
    return as_rows(lines)


def _difference_lines(c: Comparison) -> list[str]:
    if not c.diff.rows:
        return ["", "differences: none recorded"]
    shown = sorted(c.diff.rows, key=lambda row: tuple(_CLASSES).index(row.role))
    rows = [["area", "key", c.a_name, c.b_name, "class"]]
    rows += [
        [row.area, row.key, _value(row.a), _value(row.b), _class(row)] for row in shown[:ROWS_SHOWN]
    ]
    lines = ["", f"differences ({len(c.diff.rows)})", *aligned(rows)]
    if len(shown) > ROWS_SHOWN:
        lines.append(f"  … {len(shown) - ROWS_SHOWN} more; all with --json")
    lines += [f"  {row.key}: {detail}" for row in shown[:ROWS_SHOWN] for detail in row.details]
    return lines


def _class(row: FactDifference) -> str:
    words = _CLASSES[row.role]
    missing = row.a_missing + row.b_missing if row.role != "tag" else 0
    return f"{words} (not recorded for {missing} {plural(missing, 'run')})" if missing else words


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 1] + "…"


def _refusal_lines(c: Comparison) -> list[str]:
    if not c.refusals:
        return ["", "apples to apples: yes"] if c.apples_to_apples else []
    lines = [""]
    for r in c.refusals:
        lines += [
            f"refused ({r['code']}): {r['what']}",
            f"  {r['arithmetic']}",
            f"  what can be said: {r['honest']}",
        ]
    return lines


def _statistics(c: Comparison) -> list[str]:
    rows = [["metric", "side", "n", "mean", "sd", "median", "mad", "min", "max"]]
    for m in c.metrics:
        for name, sample, unit in zip(
            (c.a_name, c.b_name), (m.a, m.b), m.side_units or (m.unit, m.unit), strict=True
        ):
            shared = (
                f" on {m.items['both']} items"
                if m.items and not m.items["same"] and m.items["both"]
                else ""
            )
            metric = m.metric + aside(unit) + shared
            rows.append([metric, name, str(sample.n), *_cells(sample)])
    return aligned(rows, right_from=2)


def _cells(sample: Sample) -> list[str]:
    places = decimals_for(sample.sd)
    return [
        shown_number(v, places)
        for v in (sample.mean, sample.sd, sample.median, sample.mad, sample.minimum, sample.maximum)
    ]


def _verdict_lines(m: MetricComparison, c: Comparison) -> list[str]:
    b_name, refused = c.b_name, "; ".join(r["what"] for r in c.refusals)  # said in full above
    sentence = m.sentence.replace(f"{refused}; the numbers: ", "The numbers: ", 1)
    lines = [f"{m.metric}: {m.verdict}. {sentence}"]
    places = decimals_for(max((s for s in (m.a.sd, m.b.sd) if s), default=None))
    unit = f" {m.unit}" if m.unit else ""

    def signed(value: float) -> str:
        return ("+" if value > 0 else "") + shown_number(value, places) + unit

    if m.mean_difference is not None:
        ratio = (
            m.b.mean / m.a.mean
            if m.test.ratio is not None and m.a.mean and m.b.mean is not None
            else None
        )
        share = f", {100 * (ratio - 1):+.3g} %" if ratio is not None else ""
        lines.append(f"  difference {signed(m.mean_difference)}{share}")
        estimate = m.test.difference
        if estimate is not None and not m.estimates_means:
            lines[-1] += f" of the means; {signed(estimate)} by the {m.test.name}"
    ratios = m.test.ratio_interval
    if (
        m.mean_difference is not None
        and m.test.ratio is None
        and ratios is not None
        and ratios.reason
    ):
        lines[-1] += f"; {ratios.reason}"
    if (
        m.test.p is not None
        and ratios is not None
        and ratios.low is not None
        and ratios.high is not None
    ):
        lines[-1] += f"; ratio {number(ratios.low)} to {number(ratios.high)} ({ratios.method})"
    if m.items is not None:
        lines += [f"  {line}" for line in item_lines(m)]
    if m.rule and not m.deterministic and m.test.p is not None:
        lines.append(f"  method: {m.rule}" + (f" ({m.pairs} pairs)" if m.pairs else ""))
    if m.detect is not None:
        lines.append("  " + detect_line(m))
    if m.target is not None:
        lines.append("  " + target_line(m, b_name))
    return lines + [f"  {note}" for note in m.notes]


def item_lines(m: MetricComparison) -> list[str]:
    """Both universes, and what the shared items say one by one: of these runs, not of others."""
    assert m.items is not None
    found, over = m.items, m.items["over_items"]
    line = f"items {found['words']}"
    if not found["same"] and not found["reason"]:
        line += (
            f"; on these {found['both']}: {number(found['a_shared'], m.unit)} -> {number(found['b_shared'], m.unit)}; "
            f"each on its own: {number(found['a_own'], m.unit)} -> {number(found['b_own'], m.unit)}"
        )
    if over is None:
        return [line]
    numbers: Mapping[str, object] = over
    counts = ", ".join(
        f"{numbers[k]} {k}" for k in ("better", "worse", "higher", "lower", "equal") if k in over
    )
    interval = over["interval"]
    low, high = number(interval["low"]), number(interval["high"])
    span = (
        f"mean {number(over['difference'])}, {interval['confidence'] * 100:.4g} % interval {low} to {high} "
        f"({over['method']} over {over['n']} items)"
        if interval["low"] is not None
        else f"mean {number(over['difference'])}, no interval: {over['reason']}"
    )
    return [
        line,
        f"item by item: {counts}; {span}: of these runs on items like these, not of other runs",
    ]


def detect_line(m: MetricComparison) -> str:
    """Whether the present runs bear the difference that was declared to matter, and how many would."""
    assert m.detect is not None
    found = m.detect
    size = found["size"]
    if found["difference"] is not None and found["size"].endswith("%"):
        size += f" ({number(found['difference'], m.unit)})"
    if found["n_needed"] is None:
        why = found["reason"] or "no number of runs up to ten million shows it"
        return f"detect {size}: not known how many runs show it; {why}"
    if found["reason"]:
        return f"detect {size}: {found['reason']}"
    counted = f"{found['n_needed']} {found['counted']}"
    have = f"{m.pairs} pairs" if m.pairs else f"n = {m.a.n} against {m.b.n}"
    borne = {True: "bear it", False: "do not bear it", None: "cannot be judged"}[found["bears"]]
    shown = f", they show {number(m.detectable, m.unit)}" if m.detectable is not None else ""
    return (
        f"detect {size}: {counted} needed for a chance of 80 %; these runs ({have}) {borne}{shown}"
    )


def target_line(m: MetricComparison, b_name: str) -> str:
    """Side b against the number set beforehand, as one-sided test."""
    assert m.target is not None
    test, target = m.target["test"], m.target["target"]
    sign = {"less": "<", "greater": ">"}.get(test["alternative"], "≠")
    met = {True: "met", False: "not shown to be met", None: "cannot be tested"}[m.target["met"]]
    if test["p"] is None:
        return (
            f"target {m.metric} {sign} {target:g}: {met} by {b_name}; {'; '.join(test['reasons'])}"
        )
    return (
        f"target {m.metric} {sign} {target:g}: {met} by {b_name}; p({m.metric} {sign} {target:g}) = "
        f"{test['p']:.4g} (one-sample t = {test['t']:.3f}, n = {m.b.n})"
    )


def _left_out(c: Comparison) -> list[str]:
    rows = [f"left out {row['run']}: {row['why']}" for row in c.left_out]
    return rows if len(rows) <= 6 else [*rows[:6], f"and {len(rows) - 6} more left out"]
