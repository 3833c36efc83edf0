"""Pieces that logbook, issue, brief and terminal share: one wording for one fact, wherever it is
shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leadline.core.extract.how_read import PRINTED, declared_metrics, how_read
from leadline.core.extract.spec import OUTPUT
from leadline.core.metric.items import facts_in, on_shared_items
from leadline.core.metric.redefined import changes_of_scope
from leadline.core.metric.ruler import in_force, of_several
from leadline.core.plain import one_line, shell_words
from leadline.core.record.cost import Cost, cost_of_run, summed
from leadline.core.record.run import USUAL_EXECUTOR, MetricDef, Run, program_of
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.stats.inference import Sample
from leadline.core.timestamps import (
    counted,
    duration,
    few,
    minute,
    number,
    plural,
    rounded,
    size,
    with_unit,
)
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.view.facts import (
    EvidenceOf,
    definition,
    label_of,
    lost_text,
    marks,
    sample_of,
    sentence_of,
    words_for_lost,
    words_of,
)
from leadline.render.markdown import cell_code, code, cut, data, prose_line

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody, CodeState, CutSeries, RulerSaid

CONFIG_SHOWN = 24
EXTRACTIONS_SHOWN = INPUTS_SHOWN = 12


def joined(parts: Iterable[str], between: str = " ") -> str:
    """The parts that say something, one behind the other. Whoever builds a text names its parts and
    leaves those empty that do not hold."""
    return between.join(part for part in parts if part)


def aside(text: str) -> str:
    """`` (text)``, to stand behind what it is about; nothing where there is nothing to say."""
    return f" ({text})" if text else ""


def thread_name(thread: Thread) -> str:
    """``demo (P): its title``; a title that is the topic is not said twice."""
    title = "" if thread.title == thread.topic else f": {one_line(thread.title)}"
    return f"{thread.topic} ({thread.prefix}){title}"


def value_text(run: Run, metric: str, unit: str) -> str:
    """What one run measured: ``1.5 ms``, ``NaN``, ``–``."""
    return run.nonfinite.get(metric) or with_unit(run.metrics.get(metric), unit)


def cut_texts(run: Run, metrics: Mapping[str, MetricDef]) -> list[tuple[str, str]]:
    """Of each metric whose series is cut, what is known of it; the thread's ``metrics``."""
    return [
        (name, f"{_of_cut(about, metrics.get(name))}, from a cut series: no evidence")
        for name, about in sorted(run.extraction.get("cut", {}).items())
    ]


def _of_cut(about: CutSeries, definition: MetricDef | None) -> str:
    value = about.get("value")
    shown = with_unit(value, "" if definition is None else definition.unit)
    return f"{shown} by the {counted(about.get('points', 0), 'point')} that could be read"


def median_text(runs: list[Run], metric: str, unit: str) -> str:
    """``1.5 ms``, ``1.5 ms (1 of 3 not finite)``, ``NaN (2 of 2 not finite)``."""
    sample = sample_of(runs, metric)
    lost = lost_text(sample)
    shown = with_unit(sample.median, unit) if sample.n or not lost else words_for_lost(runs, metric)
    return f"{shown} ({lost})" if lost else shown


def metric_text(sample: Sample, unit: str) -> str:
    """``712.4 ms (n=3, sd 2.55)``"""
    spread = f", sd {rounded(sample.sd)}" if sample.sd is not None else ""
    return f"{with_unit(sample.median, unit)} (n={sample.n}{spread})"


def metric_line(m: MetricDef) -> str:
    better = {"lower": "lower is better", "higher": "higher is better"}.get(m.direction, "")
    formula = f"= {one_line(m.formula)}" if m.formula else ""
    return code(m.name) + aside(joined((formula, one_line(m.unit), better), ", "))


def formula_lines(thread: Thread, metrics: Iterable[str]) -> list[str]:
    """``speedup = baseline(time_ms) / time_ms`` of those that are derived."""
    definitions = [definition(thread, name) for name in metrics]
    return [f"{m.name} = {one_line(m.formula)}" for m in definitions if m.formula]


def redefined_lines(thread: Thread) -> list[str]:
    """Metrics that mean something else than when runs were made."""
    return [
        f"{change.name} since {minute(change.at)}: {one_line(said)}; runs before were made under the old words"
        for change, said in changes_of_scope(thread)
    ]


def command(run: Run) -> str:
    return " ".join(run.argv) if run.shell else shell_words(run.argv)


def told_config(run: Run, config: Mapping[str, object] | None = None) -> dict[str, object]:
    """The config of ``run`` (or a part of it) with tags named as such: they reach no command."""
    given = run.config if config is None else config
    return {f"{k} (tag)" if k in run.tags else k: value for k, value in given.items()}


