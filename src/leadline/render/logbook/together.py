"""What one command measured, as one entry: the command and what varies in it once, a table with the
best first, what two axes do to each other, what was said of it.

Facts of machine and code, and config that stays, are said when they are first met in a writer's runs
and when they change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadline.core.plain import one_line, shell_word
from leadline.core.record.run import Run, program_of
from leadline.core.record.thread import Experiment, Thread, is_a
from leadline.core.timestamps import counted, few, number, rounded, with_unit
from leadline.core.typed import Any
from leadline.core.view import facts
from leadline.core.view.together import Arm, Interaction, Row, Together, interaction, rows
from leadline.render import words
from leadline.render.logbook.files_kept import kept_parts
from leadline.render.markdown import (
    NAME_CHARS,
    cell_code,
    code,
    cut,
    data,
    fence,
    prose_line,
    table,
)

ROWS_SHOWN = 24
METRICS_IN_TABLE = 3
METRICS_IN_A_LINE = 3
METRICS_NAMED = 6
TITLE_CHARS = 60
COMMAND_CHARS = 240
AXIS_CHARS = 24
OUTPUT_LINES = 6

Told = dict[str, str]


def changed(told: Told, name: str, text: str) -> bool:
    """Whether that is news to who reads on; it is told from here on."""
    known = told.get(name)
    told[name] = text
    return known != text


def entry_body(one: Together, then: Thread, told: Told) -> str:
    """Everything but what was said of it: command, facts, result."""
    lines = [*command_lines(one), *fact_lines(one, told), *_result_lines(one, then)]
    return "\n".join(lines) + "".join(f"\n\n{part}" for part in _parts(one, then))


def title_of(one: Together) -> str:
    """``sweep of unroll x vec at opt=O3``; of an experiment its own title."""
    if one.item is None:
        return one.arms[0].experiment.title
    if is_a(one.item, "interleaving"):
        sides = [_values(arm) or arm.experiment.title for arm in one.arms]
        return f"in turns: {' against '.join(cut(side, TITLE_CHARS) for side in sides[::-1])}"
    constant = ", ".join(f"{k}={v}" for k, v in one.item.body.get("config", {}).items())
    at = f" at {cut(constant, TITLE_CHARS)}" if constant else ""
    return f"sweep of {' x '.join(one.axes)}{at}"


def _values(arm: Arm) -> str:
    return ", ".join(f"{k}={v}" for k, v in arm.values.items())


# ---- command and facts ---------------------------------------------------------------------------


def command_lines(one: Together) -> list[str]:
    """The command with what varies in it, how often it ran, from where, and whether the machine was
    busy."""
    runs = [r for arm in one.arms for r in arm.experiment.runs if r.argv]
    busy = _busy([run for run in one.runs if run.origin == "executed"])
    if not runs:
        return [f"- **Machine:** {busy}"] if busy else []
    where = words.aside(f"in {code(runs[0].cwd)}" if runs[0].cwd not in ("", ".") else "")
    often, shown = words.joined((_how_often(one), busy), "; "), _template(one)
    if "\n" in shown or len(shown) > COMMAND_CHARS:
        block = fence(shown, "sh").replace("\n", "\n  ")
        return [f"- **Command:**{where}{words.aside(often)}\n\n  {block}\n"]
    return [words.joined((f"- **Command:**{where} {code(shown)}", often), ": ")]


def _how_often(one: Together) -> str:
    counts = sorted({len(arm.runs) for arm in one.arms})
    each = counted(counts[0], "run")
    if len(counts) > 1:
        each = f"{counts[0]} to {counted(counts[-1], 'run')}"
    if is_a(one.item, "sweep"):
        return f"{counted(len(one.arms), 'cell')}, {each} each"
    if one.item is not None:
        return f"{each} each"
    return each if counts[0] > 1 else ""


def _template(one: Together) -> str:
    if is_a(one.item, "sweep"):
        argv = one.item.body["argv"]
        return " ".join(w if "{" in w and " " not in w else shell_word(w) for w in argv)
    lines = list(dict.fromkeys(words.command(arm.experiment.runs[0]) for arm in one.arms))
    if len(lines) != 2:
        return lines[0]
    a, b = (line.split(" ") for line in lines)
    if len(a) != len(b):
        return "\n".join(lines)
    return " ".join(x if x == y else f"{{{x}|{y}}}" for x, y in zip(a, b, strict=True))


def fact_lines(one: Together, told: Told, runs: Sequence[Run] = ()) -> list[str]:
    """Config that no word of the command shows, data, code and machine, as far as they are news.
    ``runs``: those to look at, all without."""
    runs = runs or [r for arm in one.arms for r in arm.experiment.runs]
    last = runs[-1]
    spoken = {part for word in last.argv for part in (word, *word.split("="))}
    news = {
        k: v
        for k, v in one.constant.items()
        if changed(told, f"config {k}", str(v)) and str(v) not in spoken
    }
    lines = [f"- **Config:** {words.config_text(news)}"] if news else []
    if last.measures_again:
        lines.append(f"- **Measures again:** {last.measures_again}, by the ruler as it is now")
    if last.origin != "executed":
        lines.append(f"- **Origin:** {prose_line(words.origin_text(last))}")
    read = words.extraction_texts(last) if "read" in last.extraction else []
    programs = {program_of(run.code) for run in runs}
    seen = {
        "Inputs": words.inputs_text(last),
        "Read": "; ".join(f"{code(name)}: {code(how)}" for name, how in read),
        "Code": words.code_text(last.code) if last.code else "",
        "Machine": words.machine_text(last),
        "Tracker": prose_line(words.tracker_text(last)),
    }
    lines += [f"- **{n}:** {text}" for n, text in seen.items() if text and changed(told, n, text)]
    if len(programs) > 1:
        lines.append(f"- **Mark:** {len(programs)} code states: not all rows are comparable")
    return lines


def _busy(runs: Sequence[Run]) -> str:
    states = [run.hygiene.get("contended") for run in runs]
    busy, unknown = states.count(True), states.count(None)
    parts = []
    if busy:
        which = f"{busy} of {len(runs)} " if busy < len(runs) else ""
        parts.append(f"{which}beside other work")
    if unknown:
        parts.append(f"unknown of {counted(unknown, 'run')} what else was running")
    return "; ".join(parts)


# ---- results -------------------------------------------------------------------------------------


def _result_lines(one: Together, then: Thread) -> list[str]:
    if is_a(one.item, "interleaving"):
        return _verdict_lines(one)
    if one.item is None:
        return _of_experiment(one.arms[0].experiment, one.runs, one.metrics(then), then)
    if one.metrics(then):
        return []
    shown = [f"- {data(_name(arm))}: {_states(arm.runs)}" for arm in one.arms]
    return words.capped(shown, ROWS_SHOWN, "cells", f"leadline sweep show {one.name}")


def _parts(one: Together, then: Thread) -> list[str]:
    names = one.metrics(then)
    parts = _table_parts(one, names, then) if names and one.item is not None else []
    parts += _problems(one.runs, then)
    if one.item is None and one.runs:
        parts += kept_parts(one.runs[-1], then)
    output = _output(one, bool(names))
    return [part for part in (*parts, output) if part]


def _verdict_lines(one: Together) -> list[str]:
    assert one.item is not None
    ended = one.item.body.get("ended") or {}
    sides = dict(ended.get("experiments") or {})
    if not sides or not ended.get("verdict"):
        return ["- **Result:** it ended without a verdict"]
    what = f"{code(ended['metric'])} of {sides.get('b', 'b')} (b) against {sides.get('a', 'a')} (a)"
    said = f"{ended['verdict']}: {what}: {ended.get('sentence', '')}"
    blocks = counted(ended.get("n_blocks", 0), "block")
    lines = [f"- **Result:** {prose_line(said)}; {blocks}, stopped: {data(ended['why_stopped'])}"]
    failed = [str(f) for f in ended.get("failed_blocks") or []]
    lines += [f"- Left out: {data(text)}" for text in failed[:3]]
    return [*lines, *words.more_of(len(failed), 3, "left out", f"leadline ab show {one.name}")]


def _table_parts(one: Together, names: list[str], then: Thread) -> list[str]:
    """The table in the first metric, with the medians of the next ones; what is the same everywhere
    and what was measured besides in a line."""
    first, *others = _of_the_verdict(one, names)
    base = then.baseline_experiment
    if is_a(one.item, "interleaving") or (base and not facts.sample_of(base.runs, first).n):
        base = None
    reference = one.arms[0].experiment if base is None else base
    ordered = rows(then, one, first, reference)
    medians = {n: [facts.sample_of(r.arm.runs, n).median for r in ordered] for n in others}
    same = [n for n in others if len({m for m in medians[n] if m is not None}) == 1]
    guards = [n for n in others if facts.definition(then, n).limit and n not in same]
    shown = [n for n in others if n not in (*same, *guards)]
    columns = shown[: METRICS_IN_TABLE - 1]
    apart = [set(r.differs) for r in ordered if r.arm.experiment.id != reference.id]
    everywhere = set.intersection(*apart) if apart else set[str]()
    body = [_cells(row, one, columns, reference, everywhere) for row in ordered[:ROWS_SHOWN]]
    head = [
        *map(cell_code, one.axes),
        "run",
        "n",
        f"median {_named(first, then)}",
        "sd",
        f"× {reference.id}",
        *(f"median {_named(n, then)}" for n in columns),
        "mark",
    ]
    keep = [i for i in range(len(head)) if head[i] != "mark" or any(r[i] for r in body)]
    numbers = range(len(one.axes) + 1, len(head) - 1)
    parts = [table([head[i] for i in keep], [[r[i] for i in keep] for r in body], right=numbers)]
    lines = []
    if (left := len(ordered) - ROWS_SHOWN) > 0:
        lines.append(
            f"… and {left:,} more cells, the worse ones: `leadline sweep show {one.name}`."
        )
    lines.append(_reference_line(one, reference, base, everywhere))
    if found := interaction(then, one, first):
        lines.append(_interaction_line(found))
    for name in same[:METRICS_NAMED]:
        lines.append(_same_line(name, next(m for m in medians[name] if m is not None), then))
    lines += [_guard_line(n, one, then) for n in guards]
    rest = [*shown[METRICS_IN_TABLE - 1 :], *same[METRICS_NAMED:]]
    if rest:
        named = few([code(cut(one_line(n), NAME_CHARS)) for n in rest], METRICS_NAMED)
        lines.append(f"Also measured: {named}: `leadline show {one.name}`.")
    lines.append(f"Picture: `leadline plot {one.name}`.")
    return [*parts, "\n".join(lines)]


def _of_the_verdict(one: Together, names: list[str]) -> list[str]:
    judged = str(one.item.body.get("metric") or "") if is_a(one.item, "interleaving") else ""
    return sorted(names, key=lambda name: name != judged)


def _named(name: str, then: Thread) -> str:
    unit = facts.definition(then, name).unit
    shown = cut(one_line(name), NAME_CHARS)
    return cell_code(shown) + words.aside(data(unit))


def _cells(
    row: Row,
    one: Together,
    columns: list[str],
    reference: Experiment,
    everywhere: set[str],
) -> list[str]:
    arm, sample = row.arm, row.sample
    differs = [key for key in row.differs if key not in everywhere]
    lost = facts.lost_text(sample)
    marks = [*row.marks, *([lost] if lost else [])]
    marks += [f"differs in {', '.join(differs)}"] if differs else []
    ratio = rounded(row.ratio) if row.ratio is not None else "–"
    if arm.experiment.id == reference.id:
        ratio = "1"
    return [
        *(data(cut(one_line(str(arm.values.get(a, "–"))), AXIS_CHARS)) for a in one.axes),
        arm.experiment.id,
        str(sample.n),
        number(sample.median),
        rounded(sample.sd),
        ratio,
        *(number(facts.sample_of(arm.runs, n).median) for n in columns),
        data("; ".join(marks)),
    ]


def _reference_line(
    one: Together, reference: Experiment, base: Experiment | None, everywhere: set[str]
) -> str:
    """What the ratios are held against, and in what else than the axes all rows differ from it."""
    what = "side a" if is_a(one.item, "interleaving") else "the first cell"
    if base is not None:
        what = f"the baseline, {cut(reference.title, TITLE_CHARS)}"
    also = f"; all rows differ from it in {', '.join(sorted(everywhere))} too" if everywhere else ""
    return f"× {reference.id}: ratio of medians to {data(what)}{data(also)}."


def _interaction_line(found: Interaction) -> str:
    def within(interval: Any) -> str:
        known = interval is not None and interval.known
        return f" ({rounded(interval.low)} to {rounded(interval.high)})" if known else ""

    effects = ", ".join(
        f"{rounded(e.ratio)}{within(e.interval)} at {e.at}" for e in found.effects[:ROWS_SHOWN]
    )
    sides = f"{found.axis}={found.high} to {found.axis}={found.low}"
    line = f"Interaction: the ratio of {sides} is, by {found.by}, {effects}"
    if found.change is not None:
        factor = f"{rounded(found.change)}{within(found.interval)}"
        line += f"; from the first {found.by} to the last it changes by a factor of {factor}"
    return f"{data(line)}."


def _same_line(name: str, value: float | None, then: Thread) -> str:
    unit = facts.definition(then, name).unit
    return f"{code(cut(one_line(name), NAME_CHARS))} is {data(with_unit(value, unit))} in all rows."


def _guard_line(name: str, one: Together, then: Thread) -> str:
    limit = facts.definition(then, name).limit
    values = [r.metrics[name] for r in one.runs if r.is_evidence and name in r.metrics]
    broken = sum(f"{name} {limit}" in facts.beyond_limits(then, arm.runs) for arm in one.arms)
    kept = "kept by all" if not broken else f"not kept by {broken} of {len(one.arms)} rows"
    span = f" ({number(min(values))} to {number(max(values))})" if values else ""
    return f"{code(name)} {data(limit)}: {kept}{span}."


def _name(arm: Arm) -> str:
    return f"{arm.experiment.id} {data(_values(arm) or arm.experiment.title)}"


def _states(runs: Sequence[Run]) -> str:
    """``3 done``, ``2 failed: exit code 1``."""
    by_state: dict[str, list[Run]] = {}
    for run in runs:
        by_state.setdefault(facts.state(run), []).append(run)
    told = []
    for state, those in by_state.items():
        reasons = dict.fromkeys(one_line(r.reason) for r in those if r.reason)
        why = f": {data(cut(next(iter(reasons)), 160))}" if reasons else ""
        told.append(f"{len(those)} {state}{why}")
    return "; ".join(told)


def _of_experiment(
    experiment: Experiment, runs: Sequence[Run], names: list[str], then: Thread
) -> list[str]:
    """``- **Result:** done in 5 s``, and below it a line a metric."""
    if not runs:
        return []
    how = _states(runs) if len(runs) > 1 else prose_line(facts.outcome(runs[-1]))
    if not names:
        nothing = "no metric was recorded" if any(r.state == "done" for r in runs) else ""
        return [f"- **Result:** {words.joined((how, nothing), '; ')}"]
    base = then.baseline_experiment
    base = None if base is None or base.id == experiment.id else base
    most = facts.METRICS_SHOWN
    told = [f"  - {_metric_line(n, runs, base, then)}" for n in names[:most]]
    more = words.more_of(len(names), most, "metrics", f"leadline show {experiment.id}")
    return [f"- **Result:** {how}", *told, *(f"  {line}" for line in more)]


def _metric_line(name: str, runs: Sequence[Run], base: Experiment | None, then: Thread) -> str:
    """```time_us` 727 us (median, n=5, sd 3.1, 724 to 733); 0.98 × LS-006``"""
    unit, runs = facts.definition(then, name).unit, list(runs)
    sample = facts.sample_of(runs, name)
    shown = with_unit(sample.median, unit)
    if not sample.n:
        values = [r.metrics[name] for r in runs if name in r.metrics]
        shown = with_unit(values[-1], unit) if values else facts.words_for_lost(runs, name)
        shown = shown or next((r.nonfinite[name] for r in runs if name in r.nonfinite), "–")
    about = []
    if sample.n > 1:
        about = ["median", f"n={sample.n}", f"sd {rounded(sample.sd)}"]
        about.append(f"{number(sample.minimum)} to {number(sample.maximum)}")
    if lost := facts.lost_text(sample):
        about.append(lost)
    line = f"{code(cut(one_line(name), NAME_CHARS))} {data(shown)}{words.aside(', '.join(about))}"
    theirs = None if base is None else facts.sample_of(base.runs, name).median
    if base is not None and theirs and sample.median is not None:
        line += f"; {rounded(sample.median / theirs)} × {base.id}"
    if beyond := [b for b in facts.beyond_limits(then, runs) if b.startswith(f"{name} ")]:
        line += f"; **beyond {data(beyond[0])}**"
    if runs and (items := words.items_text(then, runs[-1], name)):
        line += f"; items: {data(items)}"
    return line


def more_runs(experiment: Experiment, runs: Sequence[Run], names: list[str], then: Thread) -> str:
    """The result of further runs of an experiment that has its entry: theirs, and that of all."""
    busy = _busy([run for run in runs if run.origin == "executed"])
    lines = [f"- **Result:** {words.joined((_states(runs), busy), '; ')}"]
    every = [r for r in experiment.runs if not r.reproduction_of]
    for name in names[:METRICS_IN_A_LINE]:
        unit = facts.definition(then, name).unit
        mine, whole = facts.sample_of(list(runs), name), facts.sample_of(every, name)
        both = f"{with_unit(mine.median, unit)} here, of all {words.metric_text(whole, unit)}"
        lines.append(f"  - {code(cut(one_line(name), NAME_CHARS))} {data(both)}")
    return "\n".join(lines)


def _problems(runs: Sequence[Run], then: Thread) -> list[str]:
    """Values that were no numbers, cut series, what the extraction met: once each."""
    told: dict[str, int] = {}
    for run in runs:
        for name, value in sorted(run.nonfinite.items()):
            line = f"{code(name)} was {data(value)}"
            told[line] = told.get(line, 0) + 1
        for name, text in words.cut_texts(run, then.metrics):
            line = f"{code(name)}: {data(text)}"
            told[line] = told.get(line, 0) + 1
        for problem in (run.extraction.get("problems") or [])[:5]:
            what = problem.get("what", problem) if isinstance(problem, dict) else problem
            line = f"Extraction: {data(what)}"
            told[line] = told.get(line, 0) + 1
    lines = [f"- {line}" + words.aside(f"{n} runs" if n > 1 else "") for line, n in told.items()]
    return [
        "\n".join([*lines[:5], *([f"- … and {len(lines) - 5} more"] if len(lines) > 5 else [])])
    ]


def _output(one: Together, measured: bool) -> str:
    """The end of what one run printed that failed, or that gave no number."""
    runs: Iterable[Run] = [r for r in one.runs if r.state != "done" or not measured]
    for run in runs:
        excerpt = str(run.outputs.get("excerpt") or "").strip("\n")
        if excerpt:
            lines = "\n".join(excerpt.split("\n")[-OUTPUT_LINES:])
            of = data(run.outputs.get("excerpt_of") or "output")
            return f"End of {of} of {run.id}:\n\n" + fence(cut(lines, 800), "text")
    return ""
