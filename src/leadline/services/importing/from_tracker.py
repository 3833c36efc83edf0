"""Runs that a tracker recorded while they ran, fetched and digested: the one kind of import that
can be evidence.

What a tracker does not say is not made up: a run without an end is left out unless it is asked for,
and then ``lost``; the code it ran and the machine are unknown, so that a comparison with it says
so.
"""

from __future__ import annotations

import os

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError, not_found, usage
from leadline.core.record.thread import Thread
from leadline.core.timestamps import counted, epoch_ms, rfc3339
from leadline.core.tracker.formats import KNOWN
from leadline.core.tracker.imported import Findings, FoundRun, metric_columns, not_finite
from leadline.core.tracker.reading import (
    Reading,
    TrackerRun,
    extraction_of,
    kept_config,
    short_config,
)
from leadline.core.tracker.reconciliation import further_runs
from leadline.core.tracker.text_columns import Spellings
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.tracker import Tracker
from leadline.services.context import Context
from leadline.services.importing.points import Waiting
from leadline.services.importing.request import ImportRequest
from leadline.services.importing.source import is_path
from leadline.services.run.job_tracker import redacted, tracker_words
from leadline.services.tracker.agreed_tracker import agree
from leadline.services.tracker.folder import shared_folder

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config, TrackerPlace

AS_LOST = "--unfinished takes it as lost"
# a run of a tracker that never says of an end: over when nothing came for this long
STILL_WARM_S = 600.0
ENDED = {"finished": "done", "failed": "failed"}
TITLE_CHARS = 200


def found_in_tracker(
    context: Context, thread: Thread, request: ImportRequest, name: str, points: Waiting
) -> Findings:
    """The runs of a project (``request.source``), or of a tracker's own files at that path, as an
    import has them.

    Raises LeadlineError: ``no-such-tracker``, ``no-such-run`` (usage), ``no-runs`` (not_found),
    remote.
    """
    tracker = _tracker(context, name)
    path = os.path.join(context.cwd, request.source)
    if tracker.kind.by_folder and request.at:
        request.at = shared_folder(context, name, request.at)
    agree(context, name, request.at)
    runs = tracker.stored(path) if os.path.exists(path) and not request.at else []
    local = bool(runs)
    runs = runs or _listed(context, tracker, request, path)
    if not runs:
        at = f" at {request.at}" if request.at else ""
        why = "it is neither a project with runs nor a path with files of it"
        if unasked := str(tracker.check(request.at)["why"]):
            why = f"it is no path with files of it, and no server was asked ({unasked})"
        raise not_found(
            "no-runs",
            f"{name} has no runs under {request.source}{at}",
            why=why,
            do="leadline import --help",
        )
    if request.runs:
        runs = _asked_for(runs, request)
    source = os.path.basename(os.path.abspath(path)) if local else request.source
    found = Findings(f"{name} {source}", "", "imported")
    wanted = metric_columns(request.metrics)
    names: dict[str, None] = {}
    keys: dict[str, None] = {}
    for run in runs:
        if taken := _taken(context, thread, tracker, run, request, found, wanted, names, keys):
            found.leave(
                not_finite(taken.where, name, word)
                for name, word in sorted(taken.nonfinite.items())
            )
            points.take(taken, name)
            found.runs.append(taken)
    _keep_texts(found)
    found.digest = digest_of(sorted(str(run.tracker["digest"]) for run in found.runs))
    found.columns = list(names)
    asked = [] if "*" in request.config else request.config
    found.left_columns = [n for n in names if wanted and n not in wanted]
    found.left_columns += [
        key for key in keys if asked and key not in asked and key not in found.left_columns
    ]
    if lacking := [key for key in asked if key not in keys and found.runs]:
        raise usage(
            "no-such-column",
            f"no run of {request.source} has a config key {lacking[0]!r}",
            why=f"there are: {', '.join(list(keys)[:30]) or 'none'}",
            do="leadline import --help",
        )
    if absent := [n for n in wanted if names and n not in names]:
        raise usage(
            "no-such-column",
            f"no run of {request.source} has a metric {absent[0]!r}",
            why=f"there are: {', '.join(list(names)[:30]) or 'none'}",
            do="leadline import --help",
        )
    return found


