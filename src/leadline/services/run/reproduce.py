"""Run a recorded experiment again at its exact code, and say whether the numbers agree.

The code state is unpacked into a fresh folder for each repeat, never taken from the work tree; the
same command runs in the same relative folder with the recorded variables, through the same job
program and extraction. The new runs are repeats of the experiment, flagged ``reproduction_of``, and
a ``reproduction`` record holds the verdict and its rules.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from leadline.core.compare.config_diff import FactDifference, config_diff
from leadline.core.errors import LeadlineError, environment, not_found, usage
from leadline.core.metric.items import on_shared_items
from leadline.core.metric.ruler import beside_of
from leadline.core.record.artifact import DIFFERENT, EQUAL, MISSING, NEW, gaps, held_against
from leadline.core.record.exact import exact_text
from leadline.core.record.run import (
    CALL_AGAIN,
    ELSEWHERE,
    IN_PROCESS,
    SPARSE,
    Run,
    as_counted,
    gaps_of,
)
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.ref_name import is_object_name
from leadline.core.settings_file import variable_problem
from leadline.core.stats.agreement import (
    AGREES,
    DEFAULT_TOLERANCE,
    DISAGREES,
    INCOMPARABLE,
    agreement,
    overall,
)
from leadline.core.timestamps import duration, few, number, plural
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass, field
from leadline.services.artifact.artifacts import artifacts_of
from leadline.services.artifact.intake import check_patterns, mark_old
from leadline.services.branch.sealed import table_of_seal
from leadline.services.context import Context, refs_for
from leadline.services.lookup import snapshot_named
from leadline.services.out_path import write_whole
from leadline.services.run.lifecycle import Say, Watcher
from leadline.services.run.outcome import RunOutcome
from leadline.services.run.relocate import Mover
from leadline.services.run.repeats import execute
from leadline.services.run.request import Command, RunRequest, Terms

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        ArtifactVerdict,
        ArtifactVerdicts,
        CodeState,
        ReproducedMetric,
        ReproductionBody,
        RunPlannedBody,
    )

HARDWARE_IGNORED = ("host", "hostname", "boot_id")
REASON_LINES = 3
FILES_LISTED = 50
GIVEN = ".stdin"  # beside the folder of a rerun: what the run was given


@dataclass
class Rerun:
    """One experiment to run again: ``run`` is the original it is done like."""

    experiment: Experiment
    run: Run
    record: RunPlannedBody
    artifacts: list[str]  # patterns: the original's and those asked for now
    notes: list[str] = field(default_factory=list)
    blocked: str = ""


@dataclass
class _Found:
    """What came of all reruns so far, in their order."""

    runs: list[str] = field(default_factory=list)
    table: list[ReproducedMetric] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    files: list[ArtifactVerdict] = field(default_factory=list)


def reproduce(
    context: Context,
    topic: str,
    target: str,
    *,
    repeat: int = 1,
    only: list[str] | None = None,
    timeout_s: float | None = None,
    keep: bool = False,
    tolerance: float = DEFAULT_TOLERANCE,
    artifacts: list[str] | None = None,
    same_artifacts: bool = False,
    watcher: Watcher,
    say: Say = lambda text: None,
) -> ReproductionBody:
    """Reproduce an experiment, a run, or the experiments of a snapshot (by id, name or tag).

    ``artifacts``: patterns beside those that the original was run with. ``same_artifacts``: one
    that differs or is missing disagrees; else it is said and decides nothing, since many files hold
    a time or an unordered set.

    Returns the reproduction as recorded, without its references. Raises LeadlineError for a target
    that does not exist or has nothing to reproduce; what fails later is part of the verdict.
    """
    if repeat < 1:
        raise usage("bad-repeat", f"--repeat {repeat} runs nothing", do="leadline reproduce --help")
    check_patterns(context, artifacts or [])
    thread = context.store.thread(topic)
    shown, experiments, sealed = _targets(context, thread, target, only or [])
    plans = [plan_again(context, thread, e, sealed, artifacts or []) for e in experiments]
    _say_cost(plans, repeat, say)
    found = _Found()
    for plan in plans:
        originals = _originals(thread, plan.experiment, sealed)
        again, failures, interrupted = _run_again(
            context, topic, plan, repeat, timeout_s, keep, watcher, say
        )
        found.runs += [r.id for r in again]
        counted = [as_counted(r) for r in again if r.bears_result]
        found.table += _judge(context, topic, plan, originals, counted, tolerance)
        found.files += _files(context, plan, originals, counted)
        found.reasons += _reasons(plan, again, failures)
        if interrupted:
            found.reasons.append("interrupted: what comes after was not run")
            break
    notes = [f"{p.experiment.id}: {n}" for p in plans for n in p.notes]
    return _record(context, topic, shown, found, notes, same_artifacts)


# ---- what to run ---------------------------------------------------------------------------------


def _targets(
    context: Context, thread: Thread, target: str, only: list[str]
) -> tuple[str, list[Experiment], set[str]]:
    """The id meant, its experiments, and the uids of the sealed runs when it is a snapshot (else
    none)."""
    sealed: set[str] = set()
    thing = (
        snapshot_named(thread, target)
        or (thread.baseline_experiment if target == "baseline" else None)
        or thread.find(target)
    )
    if is_a(thing, "snapshot"):
        table, _ = table_of_seal(context, thing.body)
        rows = table["rows"] if table is not None else []
        refs = {**thing.refs, **{r["experiment"]: r["uid"] for r in rows if "uid" in r}}
        experiments = [
            thread.experiments[name]
            for r in rows
            if (name := thread.shown(r["experiment"], refs)) in thread.experiments
        ]
        ended = {
            u
            for r in thread.records
            if r.kind == "run-ended" and r.id < thing.uid
            for u in r.body["refs"].values()
        }
        sealed = {run.uid for run in thread.runs if run.uid in ended}
    elif isinstance(thing, Item):
        experiments = [thread.experiment(target)]
    else:
        experiments = [thread.experiments[thing.experiment] if isinstance(thing, Run) else thing]
    if only:
        wanted = {thread.experiment(o).id for o in only}
        experiments = [e for e in experiments if e.id in wanted]
    if not experiments:
        raise not_found(
            "nothing-to-reproduce",
            f"{thing.id} holds no experiment that counts as evidence",
            why="a reproduction compares with runs that ended well",
            do="leadline status --runs",
        )
    return thing.id, experiments, sealed


def _originals(thread: Thread, experiment: Experiment, sealed: set[str]) -> list[Run]:
    """The runs to compare with: those that count, and were sealed (if any were)."""
    return [r for r in experiment.evidence_runs if not sealed or r.uid in sealed]


def plan_again(
    context: Context, thread: Thread, experiment: Experiment, sealed: set[str], artifacts: list[str]
) -> Rerun:
    """How an experiment is run again, or why it cannot be (``blocked``)."""
    originals = _originals(thread, experiment, sealed)
    run = (originals or experiment.runs)[0]
    record = next(r.body for r in thread.records if r.id == run.uid)
    plan = Rerun(
        experiment, run, record, list(dict.fromkeys([*(record.get("artifacts") or []), *artifacts]))
    )
    commit = str(run.code.get("commit") or "")
    if not originals:
        plan.blocked = f"no run of {experiment.id} counts as evidence"
    elif run.origin != "executed":
        plan.blocked = f"{run.id} was not executed by Leadline ({run.origin})"
    elif not commit:
        plan.blocked = f"no code state was recorded with {run.id}"
    elif not is_object_name(commit) or context.vcs.missing_objects([commit]):
        plan.blocked = (
            f"its code state {commit[:12]} is not in this repository (leadline sync --code)"
        )
    elif run.executor == IN_PROCESS and run.argv[1:3] != CALL_AGAIN:
        plan.blocked = "it was a stretch of a Python program, which no command makes again"
    elif any("[redacted:" in a for a in run.argv):
        plan.blocked = "its command line held a secret, which was not recorded"
    elif gap := _stdin_gap(context, run):
        plan.blocked = gap
    trees = {str(r.code.get("tree")) for r in originals}
    if len(trees) > 1:
        plan.notes.append(f"its runs had {len(trees)} code states; {run.id}'s is used")
    gaps = [g for g in run.code.get("gaps") or [] if isinstance(g, dict)]
    plan.notes += [
        f"{g.get('path')} is not in the code state ({g.get('kind') or g.get('reason')})"
        for g in gaps[:5]
    ]
    lacking = [path for path in beside_of(run) if not os.path.isabs(path)]
    plan.notes += [f"{path} ran with it and no code state holds it" for path in lacking[:5]]
    if run.code.get("changed_during_run"):
        plan.notes.append("the code changed while the original ran")
    return plan


def _say_cost(plans: list[Rerun], repeat: int, say: Say) -> None:
    walls = [p.run.wall_s or 0.0 for p in plans if not p.blocked]
    if len(walls) > 1 or sum(walls) * repeat > 60:
        say(
            f"{len(walls)} experiments, {repeat} {plural(repeat, 'run')} each; they took "
            f"{duration(sum(walls) * repeat)} when they were recorded"
        )


# ---- running -------------------------------------------------------------------------------------


def _run_again(
    context: Context,
    topic: str,
    plan: Rerun,
    repeat: int,
    timeout_s: float | None,
    keep: bool,
    watcher: Watcher,
    say: Say,
) -> tuple[list[Run], list[str], bool]:
    """The new runs, why some could not be started, and whether the user stopped it."""
    done: list[Run] = []
    failures: list[str] = [plan.blocked] if plan.blocked else []
    for turn in range(0 if plan.blocked else repeat):
        folder = fresh_folder(context, plan.run, turn)
        try:
            _unpack(context, plan.run, str(plan.run.code["commit"]), folder)
            outcome = _one(context, topic, plan, folder, timeout_s, watcher, say)
        except LeadlineError as error:
            failures.append(f"{error.what} ({error.next[0]})" if error.next else error.what)
            break
        finally:
            if not keep:
                remove_folder(folder)
            else:
                say(f"kept {folder}")
        found = context.store.thread(topic).find(outcome.id)
        assert isinstance(found, Run)
        done.append(found)
        if outcome.interrupted:
            return done, failures, True
    return done, failures, False


def fresh_folder(context: Context, run: Run, number: int) -> str:
    base = os.path.join(context.root, "reproduce")
    return os.path.join(
        base, f"{str(run.code['commit'])[:12]}-{os.getpid()}-{context.clock.now_ms()}-{number}"
    )


@contextmanager
def unpacked(context: Context, run: Run, commit: str, number: int = 0) -> Iterator[str]:
    """A folder that holds ``commit`` while it is worked in; ``number`` tells it from others for the
    same run."""
    folder = fresh_folder(context, run, number)
    try:
        _unpack(context, run, commit, folder)
        yield folder
    finally:
        remove_folder(folder)


def _unpack(context: Context, run: Run, commit: str, folder: str) -> None:
    """Raises LeadlineError: also where a file would be a mere pointer that ``run`` did not find so."""
    left = context.vcs.export_tree(commit, folder)
    pointers = gaps_of(run.code, ELSEWHERE)
    lacking = [path for path in left if path not in pointers]
    if lacking:
        raise environment(
            "content-not-here",
            f"the content of {few(lacking, 3)} is not in this repository",
            why="git-annex or git-lfs keeps it elsewhere, and the run had it",
            do=left[lacking[0]],
        )
    filled = [path for path in pointers if path not in left]
    if filled:
        raise environment(
            "content-is-here",
            f"{few(filled, 3)} was a mere pointer for {run.id}, and its content is here now",
            why="git-annex or git-lfs kept the content elsewhere when it ran",
            do=f"leadline show {run.id}",
        )
    for path in gaps_of(run.code, SPARSE):
        _remove(os.path.join(folder, path))
    if context.vcs.toplevel:
        _lead_out(folder, context.vcs.toplevel)


def _lead_out(folder: str, top: str) -> None:
    """Links of ``folder`` that lead out of the tree, and to nothing from here, lead where those of the
    work tree at ``top`` do."""
    for inside, folders, files in os.walk(folder):
        for path in (os.path.join(inside, name) for name in (*folders, *files)):
            if not os.path.islink(path) or os.path.exists(path):
                continue
            beside = os.path.join(top, os.path.relpath(inside, folder))
            target = os.path.normpath(os.path.join(beside, os.readlink(path)))
            if os.path.exists(target) and not (target + os.sep).startswith(top + os.sep):
                os.unlink(path)
                os.symlink(target, path)


def _remove(path: str) -> None:
    import shutil  # noqa: PLC0415  start-up: 4 ms

    if os.path.isfile(path) or os.path.islink(path):
        os.unlink(path)
    shutil.rmtree(path, ignore_errors=True)


def remove_folder(folder: str) -> None:
    _remove(folder)
    if os.path.exists(f"{folder}{GIVEN}"):
        os.unlink(f"{folder}{GIVEN}")


def _one(
    context: Context,
    topic: str,
    plan: Rerun,
    folder: str,
    timeout_s: float | None,
    watcher: Watcher,
    say: Say,
) -> RunOutcome:
    run = plan.run
    command, move = command_at(context, plan, folder, run.code)
    artifacts = move.patterns(plan.artifacts)
    mark_old(artifacts, str(command.folder), folder)
    request = RunRequest(
        topic,
        command,
        Terms(
            extract=list(plan.record.get("extract") or []),
            artifacts=artifacts,
            timeout_s=timeout_s or plan.record.get("timeout_s"),
        ),
        experiment=plan.experiment.id,
        entry="elsewhere",
        reproduction_of=run.id,
    )
    plan.notes[:] = dict.fromkeys(plan.notes)
    return execute(context, request, watcher, say)[0]


def command_at(
    context: Context, plan: Rerun, folder: str, code: CodeState
) -> tuple[Command, Mover]:
    """The command of ``plan`` where the code state ``code`` lies in ``folder``, and what moves the
    paths in it."""
    run, exact = plan.run, plan.record.get("exact", {})
    cwd = exact_text(exact, "cwd", run.cwd or ".")
    inside = os.path.normpath(os.path.join(folder, cwd))
    if not (inside + os.sep).startswith(folder + os.sep):
        inside = folder
    os.makedirs(inside, exist_ok=True)
    move = Mover(context.vcs.toplevel, cwd, folder, inside, plan.notes)
    argv = [exact_text(exact, f"argv.{n}", word) for n, word in enumerate(run.argv)]
    command = Command(
        argv=move.argv(argv),
        config=dict(run.config),
        set_environment=move.environment(recorded_environment(context, plan)),
        folder=inside,
        code=code,
        recorded_cwd=cwd,
        secret_argv_ok=True,
        stdin=_stdin_again(context, run, folder),
    )
    return command, move


def _stdin_again(context: Context, run: Run, folder: str) -> str:
    """The file beside ``folder`` that holds what the run was given on stdin; "" for nothing."""
    if not run.stdin.get("size_bytes"):
        return ""
    path = f"{folder}{GIVEN}"
    write_whole(path, context.blobs.get(run.stdin["blob"]))
    return path


def _stdin_gap(context: Context, run: Run) -> str:
    """Why what the run was given on stdin cannot be given again; "" where it can."""
    if not (size_bytes := run.stdin.get("size_bytes")):
        return ""
    try:
        context.blobs.get(run.stdin.get("blob") or "")
    except (LeadlineError, OSError, ValueError):
        return f"{size_bytes} bytes that it was given on stdin are not kept"
    return ""


def recorded_environment(context: Context, plan: Rerun) -> dict[str, str | None]:
    """The recorded variables; those that would be recorded now and were not then are taken away."""
    # a record may come from anybody: of its names none is taken for a prefix
    exact = plan.record.get("exact", {})
    named = {
        name: exact_text(exact, f"environment.{name}", value)
        for name, value in plan.run.environment.items()
        if not variable_problem(name + "_")
    }
    allow = [*context.setting("run.environment"), *named]
    now = context.collectors.environment(context.environ, allow)["variables"]
    wanted: dict[str, str | None] = {name: None for name in now if name not in named}
    for name, value in named.items():
        if "[redacted:" in value or "… [cut:" in value:
            plan.notes.append(f"${name} was not recorded in full and is as it is here")
        elif now.get(name) != value:
            wanted[name] = value
    return wanted


# ---- verdict -------------------------------------------------------------------------------------


def _judge(
    context: Context,
    topic: str,
    plan: Rerun,
    originals: list[Run],
    again: list[Run],
    tolerance: float,
) -> list[ReproducedMetric]:
    """One row per metric. What differs in the machine makes a disagreement "cannot be compared"."""
    thread = context.store.thread(topic)
    names = list(dict.fromkeys(m for r in originals for m in (*r.metrics, *r.nonfinite)))
    declared = [n for n in names if n in thread.metrics]
    changed = config_diff(originals, again).rows if again else []
    differing = _machine_differences(changed)
    beside = [row.key for row in changed if row.area == "named"]
    plan.notes += [f"{path}, which is not in the code state, changed since" for path in beside[:4]]
    rows: list[ReproducedMetric] = []
    for name in declared or names:
        first, second, shared = on_shared_items(originals, again, name)
        found = agreement(
            [r.metrics[name] for r in first if name in r.metrics],
            [r.metrics[name] for r in second if name in r.metrics],
            tolerance,
        )
        verdict, rule = found.verdict, found.rule
        if shared is not None and not shared.same:
            words = shared.words("the original", "the reproduction")
            verdict = INCOMPARABLE if shared.reason else verdict
            rule = (
                f"{words}: {shared.reason}"
                if shared.reason
                else f"{rule}; items {words}: over those in both"
            )
        if verdict == DISAGREES and differing:
            verdict, rule = INCOMPARABLE, f"{rule}; outside it, but {differing[0]}"
        unit = thread.metrics[name].unit if name in thread.metrics else ""
        row = {"experiment": plan.experiment.id, "metric": name, "unit": unit, **found.as_dict()}
        rows.append(cast("ReproducedMetric", {**row, "verdict": verdict, "rule": rule}))
    plan.notes += differing
    return rows


def _machine_differences(rows: list[FactDifference]) -> list[str]:
    return [
        f"{row.area} differs: {row.key} {_short(row.a)} then, {_short(row.b)} now"
        for row in rows
        if row.area in ("hardware", "devices", "executor", "software")
        and row.key not in HARDWARE_IGNORED
        and not (row.area == "software" and row.key in ("kernel", "packages_blob"))
    ][:8]


def _short(value: Any) -> str:
    text = "unknown" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _files(
    context: Context, plan: Rerun, originals: list[Run], again: list[Run]
) -> list[ArtifactVerdict]:
    """The artifacts of the new runs beside those of the originals; none when nothing ran that
    counts."""
    if not again:
        return []
    rows = held_against(
        *([artifacts_of(context, run) for run in side] for side in (originals, again))
    )
    not_kept = {gap.name: gap.reason for run in again for gap in gaps(run)}
    for row in rows:
        if row["verdict"] == MISSING and row["name"] in not_kept:
            row["why"] = not_kept[row["name"]]
    named = [{"experiment": plan.experiment.id, **row} for row in rows]
    return cast("list[ArtifactVerdict]", named)


def _recorded_files(files: list[ArtifactVerdict]) -> ArtifactVerdicts:
    """What the record says of the artifacts: how many of each verdict, and the rows, the equal ones
    last."""
    rows = sorted(files, key=lambda row: row["verdict"] == EQUAL)
    counts = {
        v: n
        for v in (EQUAL, DIFFERENT, MISSING, NEW)
        if (n := sum(r["verdict"] == v for r in rows))
    }
    return {"counts": counts, "rows": rows[:FILES_LISTED]}


def _reasons(plan: Rerun, again: list[Run], failures: list[str]) -> list[str]:
    reasons = [f"{plan.experiment.id}: {why}" for why in failures]
    for run in again:
        if run.bears_result:
            continue
        excerpt = str(run.outputs.get("excerpt") or "").strip().splitlines()[-REASON_LINES:]
        code = "" if run.exit_code is None else f"exit code {run.exit_code}"
        why = f" ({run.reason or code})" if run.reason or code else ""
        said = f"; it said: {' / '.join(line.strip()[:160] for line in excerpt)}" if excerpt else ""
        reasons.append(f"{run.id} {run.state}{why}{said}")
    return reasons


def _record(
    context: Context,
    topic: str,
    target: str,
    found: _Found,
    notes: list[str],
    same_artifacts: bool,
) -> ReproductionBody:
    """The verdict over all of it, and its record."""
    reasons, table, files = found.reasons, found.table, found.files
    judged = [row for row in table if row["again"]["n"]]
    verdict = overall([row["verdict"] for row in (judged if reasons and judged else table)])
    # A part of it did not run: the whole is not shown to agree.
    if reasons and verdict == AGREES:
        verdict = INCOMPARABLE
    if not table and not reasons:
        reasons = ["the original runs recorded no metric"]
    uneven = [
        f"{f['experiment']} {f['name']} is {f['verdict']}"
        for f in files
        if f["verdict"] in (DIFFERENT, MISSING)
    ]
    if same_artifacts and uneven:
        verdict = DISAGREES
        more = " …" if uneven[6:] else ""
        reasons = [*reasons, f"the artifacts had to be the same: {', '.join(uneven[:6])}{more}"]
    elif same_artifacts and not files and verdict == AGREES:
        verdict = INCOMPARABLE
        reasons = [*reasons, "the artifacts had to be the same, and the original runs have none"]
    told: ReproductionBody = {
        "target": target,
        "runs": found.runs,
        "verdict": verdict,
        "why": "; ".join([*reasons, *_sentences(table)]),
        "table": table,
    }
    if files:
        told["artifacts"] = _recorded_files(files)
    told["notes"] = notes[:20]
    thread = context.store.thread(topic)
    refs = refs_for(thread, [target, *found.runs])
    shown = context.append_item(thread, "reproduction", {"of": target, **told, "refs": refs})
    return {"id": shown, **told}


def _sentences(table: list[ReproducedMetric]) -> list[str]:
    said = []
    for row in table:
        if not row["again"]["n"]:
            continue
        unit = f" {row['unit']}" if row["unit"] else ""
        where = (
            f", allowed {number(row['low'])} to {number(row['high'])}{unit}"
            if row["low"] is not None
            else ""
        )
        said.append(
            f"{row['experiment']} {row['metric']} {row['verdict']}: {number(row['original']['mean'])}{unit} then, "
            f"{number(row['again']['mean'])}{unit} now{where} ({row['rule']})"
        )
    return said[:12] + ([f"and {len(said) - 12} more"] if len(said) > 12 else [])
