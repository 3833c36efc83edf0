"""The registered baseline as text: its numbers with n and spread first, then what they were
measured on."""

from __future__ import annotations

from leadline.core.plain import as_rows, shell_words
from leadline.core.timestamps import few, minute
from leadline.core.typed import TYPE_CHECKING
from leadline.render.terminal.compare import aligned, decimals_for, shown_number
from leadline.render.words import aside

if TYPE_CHECKING:
    from leadline.core.view.baseline import Baseline, Measured, Move


def render_baseline(data: Baseline) -> str:
    lines = [f"{data.id}  baseline {data.experiment}" + (f"  {data.title}" if data.title else "")]
    if data.why:
        lines.append(f"  why       {data.why}")
    if data.override:
        lines.append(f"  OVERRIDE  {data.override}")
    lines += ["", *_numbers(data.metrics), ""]
    for m in data.metrics:
        drift = m.drift
        if drift.p is not None and drift.p < 0.05:
            lines.append(
                f"  DRIFT     {m.metric} changed by {drift.change:.4g} {m.unit}".rstrip()
                + f" over {drift.n} runs (Mann-Kendall p = {drift.p:.2g})"
            )
        lines += _apart_lines(m)
    left_out = f", {len(data.not_counted)} not" if data.not_counted else ""
    config = " ".join(f"{k}={v}" for k, v in sorted(data.config.items()))
    dirty = " with uncommitted changes" if data.code.get("dirty") else ""
    lines += [
        f"  runs      {len(data.runs)} counted{left_out}",
        f"  command   {shell_words(data.argv)}",
        f"  config    {config or 'none'}",
        f"  code      {str(data.code.get('commit', 'not recorded'))[:12]}{dirty}",
        f"  hardware  {_hardware(data) or 'not recorded'}",
    ]
    return as_rows([*lines, *map(_move_line, data.moves)])


def _move_line(move: Move) -> str:
    """When the baseline went where, why, and what became of that."""
    start = f"from {move.start} " if move.start else ""
    line = f"  {move.id:<9} {minute(move.at)} {start}to {move.experiment}"
    if move.why:
        line += f": {move.why}"
    if move.override:
        line += f"  OVERRIDE: {move.override}"
    if move.retracted:
        line += f"  RETRACTED: {move.retracted}"
    return line


MOVED_SHOWN = 3


def _apart_lines(m: Measured) -> list[str]:
    """Repeats that left what the earlier ones predict, and outliers among all."""
    places, unit = decimals_for(m.sample.sd), f" {m.unit}" if m.unit else ""
    lines = []
    for moved in m.moved[:MOVED_SHOWN]:
        low, high = (shown_number(getattr(moved.interval, end), places) for end in ("low", "high"))
        lines.append(
            f"  MOVED     {m.metric} of {moved.run} ({moved.at[:16].replace('T', ' ')}) is "
            f"{shown_number(moved.value, places)}{unit}: the {moved.before} runs before it predict "
            f"{low} to {high}"
        )
    if len(m.moved) > MOVED_SHOWN:
        lines.append(
            f"  MOVED     {m.metric}: {len(m.moved) - MOVED_SHOWN} more runs, all with --json"
        )
    if m.moved:
        lines.append(
            "            what was compared with this baseline before holds for what it was then"
        )
    far = m.outliers.runs
    if far:
        lines.append(f"  outliers  {m.metric}: {few(far, 3)} ({m.outliers.method}); kept")
    return lines


def _numbers(metrics: list[Measured]) -> list[str]:
    rows = [["metric", "n", "mean", "sd", "median", "min", "max", "95 % interval of the mean"]]
    for m in metrics:
        places = decimals_for(m.sample.sd)
        interval = m.interval
        span = (
            f"{shown_number(interval.low, places)} to {shown_number(interval.high, places)}"
            if interval.low is not None
            else interval.reason
        )
        rows.append(
            [
                m.metric + aside(m.unit),
                str(m.sample.n),
                *(
                    shown_number(getattr(m.sample, k), places)
                    for k in ("mean", "sd", "median", "minimum", "maximum")
                ),
                span,
            ]
        )
    return aligned(rows, right_from=1)


def _hardware(data: Baseline) -> str:
    hardware, devices = data.hardware, data.devices
    parts = [str(hardware[k]) for k in ("host", "cpu_model") if hardware.get(k)]
    if devices.get("kind"):
        parts.append(f"{devices.get('count', '?')} x {devices['kind']}")
    return ", ".join(parts)