def _listed(
    context: Context, tracker: Tracker, request: ImportRequest, path: str
) -> list[TrackerRun]:
    """The runs of a project. A path that is not there is named as one, whatever a server says of
    it."""
    runs: list[TrackerRun] = []
    told = f"and {tracker.name} has no project of that name"
    absent = not request.at and not os.path.exists(path) and is_path(context, request.source)
    try:
        runs = tracker.listed(request.source, request.at)
    except LeadlineError as error:
        if not absent:
            raise
        told = error.what
    if absent and not runs:
        raise not_found(
            "no-such-file",
            f"{request.source} does not exist",
            why=told,
            do="leadline import --help",
        )
    return runs


def _tracker(context: Context, name: str) -> Tracker:
    try:
        return context.tracker_for(name)
    except LeadlineError as error:
        if error.code != "no-such-tracker":
            raise
        raise usage(
            "unknown-format",
            f"{name!r} is no format that can be imported",
            why=f"known: {', '.join(KNOWN)}; {error.why.replace('there are', 'trackers')}",
            do="leadline import --help",
        ) from None


def _asked_for(runs: list[TrackerRun], request: ImportRequest) -> list[TrackerRun]:
    kept = [run for run in runs if run.id in request.runs or run.name in request.runs]
    missing = [
        asked for asked in request.runs if not any(asked in (run.id, run.name) for run in kept)
    ]
    if missing:
        known = ", ".join(run.name or run.id for run in runs[:20])
        raise usage(
            "no-such-run",
            f"{request.source} has no run {missing[0]!r}",
            why=f"it has: {known}",
            do="leadline import --help",
        )
    return kept


def _taken(
    context: Context,
    thread: Thread,
    tracker: Tracker,
    run: TrackerRun,
    request: ImportRequest,
    found: Findings,
    wanted: dict[str, str],
    names: dict[str, None],
    keys: dict[str, None],
) -> FoundRun | None:
    """The run as an import has it; None when it is not taken, which ``found`` then says."""
    where = f"{run.name} ({run.id})" if run.name and run.name != run.id else run.id
    mine = next((r.id for r in thread.runs if run.uid and r.uid == run.uid), "")
    further = any(
        ours.uid == run.uid and row.get("id") == run.id for ours, row in further_runs(thread)
    )
    if (mine or (run.uid and not tracker.kind.by_folder)) and not further:
        found.refuse(
            where, f"it is {mine} of this thread" if mine else "another thread's Leadline made it"
        )
        return None
    try:
        reading = tracker.read(run)
    except LeadlineError as error:
        found.refuse(where, error.what)
        return None
    except (OSError, ValueError) as error:
        found.refuse(where, f"it cannot be read: {error}")
        return None
    if spoilt := next((str(p["what"]) for p in reading.problems if p.get("blocking")), ""):
        found.refuse(where, spoilt)
        return None
    no_end = tracker.kind.no_end or f"{tracker.name} never says of an end"
    state, why = state_of(reading, context.clock.now_ms() / 1000, no_end)
    if not state and not request.unfinished:
        found.refuse(where, _without_end(thread, reading, why))
        return None
    names.update(dict.fromkeys([*reading.series, *reading.summary]))
    keys.update(dict.fromkeys(short_config(reading.config)))
    words = tracker_words(context, reading)  # the digest is of all of it, whatever is taken
    if wanted:
        _only(reading, wanted)
    taken = _found_run(context, thread, reading, request, where, words)
    taken.state, taken.reason = (
        state or "lost",
        "" if state == "done" else str(reading.about.get("why") or why),
    )
    taken.tracker["metrics"] = sorted([*taken.metrics, *taken.nonfinite])
    if not state:
        taken.tracker["provisional"] = True
    if taken.metrics or taken.nonfinite or taken.state == "failed":  # a crash is a result
        if count := reading.about.get("artifacts", 0):
            were = "was" if count == 1 else "were"
            what = f"{counted(count, 'artifact')} {were} not taken"
            found.note(
                where,
                f"{what} ({reading.about['artifacts_are']} {os.path.join(run.path, 'artifacts')})",
            )
        return taken
    if lacking := [p for p in taken.problems if p["code"] == "no-points"]:
        found.refuse(
            where, "; ".join(str(problem["what"]) for problem in [*reading.problems, *lacking][:4])
        )
    else:
        found.refuse(where, "it has no number" + (" of the metrics asked for" if wanted else ""))
    return None


