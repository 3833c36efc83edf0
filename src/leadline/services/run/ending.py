"""How a run ends: read its result, its metrics and its output, and append the ``run-ended`` record.

The same code ends a run that was watched and one that is reconciled after its watcher died.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from leadline.core.canonical import digest_of_file, finite
from leadline.core.errors import LeadlineError
from leadline.core.extract.around import around
from leadline.core.extract.gather import merge
from leadline.core.extract.how_read import declared_metrics, how_read
from leadline.core.extract.spec import parse_spec
from leadline.core.metric.contract import contract_of
from leadline.core.metric.limit import within
from leadline.core.profile import diverged, unguarded
from leadline.core.record.conform import fitting, misfit
from leadline.core.record.run import KILLED, TERMINAL_STATES, USUAL_EXECUTOR, leftover_text
from leadline.core.timestamps import epoch_ms, few, rfc3339
from leadline.core.tracker.run_folder import RAW_FILES, RESULT, SUMMARY, summary_of
from leadline.core.typed import TYPE_CHECKING, cast
from leadline.job import rank_output
from leadline.job.disk import open_to_read
from leadline.ports.extractor import RunFiles
from leadline.services.artifact.intake import forget, take_in
from leadline.services.context import Context
from leadline.services.out_path import object_at, write_whole
from leadline.services.run.attempt import executor_of, handle_of
from leadline.services.run.cost import note_cost
from leadline.services.run.facts import capture_code
from leadline.services.run.items_kept import kept_items
from leadline.services.run.loose_files import rewritten_by
from leadline.services.run.planning import RunPlan
from leadline.services.run.progress import clock_ahead_s
from leadline.services.run.ruler import program_touched
from leadline.services.run.same_program import changed_files, note_span, said
from leadline.services.run.spec import SPEC, forget_secrets, sealed_environment
from leadline.services.run.started import software_seen
from leadline.services.run.written import files_written

if TYPE_CHECKING:
    from leadline.core.extract.gather import Extraction
    from leadline.core.record.bodies import (
        CutSeries,
        ExtractionFacts,
        Outputs,
        Preflight,
        Problem,
        RunEndedBody,
        RunPlannedBody,
        StdinFacts,
    )
    from leadline.core.record.run import MetricDef
    from leadline.core.record.thread import Thread
    from leadline.core.secrets.sealed import Sealed
    from leadline.ports.attempt import Result
    from leadline.services.screening import Hiding

GONE = "the job program ended without a result: killed, or the machine went down"
LOOKED_FROM_S = 1.0  # of a shorter run all of the code is looked at where its program was touched
BEGAN_S = 2.0  # between the look before a run and its begin
EXCERPT_CHARS = 1500
LOOKED_AT_BYTES = 32 * 1024  # of a stream, at its end


def end_run(
    context: Context,
    run: RunPlan,
    *,
    say: Callable[[str], None] = lambda text: None,
    check_code: bool = False,
    by: str = "run",
    not_started: str = "",
    code_changed: str = "",
) -> RunEndedBody:
    """Append the ending of one run and return its body. The caller holds the run's marker.
    ``not_started``: why its executor did not take it; ``code_changed``: which of its files are known
    to be others than those that ran."""
    planned, attempt = run.body, run.attempt
    found = None if not_started else executor_of(context, planned).result(attempt)
    is_here = planned.get("executor", USUAL_EXECUTOR) == USUAL_EXECUTOR
    changed = _changed_since_result(attempt) if is_here else []
    result = _no_result(attempt, not_started) if found is None else _checked(found)
    gone = _gone_environment(context, attempt)
    redact = context.screen.redactor(f"what {planned['id']} printed", sealed=gone)
    began, over = _times(result, clock_ahead_s(handle_of(attempt)))
    body: RunEndedBody = {
        "run": planned["id"],
        "refs": {planned["id"]: run.uid, planned["experiment"]: planned["experiment_uid"]},
        "by": by,
        "state": result["state"],
        "exit_code": result.get("exit_code"),
        "signal": result.get("signal"),
        "reason": redact.text(result["reason"] or ""),
        "started_at": began,
        "ended_at": over,
        "wall_s": result.get("wall_s"),
        "resources": result.get("resources"),
    }
    machine = result.get("machine") or {}
    for part in ("hardware", "devices", "software"):
        if part in machine:
            body[part] = redact.value(machine[part])
    if pilot := result.get("pilot"):
        body["pilot"] = str(pilot)
    if loaded := result.get("loaded"):
        body["loaded"] = redact.value(loaded)
    with _whatever_it_meets(body, "what it cost", say):
        note_cost(context, run, body)
    if leftover := result.get("leftover_processes"):
        body["leftover_processes"] = leftover
        if body["state"] in ("done", "failed"):  # else its command was ended as well
            say(f"{planned['id']} left {leftover_text(leftover)}")
    with _whatever_it_meets(body, "reading what it was given", say):
        if taken := _stdin_taken(context, run, result, redact):
            body["stdin"] = taken
    with _whatever_it_meets(body, "reading which Python it started", say):
        if seen := software_seen(context, planned, attempt):
            body["software"] = {**body.get("software", {}), **seen}
    # What the run left behind: numbers, how the machine was, output, files.
    body["hygiene"] = planned.get("hygiene", {})
    done_with: list[str] = []
    with _whatever_it_meets(body, "extraction", say):
        _read_metrics(context, run, result, body, say, redact)
    with _whatever_it_meets(body, "the verdict on the machine", say):
        before: Preflight = planned.get("hygiene", {})
        if "preflight" in machine:
            seen = redact.value(machine["preflight"])
            before = context.collectors.preflight_there(seen, machine.get("devices"))
        body["hygiene"] = context.collectors.after_run(
            before, redact.value(result.get("contention") or {}), result.get("wall_s")
        )
    with _whatever_it_meets(body, "reading the output", say):
        body["outputs"], ranks = _outputs(attempt, body["state"], redact)
        if ranks:
            body["reason"] = f"{body['reason']}; {ranks}".removeprefix("; ")
        beside = planned.get("ruler", {}).get("beside", {})
        top = planned.get("folder") or context.vcs.toplevel or context.cwd
        if rewritten := rewritten_by(context, beside, top, began or ""):
            body["outputs"]["rewritten"] = rewritten
    with _whatever_it_meets(body, "keeping artifacts", say):
        artifacts, done_with = take_in(
            context, planned, attempt, _where(context, planned, attempt), result, redact, say
        )
        if artifacts:
            body["artifacts"] = artifacts
    looked = check_code and (
        (result.get("wall_s") or 0) > LOOKED_FROM_S
        or (began and program_touched(context, planned, epoch_ms(began) / 1000 - BEGAN_S))
    )
    if looked and (
        edited := changed_files(
            context, planned["code"], capture_code(context), planned["argv"], ()
        )
    ):
        body["code_changed_during_run"] = True
        say(
            f"{said(edited)} changed while {planned['id']} ran: what was recorded is the state at the start"
        )
    if code_changed:
        body["code_changed_during_run"] = True
        say(f"{code_changed} changed after this process began: it may have run as it was before")
    # The record first: what is cleared away after it is no longer needed by anybody.
    if gone is not None:
        body = redact.value(body)
    body = _recordable(body, say)
    with context.store.transaction(run.topic) as writing:
        body = writing.add("run-ended", body).body
    if changed:
        _dispute(context, run.topic, body, changed, say)
    _leave_summary(attempt, body)
    forget_secrets(attempt)
    forget(done_with)
    note_span(context, body.get("started_at"), body.get("ended_at"))
    context.open_runs.closed(run.uid)
    _compact_series(context, attempt, body, say)
    return body


def _changed_since_result(attempt: str) -> list[str]:
    """The files of an attempt of this machine that changed after its result came, by the time that nobody sets back:
    until the run is recorded, no digest says what they were."""
    changed_ns = dict[str, int]()
    for name in (RESULT, *RAW_FILES.values()):
        with suppress(OSError):
            changed_ns[name] = os.stat(os.path.join(attempt, name)).st_ctime_ns
    ended_ns = changed_ns.get(RESULT)
    return [name for name, at_ns in changed_ns.items() if ended_ns and at_ns > ended_ns]


def _dispute(
    context: Context,
    topic: str,
    body: RunEndedBody,
    changed: list[str],
    say: Callable[[str], None],
) -> None:
    from leadline.services.artifact.raw_files import note_disputed  # noqa: PLC0415  start-up: only where a file changed

    why = f"{', '.join(changed)} changed after the run ended"
    note_disputed(context, topic, body["run"], why, body["refs"])
    say(f"{body['run']} is disputed: {why}")


def _stdin_taken(
    context: Context, run: RunPlan, result: Result, redact: Hiding
) -> StdinFacts | None:
    given = run.request.stdin if run.request is not None else None
    if given is None and not result.get("stdin_read"):
        return None
    from leadline.services.run.stdin import stdin_facts  # noqa: PLC0415  start-up: only where something is given

    spec = object_at(os.path.join(run.attempt, SPEC))
    return stdin_facts(context, run.request, spec, result, redact)


@contextmanager
def _whatever_it_meets(body: RunEndedBody, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """What one step of reading meets is a fact of this one run; the files it read lie where they
    were. What the disk or a missing package refuses is told as always."""
    try:
        yield
    except (LeadlineError, OSError):
        raise
    except Exception as error:
        _note_problem(body, f"{what} failed: {type(error).__name__}: {str(error)[:200]}", say)


def _recordable(body: RunEndedBody, say: Callable[[str], None]) -> RunEndedBody:
    """What of an ending a record can hold: that a run is over is recorded whatever it left."""
    kept, dropped = fitting("run-ended", body)
    ending = cast("RunEndedBody", kept)
    if dropped:
        what = f"no record can hold {few(dropped, 3)}: left out"
        _note_problem(ending, what, say)
    return ending


def _note_problem(body: RunEndedBody, what: str, say: Callable[[str], None]) -> None:
    extraction = body.setdefault("extraction", {})
    problem: Problem = {"source": "", "code": "ending-failed", "what": what, "blocking": True}
    extraction["problems"] = [*extraction.get("problems", []), problem]
    say(what)


def _checked(result: Result) -> Result:
    """``result`` where it is one: the file lies where the job could write."""
    told = ("state", "exit_code", "signal", "reason", "started_at", "ended_at", "wall_s")
    given = cast("dict[str, object]", result)
    said = {name: given[name] for name in told if name in given}
    unfit = misfit("run-ended", {"run": "", **said, "resources": result.get("resources")})
    if not unfit and result.get("state") in TERMINAL_STATES and _are_times(result):
        return result
    why = unfit or "it says no state, or no time"
    return {"state": "lost", "reason": f"its result cannot be understood: {why}"}


def _times(result: Result, ahead_s: float) -> tuple[str | None, str | None]:
    """When it began and ended, by our clock. ``ahead_s``: how far that of its machine was."""
    began, over = result.get("started_at"), result.get("ended_at")
    if ahead_s:
        ms = round(1000 * ahead_s)
        began, over = (at and rfc3339(epoch_ms(at) - ms) for at in (began, over))
    return began, over


def _are_times(result: Result) -> bool:
    try:
        return all(epoch_ms(at) for at in (result.get("started_at"), result.get("ended_at")) if at)
    except ValueError:
        return False


def _gone_environment(context: Context, attempt: str) -> Sealed | None:
    """What tells the values of the run's environment where this one lacks them."""
    sealed = sealed_environment(attempt)
    if sealed is None:
        return None
    from leadline.core.secrets.environment import secret_values  # noqa: PLC0415  start-up: only where there are some

    return None if sealed.is_of(secret_values(context.environ)) else sealed


