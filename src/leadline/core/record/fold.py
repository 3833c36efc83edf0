"""``fold(records) -> Thread``: a pure function of the set of records, whatever files and order they
came in.

Each kind has one small handler. A record that refers to something unknown (not yet synced) is kept
and counted, never an error: the union of two machines' files is always readable. What it means it
names by ULID, and it waits for that: a thing that has the same id here is not taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from leadline.core.canonical import canonical_json
from leadline.core.ids import clash_suffix, experiment_of, parse_id
from leadline.core.managed_block import block_of
from leadline.core.record.conform import field_misfit, shape_of
from leadline.core.record.event import Record, line_digest
from leadline.core.record.kinds import ISSUE_KINDS, ITEM_KINDS, KINDS
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Experiment, Issue, Item, Redefinition, Thread, is_a
from leadline.core.typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from leadline.core.record import bodies

# what a tracker tells later of a run's end
_ENDING = ("state", "reason", "ended_at", "wall_s")
_PLANNED_FACTS = (
    "repeat",
    "title",
    "expected",
    "argv",
    "cwd",
    "shell",
    "config",
    "environment",
    "unlisted",
    "data_files",
    "stdin",
    "extract",
    "hardware",
    "software",
    "code",
    "devices",
    "hygiene",
    "executor",
    "origin",
    "key",
    "row",
    "told",
    "design",
    "tracker",
    "ruler",
    "entry",
    "measures_again",
    "reproduction_of",
)
_RUN_FACTS = (
    "state",
    "exit_code",
    "signal",
    "reason",
    "started_at",
    "ended_at",
    "wall_s",
    "resources",
    "pilot",
    "attempts",
    "lost_s",
    "queued_s",
    "leftover_processes",
    "metrics",
    "nonfinite",
    "extraction",
    "outputs",
    "hygiene",
    "hardware",
    "devices",
    "software",
)
_METRIC_FACTS = (
    "unit",
    "direction",
    "reduce",
    "description",
    "observed",
    "per",
    "formula",
    "limit",
)
# of the areas of a run that may be corrected, the shape that a value goes into
_CORRECTED = {"hardware": "HardwareFacts", "software": "SoftwareFacts"}
# what is said of experiments, and where it names them: it belongs to every part that has one of them
SAID_OF = {"note": "about", "decision": "evidence", "reproduction": "runs"}
_CHOICE = ("tracker", "project", "at", "live", "because")


def fold(records: Iterable[Record], topic: str = "") -> Thread:
    """The thread that ``records`` (any order, duplicates allowed) add up to, without its derived
    metrics: see ``core/metric/derive.py``, ``thread_of``."""
    thread = Thread(topic=topic)
    for _record, thread in replay(records, topic):  # noqa: B007
        pass
    return thread


def replay(records: Iterable[Record], topic: str = "") -> Iterator[tuple[Record, Thread]]:
    """Each record with the thread as it was right after it. The thread is one object that goes on
    changing: what is taken from it at a step depends on no later record, except for the letters of
    clashing ids."""
    ordered = in_order(records)
    thread = Thread(topic=topic or (ordered[0].thread if ordered else ""))
    _assign_ids(thread, ordered)
    for record in ordered:
        thread.record_count += 1
        thread.activity.append(record.at)
        thread.records.append(record)
        thread.last_at = max(thread.last_at, record.at)
        thread.last_id = record.id
        handler = _HANDLERS.get(record.kind)
        if handler is None:
            thread.unknown_kinds[record.kind] = thread.unknown_kinds.get(record.kind, 0) + 1
        else:
            try:
                handler(thread, record)
            except _Unfit as error:
                _leave_out(thread, record, str(error))
            except Exception as error:  # a record made by hand, past what reads and checks lines
                _leave_out(thread, record, f"{type(error).__name__}: {error}")
        yield record, thread


class _Unfit(ValueError):
    """What a record changes would not be what is declared of it afterwards."""


def _leave_out(thread: Thread, record: Record, what: str) -> None:
    thread.malformed.append(
        {"uid": record.id, "kind": record.kind, "at": record.at, "what": what[:300]}
    )


def _fitting(shape: str, field: str, value: Any) -> None:
    if why := field_misfit(shape, field, value):
        raise _Unfit(why)


def corrected_fact(area: str, key: str, value: Any) -> Any:
    """What a fact of a run is after a correction: where a text is declared and something else was
    typed (``software.python=3.11``), as text. Raises ValueError for what cannot stand there."""
    text = value if isinstance(value, str) else canonical_json(value)
    if area == "environment":
        return text
    shape = _CORRECTED.get(area)
    if shape is None or not field_misfit(shape, key, value):
        return value
    _fitting(shape, key, text)
    return text


def in_order(records: Iterable[Record]) -> list[Record]:
    """Each id once, in order of time. Of two lines of one id (somebody changed one) it is the one
    that another record follows, else the smaller, whatever file came first; ``verify`` names
    them."""
    by_id: dict[str, Record] = {}
    versions: dict[str, list[Record]] = {}
    records = list(records)
    for record in records:
        known = by_id.setdefault(record.id, record)
        if known is not record and known != record:
            versions.setdefault(record.id, [known]).append(record)
    if versions:
        followed = {record.prev for record in records}
        for uid, lines in versions.items():
            by_id[uid] = min(lines, key=lambda r: (line_digest(r.line()) not in followed, r.line()))
    return sorted(by_id.values(), key=lambda r: r.id)


def created_id(record: Record) -> str:
    """The id a record brings into being, or ""."""
    if record.kind == "run-planned" or record.kind in ITEM_KINDS:
        return str(record.body.get("id", ""))
    return ""


def numbers_of(record: Record) -> dict[tuple[str, str], int]:
    """The numbers that ``record`` takes, by the kind of id and what they are counted within: a
    planned run takes one of the experiments, and one of the repeats (``run``) of its experiment's
    uid."""
    parsed = parse_id(created_id(record))
    if parsed is None:
        return {}
    if parsed.kind != "run":
        return {(parsed.kind, ""): parsed.number}
    experiment_uid = str(record.body.get("experiment_uid") or record.id)
    return {("experiment", ""): parsed.number, ("run", experiment_uid): parsed.repeat}


def plans_run(record: Record) -> bool:
    """Whether a kind that is known plans a run by it: it takes two numbers then."""
    return record.kind in KINDS and len(numbers_of(record)) == 2


def _assign_ids(thread: Thread, ordered: list[Record]) -> None:
    """Who owns an id when two machines gave it twice: the first by ULID; later ones get a letter."""
    taken: dict[str, list[tuple[str, str]]] = {}

    def claim(base: str, kind: str, uid: str) -> str:
        owners = taken.setdefault(base, [])
        if (kind, uid) not in owners:
            owners.append((kind, uid))
        shown = base + clash_suffix(owners.index((kind, uid)))
        thread.uids[(kind, uid)] = shown
        thread.first_of.setdefault(base, uid)
        thread.first_of.setdefault(shown, uid)
        return shown

    for record in ordered:
        display = created_id(record)
        parsed = parse_id(display)
        if parsed is None:
            continue
        if record.kind == "run-planned":
            uid = str(record.body.get("experiment_uid") or record.id)
            base = str(record.body.get("experiment") or experiment_of(display))
            shown = thread.uids.get(("experiment", uid)) or claim(base, "experiment", uid)
            claim(f"{shown}-r{parsed.repeat}", "run", record.id)
        else:
            claim(display, parsed.kind, record.id)


def _given(body: Mapping[str, object], names: Iterable[str]) -> dict[str, Any]:
    """What the body says under ``names``: where it says nothing, a value keeps its default."""
    return {name: body[name] for name in names if name in body}


def _started(thread: Thread, record: Record[bodies.ThreadStartedBody]) -> None:
    if thread.started_at:  # two machines started it apart: the first one names it, both count
        thread.changes.append(
            {
                "at": record.at,
                "actor": record.actor,
                "field": "start",
                "value": record.body,
                "why": "started on another machine too",
            }
        )
        return
    body = record.body
    thread.prefix = body.get("prefix", "")
    thread.title = body.get("title", "") or thread.topic
    for definition in body.get("metrics", []):
        thread.metrics[definition["name"]] = _metric(definition)
    thread.primary = list(thread.metrics)
    apart = ("prefix", "title", "metrics")
    thread.about = {name: value for name, value in body.items() if name not in apart}
    thread.started_at, thread.started_by = record.at, record.actor


def _changed(thread: Thread, record: Record[bodies.ThreadChangedBody]) -> None:
    body = record.body
    name, value = body["field"], body["value"]
    adds = body.get("mode") == "add"
    _fitting(shape_of("thread-started"), name, [value] if adds else value)
    if adds:
        present = thread.about.get(name, [])
        thread.about[name] = [*(present if isinstance(present, list) else [present]), value]
    elif name == "title":
        thread.title = str(value)
    else:
        thread.about[name] = value
    thread.changes.append({**body, "at": record.at, "actor": record.actor})


def _metric(body: bodies.MetricBody) -> MetricDef:
    said = _given(body, _METRIC_FACTS)
    return MetricDef(body["name"], **{name: value for name, value in said.items() if value})


def _metric_defined(thread: Thread, record: Record[bodies.MetricDefinedBody]) -> None:
    name, now = record.body["name"], _metric(record.body)
    was = thread.metrics.get(name) or MetricDef(name)
    if was != now and not (record.body.get("profile") and name not in thread.metrics):
        change = Redefinition(name, record.id, record.at, record.actor, was, now)
        thread.redefined.append(change)
    thread.metrics[name] = now


def _ruler(thread: Thread, record: Record[bodies.RulerBody]) -> None:
    """What measures from here on. One that was declared after some runs says what it was in theirs:
    of a code state that it does not name that is unknown. What a run was measured by under an earlier
    declaration stays so: nobody drops a file from the ruler to have changed it freely."""
    body = record.body
    thread.rulers.append({**body, "at": record.at, "actor": record.actor, "uid": record.id})
    if "earlier" not in body:
        return
    metric = body.get("metric", "")
    known = {tree: group["files"] for group in body["earlier"] for tree in group["trees"]}
    for run in thread.runs:
        declared = {**run.ruler.get("declared", {})}
        files = known.get(str(run.code.get("tree"))) if body["patterns"] else {}
        before = declared.pop(metric, {})
        stays = {path: digest for path, digest in before.items() if path not in body["patterns"]}
        if stays or files is not None:
            declared[metric] = {**stays, **(files or {})}
        run.ruler = {**run.ruler, "declared": declared}


def _profile(thread: Thread, record: Record[bodies.ProfileBody]) -> None:
    thread.profile = record.body


def _run_planned(thread: Thread, record: Record[bodies.RunPlannedBody]) -> None:
    body = record.body
    uid = str(body.get("experiment_uid") or record.id)
    shown = thread.uids[("experiment", uid)]
    experiment = thread.experiments.get(shown)
    if experiment is None:
        experiment = Experiment(shown, uid, str(body.get("title", "")), record.at, record.actor)
        thread.experiments[shown] = experiment
    for hypothesis in body.get("hypotheses", []):
        name = thread.shown(hypothesis, body.get("refs"))
        if name not in experiment.hypotheses:
            experiment.hypotheses.append(name)
    facts = _given(body, _PLANNED_FACTS)
    run = Run(thread.uids[("run", record.id)], record.id, shown, planned_at=record.at, **facts)
    experiment.runs.append(run)


def _run_ended(thread: Thread, record: Record[bodies.RunEndedBody]) -> None:
    run = _find_run(thread, str(record.body.get("run", "")), record.body.get("refs"))
    if run is None:
        return
    if run.ended_at:  # ended twice: reconciled apart; the first word stands, the other is kept
        run.corrections.append({"at": record.at, "kind": "second-ending", "body": record.body})
        return
    for name, value in _given(record.body, _RUN_FACTS).items():
        if value is not None:  # a run that was lost has no resources, and says null
            setattr(run, name, value)
    run.ended_at = run.ended_at or record.at
    run.stdin = {**run.stdin, **record.body.get("stdin", {})}
    if loaded := record.body.get("loaded"):
        run.software = {**run.software, "loaded": loaded}
    run.artifact_record = record.body.get("artifacts") or {}
    run.tracker = {**run.tracker, **record.body.get("tracker", {})}
    if record.body.get("code_changed_during_run"):
        run.code = {**run.code, "changed_during_run": True}


def _command_ended(thread: Thread, record: Record[bodies.CommandEndedBody]) -> None:
    thread.commands_ended[record.body["of"]] = record.at


def _tracker_set(thread: Thread, record: Record[bodies.TrackerSetBody]) -> None:
    given = _given(record.body, _CHOICE)
    thread.tracker = cast("bodies.TrackerChoice", _given(given, _CHOICE[:4]))
    chosen = cast("bodies.TrackerChoice", given)
    thread.about["tracker-project"] = f"{chosen['tracker']} {chosen['project']}".strip()
    thread.tracker_choices.append({**chosen, "since": record.at, "actor": record.actor})


def _tracker_link(thread: Thread, record: Record[bodies.TrackerLinkBody]) -> None:
    """A page is attached once; the last title given to it is the one it has."""
    kept = [link for link in thread.tracker_links if link["url"] != record.body["url"]]
    thread.tracker_links = [
        *kept,
        {name: str(record.body.get(name, "")) for name in ("url", "title")},
    ]


def _tracker_run(thread: Thread, record: Record[bodies.TrackerRunBody]) -> None:
    """What a tracker says of a run, learned after its ending. Metrics come only with a reading that
    takes the place of a provisional one, and replace what that one gave, nothing else. Of a run
    that was imported without an end, its tracker also knows the end."""
    body = record.body
    run = _find_run(thread, str(body.get("run", "")), body.get("refs"))
    if run is None:
        return
    before = run.tracker
    run.tracker = {**before, **body.get("tracker", {})}
    if "metrics" not in body:
        return
    # they are the record's until here
    run.metrics, run.nonfinite = dict(run.metrics), dict(run.nonfinite)
    for name in before.get("metrics", []):
        run.metrics.pop(name, None)
        run.nonfinite.pop(name, None)
    for name in run.tracker.get("metrics", []):
        if name in body["metrics"]:
            run.metrics[name] = body["metrics"][name]
        elif name in body.get("nonfinite", {}):
            run.nonfinite[name] = body["nonfinite"][name]
    if body.get("extraction"):
        kind = run.extraction.get("sources", [])
        others = [s for s in kind if s.get("kind") not in ("tracker", "import")]
        fresh = body["extraction"]
        run.extraction = {**run.extraction, **fresh, "sources": others + fresh.get("sources", [])}
    if run.origin == "imported":
        for name, value in _given(body.get("ending", {}), _ENDING).items():
            setattr(run, name, value)
        run.outputs = {**run.outputs, **body.get("outputs", {})}


def _find_run(thread: Thread, display: str, refs: dict[str, str] | None) -> Run | None:
    shown = thread.here(display, refs)
    experiment = thread.experiments.get(experiment_of(shown))
    return next((r for r in experiment.runs if r.id == shown), None) if experiment else None


def _item(thread: Thread, record: Record[bodies.ItemBody]) -> None:
    kind = record.kind
    parsed = parse_id(str(record.body.get("id", "")))
    shown = thread.uids.get((kind, record.id)) if parsed else None
    item = Item(kind, shown or record.id, record.id, record.at, record.actor, record.body.copy())
    thread.items[item.id] = item
    thread.items_by_kind.setdefault(kind, []).append(item)
    named = record.body.get(SAID_OF[kind], []) if kind in SAID_OF else []
    for about in cast("list[str]", named):
        experiment = thread.experiments.get(experiment_of(thread.here(about, item.refs)))
        if experiment is not None:
            (experiment.notes if kind == "note" else experiment.said).append(item)
    if kind == "baseline":
        for earlier in thread.of_kind("baseline"):
            if earlier is not item and earlier.stands:
                earlier.superseded_by = item.id


def _hypothesis_changed(thread: Thread, record: Record[bodies.HypothesisChangedBody]) -> None:
    item = thread.items.get(
        thread.here(str(record.body.get("hypothesis", "")), record.body.get("refs"))
    )
    if is_a(item, "hypothesis"):
        item.history.append(_later(record))
        for name in ("state", "evidence", "resume_condition", "decision", "why", "bound"):
            if name in record.body:
                item.body[name] = record.body[name]
        item.body["refs"] = {**item.refs, **record.body.get("refs", {})}


def _interleaving_ended(thread: Thread, record: Record[bodies.InterleavingEndedBody]) -> None:
    item = thread.items.get(
        thread.here(str(record.body.get("interleaving", "")), record.body.get("refs"))
    )
    if is_a(item, "interleaving") and "ended" not in item.body:
        item.history.append(_later(record))
        said = {k: v for k, v in record.body.items() if k not in ("interleaving", "refs")}
        item.body["ended"] = cast("bodies.InterleavingEndedBody", said)
        if metric := record.body.get("metric"):  # that the warm-up told, where nobody chose one
            item.body.setdefault("metric", metric)


def _session_ended(thread: Thread, record: Record[bodies.SessionEndedBody]) -> None:
    """The first word on its end stands, but for one who only found that it was over."""
    item = thread.items.get(thread.here(record.body["session"], record.body.get("refs")))
    if is_a(item, "session") and item.body.get("ended", {}).get("by", "seen") == "seen":
        item.history.append(_later(record))
        item.body["ended"] = record.body


def _transcript_attached(thread: Thread, record: Record[bodies.TranscriptAttachedBody]) -> None:
    item = thread.items.get(thread.here(record.body["session"], record.body.get("refs")))
    if is_a(item, "session"):
        item.history.append(_later(record))
        item.body["attached"] = record.body


def _acknowledged(thread: Thread, record: Record[bodies.AcknowledgementBody]) -> None:
    item = thread.items.get(thread.here(record.body["directive"], record.body["refs"]))
    if is_a(item, "directive"):
        item.history.append(_later(record))
        item.body["acknowledged"] = {
            "at": record.at,
            "actor": record.actor,
            "note": record.body["note"],
        }


def _later(record: Record) -> bodies.Later:
    return {"at": record.at, "actor": record.actor, "kind": record.kind, "body": record.body}


def _target(thread: Thread, record: Record) -> Any:
    display = str(record.body.get("target", ""))
    shown = thread.here(display, record.body.get("refs"))
    return (
        _find_run(thread, display, record.body.get("refs"))
        or thread.experiments.get(shown)
        or thread.items.get(shown)
    )


def _correction(thread: Thread, record: Record[bodies.CorrectionBody]) -> None:
    target, body = _target(thread, record), record.body
    entry, field, value = _later(record), body["field"], body["value"]
    if isinstance(target, Run):
        head, _, key = field.partition(".")
        if key and head in ("config", "environment", "hardware", "software"):
            _correct_fact(target, field, corrected_fact(head, key, value))
        elif target.origin == "reported" and body.get("by") == "import":
            _correct_reported(target, head, key, value)
        elif field == "disputed":
            target.disputed = target.disputed or str(value)
        target.corrections.append(entry)
    elif isinstance(target, Experiment):
        target.history.append(entry)
        if field == "title":
            target.title = str(value)
    elif isinstance(target, Item):
        _fitting(shape_of(target.kind), field, value)
        target.history.append(entry)
        target.body = {
            **target.body,
            field: value,
            "refs": {**target.refs, **body.get("refs", {})},
        }
        if "bound" in body:
            target.body["bound"] = body["bound"]


def _correct_reported(run: Run, head: str, key: str, value: Any) -> None:
    """A row of a table says something else now. What was measured here is never typed over."""
    if head == "metrics" and key:
        # not in place: they are the record's
        metrics = {name: v for name, v in run.metrics.items() if name != key}
        nonfinite = {name: v for name, v in run.nonfinite.items() if name != key}
        if isinstance(value, str):
            nonfinite[key] = value
        elif value is not None:
            _fitting("RunEndedBody", "metrics", {key: value})
            metrics[key] = value
        run.metrics, run.nonfinite = metrics, nonfinite
    elif head == "told" and key and isinstance(value, str):
        run.told = {**run.told, key: value}
    elif head in ("state", "reason", "key", "started_at") and not key and isinstance(value, str):
        setattr(run, head, value)


def _correct_fact(run: Run, field: str, value: Any) -> None:
    from leadline.core.record.captured import typed_over  # noqa: PLC0415  start-up: 0.2 ms

    head, _, key = field.partition(".")
    facts = getattr(run, head)
    run.captured = {field: facts.get(key), **run.captured}
    # A variable is said as it was captured: typing it over changes no command.
    variables = {**run.environment, **_captured_in("environment", run)}
    setattr(run, head, {**facts, key: value})
    now = {name: getattr(run, (at := name.partition("."))[0]).get(at[2]) for name in run.captured}
    found = (typed_over(name, run.captured[name], now[name], run.argv, variables) for name in now)
    run.typed_over = "; ".join(filter(None, found))


def _captured_in(area: str, run: Run) -> dict[str, str]:
    found = ((name.partition("."), value) for name, value in run.captured.items())
    return {at[2]: str(value) for at, value in found if at[0] == area and value is not None}


def _supersession(thread: Thread, record: Record[bodies.SupersessionBody]) -> None:
    target = _target(thread, record)
    by = thread.shown(str(record.body.get("by", "")), record.body.get("refs"))
    for thing in _with_runs(target):
        thing.superseded_by = by or "a later record"
    successor = thread.experiments.get(by)
    named = str(record.body.get("by", "")) in record.body.get("refs", {})  # so it belongs there too
    if named and successor is not None and isinstance(target, Experiment):
        successor.replaces.append(target.id)
    _remember(target, record)


def _retraction(thread: Thread, record: Record[bodies.RetractionBody]) -> None:
    target = _target(thread, record)
    for thing in _with_runs(target):
        thing.retracted = str(record.body.get("why") or "no reason given")
    _remember(target, record)


def _with_runs(target: Any) -> list[Any]:
    if target is None:
        return []
    return [target, *target.runs] if isinstance(target, Experiment) else [target]


def _remember(target: Any, record: Record) -> None:
    entry = _later(record)
    if isinstance(target, Run):
        target.corrections.append(entry)
    elif target is not None:
        target.history.append(entry)


def _listed(name: str) -> Callable[[Thread, Record], None]:
    def handler(thread: Thread, record: Record) -> None:
        getattr(thread, name).append(
            {**record.body, "uid": record.id, "at": record.at, "actor": record.actor}
        )

    return handler


def _issue(thread: Thread, record: Record) -> None:
    issue, body = thread.issue, record.body
    if record.kind == "issue-wanted":
        asked = {name: value for name, value in body.items() if name != "refs"}
        issue.wanted = cast("bodies.IssueWantedBody", asked)
    elif record.kind == "issue-opened":
        if (
            issue.state in ("none", "draft")
            or body.get("instead_of") == f"{issue.forge}#{issue.number}"
        ):
            thread.issue = _opened(issue, record)
    elif record.kind == "issue-edited":
        _issue_edited(issue, record)
    elif record.kind == "issue-edit-settled":
        for edit in issue.person_edits:
            if edit["uid"] == body.get("edit_uid"):
                edit["settled"], edit["why"] = record.at, str(body.get("why", ""))
    elif record.kind == "issue-commented":
        if all(c["marker"] != body["marker"] for c in issue.comments):
            wanted = str(body.get("comment", record.id))
            # two machines that commented while apart
            taken = sum(c["wanted"] == wanted for c in issue.comments)
            issue.comments.append(
                {
                    "id": wanted + clash_suffix(taken),
                    "wanted": wanted,
                    "at": record.at,
                    "writer": record.writer,
                    "edits": [],
                    "on": issue.number,
                    "marker": body.get("marker", ""),
                    "kind": body.get("kind", ""),
                    "text": body.get("text", ""),
                }
            )
    elif record.kind == "issue-comment-edited":
        for comment in issue.comments:
            if comment["marker"] == body.get("marker") or (
                "marker" not in body and comment["id"] == body.get("comment")
            ):
                comment["edits"].append(
                    {"at": record.at, "was": comment["text"], "why": body.get("why", "")}
                )
                comment["text"] = body["text"]
    elif record.kind == "issue-closed":
        issue.state, issue.closed_reason = "closed", str(body.get("reason", "completed"))


def _opened(before: Issue, record: Record) -> Issue:
    """The issue from here on. One that takes the place of another keeps what was said there, so
    that nothing is said twice; on the local forge nobody saw it, and it is said again."""
    body = record.body
    title = str(body.get("title", ""))
    kept = [] if before.in_record else before.comments
    nowhere = body.get("state") == "none"
    sent = "" if body.get("adopted") or nowhere else title
    wanted = {} if nowhere else before.wanted
    return Issue(
        forge=str(body.get("forge", "")),
        number=str(body.get("number", "")),
        url=str(body.get("url", "")),
        title=title,
        labels=list(body.get("labels", [])),
        state=str(body.get("state", "open")),
        body=str(body.get("body", "")),
        body_at=record.at,
        comments=kept,
        person_edits=before.person_edits,
        title_sent=sent,
        wanted=wanted,
    )


def _issue_edited(issue: Issue, record: Record) -> None:
    body = record.body
    for name in ("title", "body", "labels", "state", "number", "url"):
        if name in body:
            setattr(issue, name, body[name])
    if "title" in body:
        issue.title_sent = str(body["title"])
    if "person_title" in body:
        issue.title = str(body["person_title"])
    if "person_edit" in body and all(e["text"] != body["person_edit"] for e in issue.person_edits):
        issue.person_edits.append(
            {
                "id": f"E{len(issue.person_edits) + 1}",
                "uid": record.id,
                "at": record.at,
                "text": body["person_edit"],
                "base": body.get("person_base", block_of(issue.body)),
                "settled": "",
                "why": "",
            }
        )
    if "body" in body:
        issue.body_at = record.at


def _of_no_thing(thread: Thread, record: Record) -> None:
    """It concerns the files, or tells of what other records hold."""


_HANDLERS: dict[str, Callable[[Thread, Record], None]] = {
    "thread-started": _started,
    "thread-changed": _changed,
    "metric-defined": _metric_defined,
    "ruler": _ruler,
    "holdout": _listed("holdouts"),
    "profile": _profile,
    "run-planned": _run_planned,
    "run-launched": _of_no_thing,
    "run-ended": _run_ended,
    "command-ended": _command_ended,
    "imported": _of_no_thing,
    **dict.fromkeys(ITEM_KINDS, _item),
    "hypothesis-changed": _hypothesis_changed,
    "interleaving-ended": _interleaving_ended,
    "session-ended": _session_ended,
    "transcript-attached": _transcript_attached,
    "acknowledgement": _acknowledged,
    "tracker-set": _tracker_set,
    "tracker-run": _tracker_run,
    "tracker-link": _tracker_link,
    "correction": _correction,
    "supersession": _supersession,
    "retraction": _retraction,
    "refusal": _listed("refusals"),
    "finish": _listed("finishes"),
    "adopted": _listed("adopted"),
    "healed": _listed("healed"),
    "heads-signed": _of_no_thing,
    "id-clash": _listed("clashes"),
    **dict.fromkeys(ISSUE_KINDS, _issue),
}