def _without_end(thread: Thread, reading: Reading, why: str) -> str:
    """Why a run that nobody knows the end of is left out."""
    # A file that was cut has lost its end: that comes first, since the job may well have ended.
    if cut := next(
        (str(p["what"]) for p in reading.problems if p["code"] == "torn-tracker-file"), ""
    ):
        why = f"{cut}; {why}"
    if held := next(
        (r.id for r in thread.runs if r.origin == "imported" and r.key == _key_of(reading)), ""
    ):
        why = f"it is {held} already, taken without an end; {why.replace(AS_LOST, '--unfinished reads it again')}"
    return why


def state_of(reading: Reading, now_s: float, no_end: str) -> tuple[str, str]:
    """``done``, ``failed`` or "" (nobody knows that it ended), and why it is not done. ``no_end``:
    why its tracker may say of no end."""
    run = reading.run
    if run.state in ENDED:
        return ENDED[
            run.state
        ], "" if run.state == "finished" else f"{run.tracker} says {run.state}"
    if run.state != "unknown":
        return "", f"{run.tracker} says {run.state}, which is no end; {AS_LOST}"
    last = last_point_s(reading)
    if now_s - last < STILL_WARM_S:
        return "", f"{no_end}, and a point came {now_s - last:.0f} s ago; it may go on"
    return "done", ""


def last_point_s(reading: Reading) -> float:
    """When the last point came, epoch seconds; 0 when no point has a time."""
    times = [points.times[-1] for points in reading.series.values() if len(points)]
    return max((time for time in times if time == time), default=0.0)


def _only(reading: Reading, wanted: dict[str, str]) -> None:
    """Leave the metrics asked for, under the names asked for."""
    reading.series = {wanted[n]: p for n, p in reading.series.items() if n in wanted}
    reading.summary = {wanted[n]: v for n, v in reading.summary.items() if n in wanted}
    reading.odd = {wanted[n]: c for n, c in reading.odd.items() if n in wanted}


def _found_run(
    context: Context,
    thread: Thread,
    reading: Reading,
    request: ImportRequest,
    where: str,
    words: TrackerPlace,
) -> FoundRun:
    run = reading.run
    extraction = extraction_of(reading, thread.metrics)
    config: Config = redacted(context, kept_config(reading.config))
    if request.config and "*" not in request.config:
        config = {name: config[name] for name in request.config if name in config}
    out = FoundRun(
        where,
        _key_of(reading),
        {**request.settings, **config},
        dict(extraction.metrics),
        dict(extraction.nonfinite),
        run.name,
        started_at=run.started_at,
        url=run.url,
        wall_s=run.wall_s,
        problems=extraction.problems,
        series=reading.series,
        odd=reading.odd,
        excerpts=extraction.series,
        written={n: text for n, text in reading.written.items() if _is_number(config.get(n))},
    )
    last = last_point_s(reading)
    if run.started_at and run.wall_s is not None:
        out.ended_at = rfc3339(epoch_ms(run.started_at) + int(run.wall_s * 1000))
    elif last:
        out.ended_at = rfc3339(int(last * 1000))
    if run.uid:
        _of_another_record(context, reading, out)
    out.tracker = {"tracker": run.tracker, "project": run.project, **words}
    if told := reading.about.get("experiment"):
        out.tracker["experiment"] = told
    if request.at:
        out.tracker["at"] = request.at
    return out


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _keep_texts(found: Findings) -> None:
    """Names that only look like numbers stay as the store spells them."""
    spelled = Spellings()
    for run in found.runs:
        for name, text in run.written.items():
            spelled.add(name, text)
    for run in found.runs.changing():
        run.config.update({n: text for n, text in run.written.items() if spelled.is_text(n)})


def _key_of(reading: Reading) -> str:
    """What makes a run the same one. Of another record's run its uid alone: a copy of it is the
    same run, whichever folder and project it lies in."""
    run = reading.run
    if run.uid:
        return digest_of({"leadline-run": run.uid})
    return digest_of({"tracker": run.tracker, "project": run.project, "id": run.id})


def _of_another_record(context: Context, reading: Reading, out: FoundRun) -> None:
    """What another record's run tells besides."""
    out.argv = [str(word) for word in redacted(context, list(reading.about.get("argv", [])))]
    out.cwd = str(redacted(context, str(reading.about.get("cwd", ""))))
    out.name = (
        str(redacted(context, str(reading.about.get("title") or "")))[:TITLE_CHARS] or out.name
    )