def config_text(config: Mapping[str, object], shown: int = CONFIG_SHOWN) -> str:
    """``block=64 lr=0.0003`` in code, capped with the count of what is left out."""
    pairs = [f"{k}={v}" for k, v in sorted(config.items())]
    left = f" … and {len(pairs) - shown} more" if len(pairs) > shown else ""
    return code(" ".join(pairs[:shown])) + left if pairs else ""


def code_text(facts: CodeState) -> str:
    """Commit, whether it was dirty, and what of the code was not kept."""
    commit, head = str(facts.get("commit") or ""), str(facts.get("head") or "")
    if not commit and not head:
        told = one_line(str(facts.get("told") or ""))
        return f"{code(told)}, as reported" if told else "not recorded"
    text = f"commit {code((head or commit)[:12])}"
    if facts.get("dirty"):
        text += " with uncommitted changes"
        if files := int(facts.get("changed_total") or len(facts.get("changed_files") or [])):
            text += f" in {files} {plural(files, 'file')}"
        if commit and commit != head:
            text += f", kept exactly as {code(commit[:12])}"
    if written := facts.get("written"):
        text += f"; {few([code(path) for path in written], 3)} written by runs"
    if facts.get("changed_during_run"):
        text += "; **the code changed while it ran**"
    gaps = facts.get("gaps") or []
    if gaps:
        text += f"; not kept: {', '.join(map(_gap, gaps[:5]))}"
        total = int(facts.get("gaps_total") or len(gaps))
        text += f" and {total - 5} more" if total > 5 else ""
    return text


def _gap(gap: Any) -> str:
    """A path that was not kept, and why; old records have the path alone."""
    if not isinstance(gap, dict):
        return code(gap)
    why = str(gap.get("kind") or gap.get("reason") or "left out")
    return f"{code(gap.get('path', ''))} ({one_line(why)})"


def machine_text(run: Run) -> str:
    """One line: host, accelerator or CPU, Python, system, and whether something else was using it."""
    hardware, parts = run.hardware, []
    if hardware.get("host"):
        parts.append(one_line(str(hardware["host"])))
    gpus = [g for g in hardware.get("gpus") or [] if isinstance(g, dict)]
    count = run.devices.get("count")
    kind = str(run.devices.get("kind") or "")
    if kind == "gpu" and gpus and gpus[0].get("name"):
        parts.append(f"{count or len(gpus)}× {one_line(str(gpus[0]['name']))}")
    elif kind and kind != "cpu":
        parts.append(f"{count or '?'}× {one_line(kind)}")
    elif hardware.get("cpu_model"):
        cpus = f"{count} CPUs" if count else ""
        parts.append(joined((one_line(str(hardware["cpu_model"])), cpus), ", "))
    if run.software.get("python"):
        parts.append(f"Python {one_line(str(run.software['python']))}")
    if run.software.get("os"):
        parts.append(one_line(str(run.software["os"])))
    if run.executor not in (USUAL_EXECUTOR, ""):
        place = f", place {one_line(run.pilot)}" if run.pilot else ""
        parts.append(f"through {one_line(run.executor)}{place}")
    return " · ".join(parts)


def cost_text(runs: Sequence[Run]) -> str:
    """As ``cost_words``, of these runs."""
    return cost_words(summed(map(cost_of_run, runs)))


def cost_words(cost: Cost) -> str:
    """``2.1 device-hours, 3 attempts (40 min lost), 5 min queued``; "" where there is nothing but the
    time of one command on one device."""
    several = cost.device_s and cost.runs > 1
    if cost.attempts == cost.runs and not cost.queued_s and not several:
        return ""
    parts = [f"ran {duration(cost.ran_s)}"]
    parts += [f"{number(round(cost.device_s / 3600, 3))} device-hours"] * bool(cost.device_s)
    lost = f"{cost.attempts} attempts ({duration(cost.lost_s)} lost)"
    parts += [lost] * (cost.attempts > cost.runs)
    parts += [f"queued {duration(cost.queued_s)}"] * bool(cost.queued_s)
    return ", ".join(parts)


def cost_of(thread: Thread) -> str:
    """As ``cost_text``, of all that the thread ran itself."""
    if thread.kept is not None:
        return cost_words(thread.kept.cost())
    return cost_text([run for run in thread.runs if run.origin == "executed"])


