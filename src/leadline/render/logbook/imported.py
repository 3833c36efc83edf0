"""What one import took, as one entry: how many rows, of what, and the first of them."""

from __future__ import annotations

from leadline.core.plain import one_line
from leadline.core.record.event import Record
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, minute
from leadline.core.tracker.told_time import told_time
from leadline.core.view import facts
from leadline.render import words
from leadline.render.logbook import series_excerpt
from leadline.render.markdown import NAME_CHARS, cell_code, code, cut, data, table

CELL_CHARS = 40
SAID_CHARS = 80
CONFIG_SHOWN = 4
METRICS_SHOWN = 3


def told_runs(record: Record, then: Thread) -> list[Run]:
    """The first runs of the import, as far as they are here."""
    refs = record.body.get("refs")
    return then.runs_named(then.here(str(name), refs) for name in record.body.get("about", []))


def entry_of(record: Record, then: Thread) -> tuple[str, str]:
    """Its title and its body."""
    body = record.body
    taken, states = int(body.get("taken") or 0), dict(body.get("states") or {})
    source = one_line(str(body.get("source", "")))
    apart = "reported" if body.get("origin") == "reported" else ""
    named = {facts.state_word(state, apart): n for state, n in states.items()}
    how = ", ".join(f"{n} {state}" for state, n in sorted(named.items()))
    said = f"{counted(taken, 'run')} of {counted(body.get('experiments', 0), 'experiment')}"
    lines = [f"- **Origin:** {data(body.get('origin', ''))}: {code(source)}"]
    lines.append(f"- **Taken:** {words.joined((said, data(how)), ': ')}")
    for name, title in (("before", "Taken before"), ("not_taken", "Not taken")):
        if count := int(body.get(name) or 0):
            lines.append(f"- **{title}:** {counted(count, 'row')}")
    if corrected := int(body.get("corrected") or 0):
        named_first = body.get("corrections", [])
        told = "; ".join(data(cut(one_line(str(c)), SAID_CHARS)) for c in named_first)
        more = corrected - len(named_first)
        also = f" and {more} more" if told and more > 0 else ""
        said = words.joined((counted(corrected, "run"), told + also), ": ")
        lines.append(f"- **Corrected:** {said}")
    runs = told_runs(record, then)
    if drawn := [run for run in runs if series_excerpt.pointer(run)]:
        first = f"{series_excerpt.summary(drawn[0])}, `{series_excerpt.pointer(drawn[0])}`"
        lines.append(f"- **Series:** of {counted(len(drawn), 'run')}; {first}")
    parts = ["\n".join(lines), _table(runs, then)]
    if (left := taken - len(runs)) > 0 and runs:
        parts.append(f"… and {left:,} more runs: `leadline status --runs`.")
    title = f"Imported {counted(taken, 'run')} of {source}"
    return title, "\n\n".join(part for part in parts if part)


def _table(runs: list[Run], then: Thread) -> str:
    if not runs:
        return ""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    varied = [k for k in keys if len({str(run.config.get(k)) for run in runs}) > 1][:CONFIG_SHOWN]
    names = facts.metric_order(
        then, [*dict.fromkeys(m for run in runs for m in (*run.metrics, *run.nonfinite))]
    )[:METRICS_SHOWN]
    columns: dict[str, list[str]] = {"run": [run.id for run in runs]}
    columns["state"] = [facts.state(run) for run in runs]
    columns["measured"] = [minute(run.started_at) if run.started_at else "" for run in runs]
    columns["code"] = [data(cut(str(run.code.get("told") or ""), CELL_CHARS)) for run in runs]
    for key in varied:
        columns[cell_code(cut(one_line(key), NAME_CHARS))] = [
            data(cut(one_line(str(run.config.get(key, "–"))), CELL_CHARS)) for run in runs
        ]
    for name in names:
        unit = facts.definition(then, name).unit
        head = cell_code(cut(one_line(name), NAME_CHARS)) + words.aside(data(unit))
        columns[head] = [data(words.value_text(run, name, "")) for run in runs]
    columns["said"] = [data(cut(one_line(_said(run)), SAID_CHARS)) for run in runs]
    told = {head: cells for head, cells in columns.items() if any(cells)}
    rows = list(zip(*told.values(), strict=True))
    return table([*told], rows)


def _said(run: Run) -> str:
    said = (text for text in run.told.values() if " " in text and not told_time(text)[0])
    return run.reason or next(said, "")