def _leave_summary(attempt: str, body: RunEndedBody) -> None:
    """The values beside the series, for whoever gets a copy of the folder and not the record."""
    try:
        summary = summary_of(body.get("metrics", {}), body.get("nonfinite", {}))
        write_whole(os.path.join(attempt, SUMMARY), summary)
    except OSError:
        pass  # the record has them


def _compact_series(
    context: Context, attempt: str, body: RunEndedBody, say: Callable[[str], None]
) -> None:
    """After the record, since it may take a while and nothing depends on it; what goes wrong leaves
    the segments."""
    most = int(context.setting("series.compact_points") or 0)
    sources = body.get("extraction", {}).get("sources", [])
    logged = sum(source["rows"] for source in sources if source.get("kind") == "series")
    if not most or logged <= most or body["state"] == "lost":
        return
    try:
        context.series.compact(attempt)
    except (LeadlineError, OSError) as error:
        say(f"the series of {body['run']} were not compacted: {getattr(error, 'what', error)}")


def _no_result(attempt: str, not_started: str = "") -> Result:
    """What is known of an attempt that its supervisor said nothing about."""
    if not os.path.isdir(attempt):
        what = "its run directory is gone, and with it its result and what it printed"
        return {"state": "lost", "reason": what}
    if os.path.exists(os.path.join(attempt, RESULT)):
        return {"state": "lost", "reason": f"{RESULT} cannot be read: the file is damaged"}
    problem = ""
    try:
        errors = open_to_read(os.path.join(attempt, "supervisor.err"))
        with open(errors, encoding="utf-8", errors="replace") as file:
            problem = file.read(500).strip()
    except OSError:
        pass
    begun = ["owner.json"] if problem else ["owner.json", "alive.lock"]
    if any(os.path.exists(os.path.join(attempt, name)) for name in begun):
        from leadline.job import probe  # noqa: PLC0415  start-up: only where a job was lost

        boot = (object_at(os.path.join(attempt, "owner.json")) or {}).get("boot_id")
        is_up = boot is not None and boot == probe.boot_id()
        return {"state": "lost", "reason": KILLED if is_up else GONE}
    why = problem or not_started or "Leadline ended before it could be"
    return {"state": "lost", "reason": f"the command was not started: {why}"}