def extraction_texts(run: Run) -> list[tuple[str, str]]:
    """How each metric was read that was declared to be somewhere, by its name; beside it, that the
    file held more, and whose it was found to be."""
    sources = run.extraction.get("sources", [])
    before = {str(s.get("source")): s["before_bytes"] for s in sources if s.get("before_bytes")}
    tools = {
        str(s["source"]).partition(":")[2]: s["written_by"] for s in sources if "written_by" in s
    }
    texts = []
    names = declared_metrics(run.extract, run.metrics)
    for name in names[:EXTRACTIONS_SHOWN]:
        text = how_read(run.extract, name)
        held = [f"what this run appended to {one_line(s)}" for s in before if f" {s}" in text]
        for path, tool in tools.items():
            where = {OUTPUT: PRINTED}.get(path, path)
            if f"of {where} by benchmark" in text:
                held.append(f"written by {one_line(tool)}")
        near = run.extraction.get("around", {}).get(name)
        held += [f"as in {one_line(near)!r}"] if near else []
        texts.append((one_line(name), joined((one_line(text), *held), "; ")))
    if len(names) > EXTRACTIONS_SHOWN:
        texts.append(("…", f"and {len(names) - EXTRACTIONS_SHOWN} more"))
    return texts


def inputs_text(run: Run) -> str:
    """The data that it was declared to read, each with the beginning of its digest."""
    told = [
        f"{code(path)} {about['digest'].removeprefix('sha256:')[:12]}"
        for path, about in sorted(run.data_files.items())
    ]
    if (count := run.stdin.get("size_bytes")) and "file" not in run.stdin:
        digest = run.stdin["digest"].removeprefix("sha256:")[:12]
        told.append(f"{size(count)} on stdin {digest or '(not digested)'}")
    return few(told, INPUTS_SHOWN)


def origin_text(run: Run) -> str:
    """Where a run comes from that Leadline did not execute, or why it stands apart: "reported:
    results.csv, line 7"; empty for others."""
    if why := run.disputed or run.typed_over:
        return f"{run.apart}: {one_line(why)}"
    if run.reproduction_of:
        return f"a reproduction of {run.reproduction_of}, kept apart"
    if run.origin == "executed":
        return ""
    sources = [one_line(str(s.get("source", ""))) for s in run.extraction.get("sources", [])]
    return f"{run.origin}: {'; '.join(s for s in sources if s) or 'from elsewhere'}"


def tracker_text(run: Run) -> str:
    """Where its dense numbers are: "wandb proj, run P-001 (finished): https://…"; empty without a
    tracker."""
    about = run.tracker
    if not about.get("tracker"):
        return ""
    text = f"{one_line(str(about['tracker']))} {one_line(str(about.get('project', '')))}"
    state = str(about.get("state", ""))
    if state == "none":
        return f"{text}: the job made no run in it"
    if about.get("name") or about.get("id"):
        text += f", run {one_line(str(about.get('name') or about['id']))}"
    provisional = "provisional" if about.get("provisional") else ""
    text += aside(joined((one_line(state), provisional), ", "))
    return f"{text}: {one_line(str(about['url']))}" if about.get("url") else text


def tracker_config(run: Run) -> dict[str, object]:
    """Config that the job gave its tracker and that is not in the run's own; ``compare`` sees both."""
    given = run.tracker.get("config") if run.origin == "executed" else None
    return (
        {k: v for k, v in given.items() if k not in run.config} if isinstance(given, dict) else {}
    )


def contention_text(run: Run) -> str:
    contended = run.hygiene.get("contended")
    if contended is None:
        return "unknown whether something else was running"
    reasons = "; ".join(one_line(str(r)) for r in run.hygiene.get("reasons") or [])
    return (
        f"contended: {reasons or 'no reason given'}"
        if contended
        else "nothing else was seen running"
    )


def relation(thread: Thread, experiment: Experiment, metric: str) -> str:
    """Difference of medians to the current baseline, in per cent of it: ``-28.8 %`` (``46.2×``
    above tenfold). "" when there is none; no number where what measures is another. Over the items
    that both have where these differ, and
    said so."""
    base = thread.baseline_experiment
    if base is None:
        return ""
    if base is experiment:
        return "baseline"
    if of_several([*base.evidence_runs, *experiment.evidence_runs], [metric]):
        return "another ruler"
    their_runs, my_runs, shared = on_shared_items(base.runs, experiment.runs, metric)
    if shared is not None and shared.reason:
        return "other items"
    mine, theirs = sample_of(my_runs, metric).median, sample_of(their_runs, metric).median
    if mine is None or not theirs:
        return ""
    change = (mine - theirs) / abs(theirs)
    text = f"{mine / theirs:.3g}×" if change > 9 else f"{change:+.1%}".replace("%", " %")
    return text if shared is None or shared.same else f"{text} on {shared.n} shared items"


