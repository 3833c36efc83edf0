"""Plain text for the terminal: aligned tables and one thing in full.

Everything that comes from data is stripped of terminal codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leadline.core.plain import as_rows, one_line, plain
from leadline.core.record import artifact
from leadline.core.record.run import Run, has_printed_series, leftover_text
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.stats.agreement import AGREES
from leadline.core.timestamps import duration, minute, rounded, size, with_unit
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.render import words
from leadline.render.logbook import series_excerpt
from leadline.render.table import filled, left_line, table
from leadline.render.terminal.reproduction import render_files, render_table

if TYPE_CHECKING:
    from leadline.core.record.bodies import Later

ARTIFACTS_SHOWN, RUNS_SHOWN = 12, 15  # of one thing that is shown
PROBLEMS_SHOWN = 10


def _runs(thread: Thread, runs: Sequence[Run], shown: int, every: str) -> str:
    """A listing of runs, the newest last, capped with the full count; ``every``: the verb that shows
    all."""
    primary = facts.primary_metrics(thread)
    rows = [_run_row(r, thread, primary) for r in runs[-shown:]]
    head = ["run", "state", "started", "took", *map(one_line, primary), "what"]
    listed = table(*filled(head, rows, range(3, 4 + len(primary))))
    return listed + left_line(runs, shown, "earlier ones", every)


def _run_row(run: Run, thread: Thread, primary: Sequence[str]) -> list[str]:
    experiment = thread.experiments.get(run.experiment)
    gone = "retracted" if run.retracted else ""
    took = "–" if run.wall_s is None else duration(run.wall_s)
    title = "" if experiment is None else experiment.title
    return [
        run.id,
        facts.state(run) + words.aside(gone),
        minute(run.begun) or "–",
        took,
        *(words.value_text(run, m, facts.definition(thread, m).unit) for m in primary),
        title,
    ]


def render_show(
    thing: Experiment | Run | Item,
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    whole: bool = False,
) -> str:
    """One experiment, run, claim, …; ``whole``: with every line of its lists (see ``shortened``)."""
    if isinstance(thing, Run):
        return _run(thing, thread, whole)
    if isinstance(thing, Experiment):
        return _experiment(thing, thread, whole)
    return _item(thing, thread, evidence_of)


def _fields(pairs: Iterable[tuple[str, object]]) -> str:
    kept = [
        (one_line(name), plain(str(value)).strip())
        for name, value in pairs
        if value not in (None, "", [], {})
    ]
    width = max((len(name) for name, _ in kept), default=0)
    pad = "\n" + " " * (width + 2)
    return "\n".join(f"{name.ljust(width)}  {value.replace(chr(10), pad)}" for name, value in kept)


def _pairs(mapping: Mapping[str, object]) -> str:
    return "\n".join(
        f"{one_line(k)} = {v}"
        for k, v in sorted(mapping.items())
        if not isinstance(v, (dict, list))
    )


def _history(history: list[Later]) -> str:
    return "\n".join(
        f"{minute(str(h.get('at', '')))} {h.get('kind', '')}: "
        + one_line(
            " ".join(
                str(h.get("body", {}).get(k))
                for k in ("field", "value", "state", "by", "why")
                if h.get("body", {}).get(k)
            )
        )
        for h in history
    )


def _run(run: Run, thread: Thread, whole: bool) -> str:
    names = facts.metric_order(thread, list(run.metrics))
    files_shown = len(artifact.listed(run)) if whole else ARTIFACTS_SHOWN
    contention = words.contention_text(run) if run.origin == "executed" else ""
    head = _fields(
        (
            ("run", run.id),
            ("state", facts.outcome(run)),
            ("retracted", run.retracted),
            ("superseded by", run.superseded_by),
            ("origin", words.origin_text(run)),
            ("started", run.started_at),
            ("ended", run.begun and run.ended_at),
            ("command", words.command(run)),
            ("in", run.cwd),
            ("config", _pairs(run.inputs)),
            *run.told.items(),
            ("tags", _pairs({key: run.config[key] for key in run.tags})),
            ("read", _read_text([run])),
            ("inputs", words.inputs_text(run).replace("`", "")),
            ("code", words.code_text(run.code).replace("`", "").replace("**", "")),
            ("tracker", words.tracker_text(run)),
            ("its config", _pairs(words.tracker_config(run))),
            ("machine", words.machine_text(run)),
            ("loaded", _pairs(cast("dict[str, object]", run.software.get("loaded", {})))),
            ("contention", contention),
            ("environment", _pairs(dict(run.environment))),
            ("resources", _pairs(run.resources)),
            ("cost", words.cost_text([run])),
            ("left running", leftover_text(run.leftover_processes)),
            ("series", _series_text(run)),
            ("cut series", _cut_text(run, thread)),
            ("problems", _problems_text(run)),
            ("not finite", _pairs(dict(run.nonfinite))),
            ("corrections", _history(run.corrections)),
        )
    )
    parts = [head]
    if names:
        parts.append(
            table(
                ("metric", "value"),
                [[n, with_unit(run.metrics[n], facts.definition(thread, n).unit)] for n in names],
                right=(1,),
            )
        )
    if run.artifact_record:
        parts.append(render_artifacts(run, artifact.listed(run), files_shown))
    return words.joined([*parts, _printed(run)], "\n\n")


def _printed(run: Run) -> str:
    """The last lines that its command printed."""
    excerpt = plain(str(run.outputs.get("excerpt") or "")).rstrip()
    if not excerpt:
        return ""
    # Set in, so that what a command printed is not taken for a field.
    of = one_line(str(run.outputs.get("excerpt_of") or "output"))
    return f"end of {of}:\n" + "\n".join(f"  {line}" for line in excerpt.split("\n"))


def _series_text(run: Run) -> str:
    about, where = series_excerpt.summary(run), series_excerpt.pointer(run)
    if not where and has_printed_series(run):
        where = f"leadline series {run.id}"
    return f"{about}: {where}" if where and about else about


def _cut_text(run: Run, thread: Thread) -> str:
    """The metrics that do not count because their series lacks a part, a line each."""
    return "\n".join(
        f"{one_line(name)}: {text}" for name, text in words.cut_texts(run, thread.metrics)
    )


def _read_text(runs: Sequence[Run]) -> str:
    """How each metric was read, a line each."""
    texts = [text for run in runs for text in words.extraction_texts(run)]
    return "\n".join(f"{name}: {how}" for name, how in texts)


def _problems_text(run: Run) -> str:
    """What was wrong with the sources of the metrics, a line each."""
    problems = run.extraction.get("problems") or []
    told = [
        one_line(str(p.get("what", p) if isinstance(p, dict) else p))
        for p in problems[:PROBLEMS_SHOWN]
    ]
    if more := len(problems) - len(told):
        told.append(f"and {more} more, with --json")
    return "\n".join(told)


def render_artifacts(
    run: Run, artifacts: Sequence[artifact.Artifact], shown: int, states: Sequence[str] = ()
) -> str:
    """The files a run kept, the first ``shown``, and what it did not keep. ``states``: where each
    is."""
    first = artifacts[:shown]
    rows = [
        _artifact_row(a, state)
        for a, state in zip(first, states or [""] * len(first), strict=False)
    ]
    lines = []
    if rows:
        lines.append(table(("artifact", "kind", "size", "digest", "step", ""), rows, right=(2, 4)))
    if (left := artifact.total(run) - len(rows)) > 0:
        lines.append(f"… and {left} more: leadline artifact list {run.id}")
    gaps = artifact.gaps(run)
    lines += [f"not kept: {one_line(g.name)}: {one_line(g.reason)}" for g in gaps[:ARTIFACTS_SHOWN]]
    if (left := artifact.gaps_total(run) - min(len(gaps), ARTIFACTS_SHOWN)) > 0:
        lines.append(f"not kept: {left} more")
    return "\n".join(lines) or f"{run.id} kept no artifact"


def _artifact_row(a: artifact.Artifact, state: str) -> list[object]:
    version = f"version {a.version}" if a.version > 1 else ""
    changed = "changed while it was read" if a.changed else ""
    return [
        a.name + words.aside(version),
        a.kind,
        size(a.size_bytes),
        a.digest[:19],
        "" if a.step is None else a.step,
        words.joined((state, changed)),
    ]


def _experiment(experiment: Experiment, thread: Thread, whole: bool) -> str:
    command = code = ""
    if experiment.runs:
        first = experiment.runs[0]
        command, code = words.command(first), words.code_text(first.code).replace("`", "")
    tags = {key for run in experiment.runs for key in run.tags}
    notes = "\n".join(
        f"{n.id} {n.body.get('role') or 'note'}: {facts.says(n, thread)}" for n in experiment.notes
    )
    head = _fields(
        (
            ("experiment", f"{experiment.id} {experiment.title}"),
            ("state", facts.state_of(experiment)),
            ("why", experiment.retracted),
            ("superseded by", experiment.superseded_by),
            ("hypotheses", ", ".join(experiment.hypotheses)),
            ("expected", experiment.expected),
            ("config", _pairs({k: v for k, v in experiment.config.items() if k not in tags})),
            ("tags", _pairs({k: v for k, v in experiment.config.items() if k in tags})),
            ("command", command),
            ("read", _read_text(experiment.runs[:1])),
            ("code", code),
            ("cost", words.cost_text(experiment.runs)),
            ("notes", notes),
            ("history", _history(experiment.history)),
        )
    )
    runs = facts.described(experiment.runs)
    found = {n: 1 for r in runs if r.is_evidence for n in (*r.metrics, *r.nonfinite)}
    names = facts.metric_order(thread, list(found))
    samples = [(n, facts.sample_of(runs, n), facts.definition(thread, n).unit) for n in names]
    rows = [
        [
            n,
            s.n,
            words.median_text(runs, n, u),
            rounded(s.sd),
            with_unit(s.minimum, u),
            with_unit(s.maximum, u),
            words.relation(thread, experiment, n) or "–",
        ]
        for n, s, u in samples
    ]
    shown = len(experiment.runs) if whole else RUNS_SHOWN
    every = f"leadline show {experiment.id} --all"
    parts = [head, _runs(thread, experiment.runs, shown, every)]
    if rows:
        parts.append(
            table(
                ("metric", "n", "median", "sd", "min", "max", "vs baseline"),
                rows,
                right=range(1, 7),
            )
        )
    wrong = [run for run in experiment.runs if run.state in ("failed", "timeout")]
    printed = [f"{run.id} {run.state}, {_printed(run)}" for run in wrong[-1:] if _printed(run)]
    return "\n\n".join([*parts, *printed])


def _item(item: Item, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    hidden = ("id", "text", "refs", "bound", "evidence", "label", "rules", "sentence")
    rest = [
        (k, ", ".join(map(str, v)) if isinstance(v, list) else v)
        for k, v in item.body.items()
        if k not in hidden and not isinstance(v, dict) and not _is_table(v)
    ]
    judged = item.kind == "claim" or bool(item.body.get("predicate"))
    author = "author's words" if judged else "text"
    head = _fields(
        [
            (item.kind, item.id),
            *_evidence_fields(item, evidence_of),
            (author, facts.says(item, thread)),
            ("rests on", "\n".join(facts.rests_on(item, thread, evidence_of))),
            ("recorded", f"{item.at} by {item.actor}"),
            *rest,
            ("retracted", item.retracted),
            ("superseded by", item.superseded_by),
            ("history", _history(item.history)),
        ]
    )
    if not is_a(item, "reproduction"):
        return head
    rows = sorted(item.body.get("table") or (), key=lambda row: row["verdict"] == AGREES)
    lines = [*render_table(rows), *render_files(item.body.get("artifacts"))]
    return "\n".join([head, as_rows(lines)])


def _evidence_fields(item: Item, evidence_of: EvidenceOf | None) -> list[tuple[str, str]]:
    """What the runs say of a claim or a prediction, in full, and what they said when it was
    claimed."""
    if item.kind != "claim" and not item.body.get("predicate"):
        return []
    label = ("label", facts.label_of(item, evidence_of))
    if evidence_of is None:
        return [label]
    known = evidence_of(item)
    then = str(item.body.get("sentence") or item.body.get("label") or "")
    return [
        label,
        ("the runs say", "\n".join(known.sentence.parts)),
        ("when claimed", "" if then in (known.sentence.short, known.label) else then),
        ("missing", "\n".join(known.missing)),
        ("counted", ", ".join(known.counted)),
    ]


def _is_table(value: Any) -> bool:
    """Rows of fields: shown as a table by the verb that made them, or with --json; never as they
    are stored."""
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)