def _where(context: Context, planned: RunPlannedBody, attempt: str) -> str:
    """The folder that the command ran in, or that what it left there was fetched into."""
    top = context.vcs.toplevel or context.cwd
    folder = planned.get("folder") or os.path.join(top, planned.get("cwd") or ".")
    fetched = os.path.dirname(folder) == os.path.join(os.path.dirname(attempt), "attempt-1")
    return os.path.join(attempt, os.path.basename(folder)) if fetched else folder


def _words_around(redact: Hiding, line: str, start: int, end: int) -> str:
    """Secrets are hidden in the line as it was printed: words alone no longer tell one."""
    before, value = redact.text(line[:start]), line[start:end]
    return around(
        f"{before}{value}{redact.text(line[end:])}", len(before), len(before) + len(value)
    )


def _read_metrics(
    context: Context,
    run: RunPlan,
    result: Result,
    body: RunEndedBody,
    say: Callable[[str], None],
    redact: Hiding,
) -> None:
    thread = context.store.slice(run.topic, [], ("thread-started", "metric-defined", "profile"))
    attempt = run.attempt
    tracked = _read_tracker(context, run, body, thread.metrics, say)
    if body["state"] != "done" and tracked is None and not _logged(context, attempt):
        return
    try:
        specs = [parse_spec(s) for s in run.body.get("extract", [])]
        where = _where(context, run.body, attempt)
        declared = [spec.in_file for spec in specs if spec.in_file]
        files = RunFiles(
            where,
            os.path.join(attempt, "stdout.log"),
            os.path.join(attempt, "metrics.jsonl"),
            os.path.join(attempt, "stderr.log"),
            files_written(context, run, result, where, declared) if declared else {},
        )
        found = context.collectors.extract(specs, files, thread.metrics)
        if thread.profile and _defined(context, thread, found):
            found = context.collectors.extract(specs, files, thread.metrics)
    except LeadlineError as error:
        body["extraction"] = {
            "problems": [{"source": "", "code": error.code, "what": error.what, "blocking": True}]
        }
        say(f"metrics were not read: {error.what}")
        return
    if tracked is not None:
        found = merge([found, tracked])
    extraction: ExtractionFacts = {}
    if body["state"] == "done" and found.cut:  # of any other run no number counts anyway
        extraction["cut"] = _set_apart(found)
        names = ", ".join(sorted(found.cut)[:8])
        say(f"the series is cut, so that these are no metrics of the run: {names}")
    body["metrics"], body["nonfinite"] = found.metrics, found.nonfinite
    if found.problems:
        extraction["problems"] = found.problems
    if found.sources:
        extraction["sources"] = found.sources
    if found.series:
        extraction["series"] = finite(found.series)
    if found.items:
        extraction["items"] = {
            name: kept_items(context, redact.value(facts)) for name, facts in found.items.items()
        }
    contract = {
        name: contract_of(d)
        for name in found.metrics
        if (d := thread.metrics.get(name)) is not None
    }
    extract = run.body.get("extract", [])
    had = [*found.metrics, *found.nonfinite]
    if read := [name for name in declared_metrics(extract, had) if name in had] if extract else []:
        extraction["read"] = {name: redact.text(how_read(extract, name)) for name in read}
    if found.around:
        extraction["around"] = {n: _words_around(redact, *at) for n, at in found.around.items()}
    if contract:
        extraction["contract"] = contract  # what the numbers meant when they were taken
    body["extraction"] = extraction
    for line in (*_wrong(thread, found), *_diverged(thread, found, str(run.body["id"]))):
        say(line)
    for problem in found.problems:
        cost = " (nothing taken from it)" if problem.get("blocking") else ""
        say(f"{problem['source']}: {problem['what']}{cost}")