def items_text(thread: Thread, run: Run, metric: str) -> str:
    """Over which items a run's metric is, and both numbers on those it shares with the baseline; ""
    without items."""
    mine = facts_in(run, metric)
    if mine is None:
        return ""
    lost = f", {mine['missing']} without a finite value" if mine.get("missing") else ""
    text = f"{mine['n']} by {' and '.join(mine['by'])} ({mine['reduce']}){lost}"
    base = thread.baseline_experiment
    if base is None or base.id == run.experiment:
        return text
    theirs, ours, shared = on_shared_items(base.runs, [run], metric)
    if shared is None or shared.same:
        return text
    if not shared.a_values:
        return f"{text}; baseline {base.id} is over other items (leadline compare {base.id} {run.experiment})"
    unit = definition(thread, metric).unit
    before, after = (with_unit(sample_of(runs, metric).mean, unit) for runs in (theirs, ours))
    return f"{text}; {shared.words('baseline ' + base.id, 'this run')}, and on those {before} against {after}"


def differs_in(thread: Thread, experiment: Experiment, shown: int = 3) -> str:
    """What the experiment's config changes against the baseline's: ``block=128``; code and command
    are named."""
    base = thread.baseline_experiment
    if base is None or base is experiment or not experiment.runs or not base.runs:
        return ""
    mine, theirs = experiment.runs[0], base.runs[0]
    changed = [
        f"{k}={mine.config[k]}" if k in mine.config else f"no {k}"
        for k in sorted({*mine.config, *theirs.config})
        if mine.config.get(k) != theirs.config.get(k)
    ]
    if program_of(mine.code) != program_of(theirs.code):
        changed.append("code")
    more = f" +{len(changed) - shown} more" if len(changed) > shown else ""
    return ", ".join(cell_code(cut(c, 40)) for c in changed[:shown]) + more


def claim_line(
    item: Item[ClaimBody],
    thread: Thread,
    evidence_of: EvidenceOf | None,
    width: int = 0,
    in_full: bool = False,
) -> str:
    """``**P-C1** replicated: t of B is … Author: “B is faster”``. ``width``: of the author's words."""
    said = sentence_of(item, evidence_of)
    if in_full and evidence_of is not None:
        said = f"{label_of(item, evidence_of)}: {'; '.join(evidence_of(item).sentence.parts)}"
    marked = aside_marks(item)
    gloss = prose_line(words_of(item, thread), width)
    author = f" Author: “{gloss}”" if gloss else ""
    return f"**{item.id}** {data(said)}{marked}.{author}"


def aside_marks(item: Item) -> str:
    """`` [override: …]`` for a page; "" for what was let through as it is."""
    return "".join(f" {prose_line(mark)}" for mark in marks(item))


def capped(lines: list[str], most: int, what: str, verb: str) -> list[str]:
    """The first ``most`` lines, and how many more there are and where."""
    return [*lines[:most], *more_of(len(lines), most, what, verb)]


def more_of(count: int, most: int, what: str, verb: str) -> list[str]:
    return [f"- … and {count - most} more {what}: `{verb}`"] if count > most else []


def code_behind(states: int, experiments: Sequence[str] = ()) -> str:
    """That code states are on this machine alone, why, and what follows. ``experiments``: whose they are."""
    of = aside(few(experiments, 4)) if experiments else ""
    return (
        f"{counted(states, 'code state')} here only{of}, as they may hold what was not committed: their runs cannot be "
        "reproduced elsewhere until leadline sync --code (each time: leadline init --sync-code)"
    )


def ruler_lines(thread: Thread) -> list[str]:
    """What measures each metric, and where it changed last."""
    lines = []
    for metric, said in sorted(in_force(thread.rulers).items()):
        of = metric or "every metric"
        files = ", ".join(said["patterns"]) or f"nothing apart from the code: {said.get('why', '')}"
        changes = [r for r in thread.rulers if "changed" in r and r.get("metric", "") == metric]
        line = f"{of} by {files}"
        if changes:
            files = ", ".join(changes[-1]["changed"][:3])
            line += f"; {ruler_changed(changes[-1], thread)} on {changes[-1]['at'][:10]} ({files})"
        lines.append(line)
    return lines


def ruler_changed(said: RulerSaid, thread: Thread) -> str:
    """At which experiment, where one told it."""
    at = thread.shown(str(said.get("experiment", "")), said.get("refs"))
    return f"ruler changed at {at}" if at else "ruler changed"