def _wrong(thread: Thread, found: Extraction) -> list[str]:
    """What makes the result inadmissible, whatever else it says; and that nothing says whether it is."""
    values = {**found.metrics, **dict.fromkeys(found.nonfinite, math.nan)}
    if values and (guards := unguarded(thread.profile, values)):
        what = f"no {' or '.join(guards)} measured"
        return [f"profile {thread.profile['name']}: {what}: nothing says that the result is right"]
    return [
        f"{name} is beyond its limit {definition.limit}: the result is inadmissible"
        for name, value in values.items()
        if (definition := thread.metrics.get(name)) is not None
        and definition.limit
        and not within(definition.limit, value)
    ]


def _diverged(thread: Thread, found: Extraction, shown: str) -> list[str]:
    """A result as any other, and what it taught is soon forgotten."""
    if not thread.profile.get("curves"):
        return []
    lower = {d.name for d in thread.metrics.values() if d.direction == "lower"}
    kept = f"leadline note {shown} --negative valid-negative 'WHY'"
    return [
        f"profile {thread.profile['name']}: {words}; if it taught something: {kept}"
        for words in diverged(thread.profile, found.series, lower)
    ]


def _defined(context: Context, thread: Thread, found: Extraction) -> list[str]:
    """What the profile of the thread knows of metrics that nobody defined."""
    from leadline.services.write.known_metrics import define_known  # noqa: PLC0415  start-up: 1 ms

    return define_known(context, thread, [*found.metrics, *found.nonfinite])


def _set_apart(found: Extraction) -> dict[str, CutSeries]:
    """Takes the metrics that were reduced from a cut series out of ``found``."""
    apart: dict[str, CutSeries] = {}
    for name in sorted(found.cut):
        found.nonfinite.pop(name, None)
        apart[name] = {
            "value": found.metrics.pop(name, None),
            "points": found.series[name]["points"] if name in found.series else 1,
        }
    return apart


def _logged(context: Context, attempt: str) -> bool:
    """What a run logged before it went wrong counts."""
    return os.path.exists(os.path.join(attempt, "metrics.jsonl")) or context.series.has(attempt)


def _read_tracker(
    context: Context,
    run: RunPlan,
    body: RunEndedBody,
    definitions: dict[str, MetricDef],
    say: Callable[[str], None],
) -> Extraction | None:
    if not run.body.get("tracker"):
        return None
    from leadline.services.run.job_tracker import read_tracker  # noqa: PLC0415  start-up: 2 ms

    tracked, body["tracker"] = read_tracker(
        context, run.topic, run.uid, run.body, definitions, ended=True, say=say
    )
    return tracked


def _outputs(attempt: str, state: str, redact: Hiding) -> tuple[Outputs, str]:
    """Sizes and digests of both streams, and the last lines of the telling one (stderr when it went
    wrong); and which of the processes of a run that failed did. Secrets are hidden before anything
    is cut, in a part that begins long before the excerpt: half a token is no token by its looks."""
    out: dict[str, object] = {}
    tails = {}
    for name in ("stdout", "stderr"):
        try:
            with open(open_to_read(os.path.join(attempt, f"{name}.log")), "rb") as file:
                digest, size = digest_of_file(file), file.tell()
                file.seek(max(0, size - LOOKED_AT_BYTES))
                tail = file.read(LOOKED_AT_BYTES)
        except OSError:
            continue
        if size:
            out[name] = {"size_bytes": size, "digest": digest}
            tails[name] = tail
    try:
        with open(open_to_read(os.path.join(attempt, "metrics.jsonl")), "rb") as file:
            out["logged"] = {"digest": digest_of_file(file), "size_bytes": file.tell()}
    except OSError:
        pass  # nothing was logged
    order = ("stdout", "stderr") if state == "done" else ("stderr", "stdout")
    telling = next((name for name in order if name in tails), "")
    if telling:
        text = redact.text(tails[telling].decode("utf-8", "replace"))
        out["excerpt"], out["excerpt_of"] = _last_lines(text), telling
        if state == "failed":
            from leadline.core.extract.ranks import ended_ranks, first_told  # noqa: PLC0415  start-up: 1 ms

            ranks = ended_ranks(text)
            rank = first_told(ranks)
            if rank is not None and (last := _last_of_rank(attempt, rank, text)):
                out["excerpt"] = _last_lines(redact.text(last))
                out["excerpt_of"] = f"stderr of rank {rank}"
            return cast("Outputs", out), ranks
    return cast("Outputs", out), ""


def _last_of_rank(attempt: str, rank: int, text: str) -> str:
    """The end of what the rank that failed wrote, and not its launcher; "" where nobody kept it
    apart. ``text``: what they all wrote."""
    from leadline.core.extract.ranks import lines_of  # noqa: PLC0415  start-up: 1 ms

    try:
        path = os.path.join(attempt, rank_output.FOLDER, f"{rank}.stderr.log")
        with open(open_to_read(path), "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOOKED_AT_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return lines_of(rank, text)


def _last_lines(text: str) -> str:
    lines = [line[:300] for line in text.splitlines()[-20:]]
    return "\n".join(lines)[-EXCERPT_CHARS:]
