"""Corrections and supersessions: later records that change how an earlier one reads, never the
earlier one.

What was measured cannot be corrected by typing: a wrong measurement is retracted and made again.
What describes a run (a config value that was recorded wrongly) can, with a reason, and the old
value stays in the record.
"""

from __future__ import annotations

from leadline.core.check.kickoff import BY_NAME, parse_metric
from leadline.core.config import parse_value
from leadline.core.errors import conflict, refused, usage
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.ids import shadowed_by
from leadline.core.record.fold import corrected_fact
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.core.values import dataclass
from leadline.services.bound_text import bound_body, checked_text
from leadline.services.context import Context, refs_for
from leadline.services.lookup import kind_of, runs_of, slice_of, withdrawn
from leadline.services.refusal import Overrides
from leadline.services.write.note import BOUND_ROLES, ROLES
from leadline.services.write.retract import Borne, borne, what_rests_on

if TYPE_CHECKING:
    from leadline.core.record.bodies import Bound, CorrectionBody, MetricBody, SupersessionBody

RUN_AREAS = ("config", "environment", "hardware", "software")
ITEM_FIELDS = {
    "note": ("text", "role"),
    "claim": ("text",),
    "decision": ("text", "owner"),
    "hypothesis": ("text", "resume_condition"),
    "baseline": ("why",),
    "snapshot": (),
    "update": (),
    "reproduction": (),
    "session": (),
    "directive": ("text",),
}
THREAD_FIELDS = (*BY_NAME, "branch")


@dataclass(frozen=True)
class Change:
    target: str
    field: str
    was: object
    now: object


@dataclass(frozen=True)
class Corrected:
    """``kind`` of a thread itself is ``thread``. ``reported``: run to why it is from now on; ``rests``:
    what that touches, see ``what_rests_on``."""

    target: str
    kind: str
    changes: list[Change]
    why: str
    reported: dict[str, str]
    rests: list[dict[str, str]]


@dataclass(frozen=True)
class Superseded:
    target: str
    by: str
    why: str
    kind: str
    rests: list[dict[str, str]]


def correct(
    context: Context, topic: str, target: str, assignments: list[str], why: str = ""
) -> Corrected:
    """Apply ``FIELD=VALUE`` (``FIELD+=VALUE`` adds to a list of the kickoff) to an id or to the
    thread itself.

    Raises LeadlineError: no such field, a metric, no reason given for changing what was said
    before, nothing changed.
    """
    pairs = [_parse(text, target) for text in assignments]
    prefix = context.slice(topic).prefix
    other = target in context.store.topics() and not shadowed_by(target, [prefix])
    if target in (topic, prefix) or other:
        return _correct_thread(context, target if other else topic, pairs, why)
    thread = slice_of(context, topic, [target], [value for _, _, value in pairs])
    thing = thread.find(target)
    if gone := withdrawn(thing):
        raise conflict(
            "withdrawn",
            gone,
            why="a correction would change nothing that counts",
            do=f"leadline show {thing.id}",
        )
    if any(added for _, added, _ in pairs):
        raise usage(
            "bad-assignment",
            "+= adds to a list of the kickoff; here it is FIELD=VALUE",
            do="leadline correct --help",
        )
    if not why.strip():
        raise usage(
            "missing-field",
            "a correction needs --why",
            why="the old value stays in the record, with the reason for the new one",
            do=f"leadline correct {target} {assignments[0]} --why 'WHY'",
        )
    runs = runs_of(thing)
    bodies: list[CorrectionBody] = []
    changes: list[Change] = []
    for field, _, text in pairs:
        targets: list[Any] = [thing]
        if isinstance(thing, (Experiment, Run)):
            _check_run_field(thread, thing, field, runs)
            targets = [thing] if field == "title" else runs
        else:
            _check_item_field(thing, field, text)
        for one in targets:
            body, was = _correction(context, thread, one, field, text, why)
            if was != body["value"]:
                bodies.append(body)
                changes.append(Change(one.id, field, was, body["value"]))
    if not bodies:
        raise conflict(
            "nothing-changed", f"{target} says that already", do=f"leadline show {target}"
        )
    facts = bool(runs) and any(change.field != "title" for change in changes)
    before = borne(context.store.view(topic), thing) if facts else None
    with context.store.transaction(topic) as writing:
        for body in bodies:
            writing.add("correction", body)
    reported, rests = ({}, []) if before is None else _touched(context, topic, before, thing)
    return Corrected(thing.id, kind_of(thing), changes, why.strip(), reported, rests)


def _touched(
    context: Context, topic: str, before: Borne, thing: Experiment | Run | Item
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """``reported`` and ``rests`` of what was corrected. Where no captured fact was typed over, only
    claims that now mean other runs."""
    after = context.store.view(topic)
    reported = {r.id: r.typed_over for r in runs_of(after.find(thing.id)) if r.typed_over}
    rests = what_rests_on(before, after, thing)
    if not reported:
        rests = [r for r in rests if r["kind"] == "claim" and r["before"] != r["after"]]
    return reported, rests


def _parse(text: str, target: str) -> tuple[str, bool, str]:
    field, equals, value = text.partition("=")
    added = field.endswith("+")
    field = field.removesuffix("+").strip()
    if not equals or not field:
        raise usage(
            "bad-assignment",
            f"{text!r} is not FIELD=VALUE",
            do=f"leadline correct {target} FIELD='VALUE' --why 'WHY'",
        )
    return field, added, value


def _check_run_field(thread: Thread, thing: Experiment | Run, field: str, runs: list[Run]) -> None:
    area, _, key = field.partition(".")
    measured = {name for run in runs for name in (*run.metrics, *run.nonfinite)} | set(
        thread.metrics
    )
    if area == "metrics" or field in measured:
        experiment = thing.experiment if isinstance(thing, Run) else thing.id
        raise refused(
            "metric-is-measured",
            f"{key or field} of {thing.id} was measured; it cannot be typed",
            why="only what a run emitted is evidence: retract the run and make it again",
            do=[
                f"leadline retract {thing.id} --why 'WHY'",
                f"leadline run --experiment {experiment}",
            ],
        )
    if (field == "title" and isinstance(thing, Experiment)) or (area in RUN_AREAS and key):
        return
    fields = [f"{a}.KEY" for a in RUN_AREAS] + (["title"] if isinstance(thing, Experiment) else [])
    raise usage(
        "no-such-field",
        f"{field!r} of {thing.id} cannot be corrected",
        why=f"fields: {', '.join(fields)}; command, code, times and outcome were recorded by the machine",
        do=f"leadline show {thing.id}",
    )


def _check_item_field(thing: Item, field: str, text: str) -> None:
    allowed = ITEM_FIELDS.get(thing.kind, ())
    if field not in allowed:
        means = {
            "claim": f"leadline claim 'TEXT' --that '…'  (then leadline supersede {thing.id} --by ID --why 'WHY')",
            "hypothesis": "leadline hypothesis --help",
        }.get(thing.kind, f"leadline show {thing.id}")
        raise usage(
            "no-such-field",
            f"{field!r} of {thing.id} cannot be corrected",
            why=f"fields of a {thing.kind}: {', '.join(allowed) or 'none'}",
            do=means,
        )
    if field == "role" and text not in ROLES:
        raise usage(
            "no-such-role", f"{text!r} is no role", why=", ".join(ROLES), do="leadline note --help"
        )


def _correction(
    context: Context, thread: Thread, thing: Any, field: str, text: str, why: str
) -> tuple[CorrectionBody, Any]:
    """(body of the record, the value before)."""
    bound: Bound
    if isinstance(thing, Item):
        value: Any = checked_text(text, "correct")
        was: Any = thing.body.get(field)
        found = bound_body(
            context,
            thread,
            value,
            strict=field == "text" and thing.body.get("role") in BOUND_ROLES,
            reported=thing.body.get("reported"),
            ids=[thing.id],
        )
        if field == "text" and thing.kind in ("claim", "decision"):
            _check_words(context, thread, thing, value, found["refs"])
        bound = {"refs": found["refs"], "bound": found.get("bound", {})}
    else:
        area, _, key = field.partition(".")
        if field == "title":
            value = checked_text(text, "correct")
        else:
            value = _fact(thing, area, key, text)
        was = thing.title if field == "title" else getattr(thing, area).get(key)
        bound = {"refs": refs_for(thread, [thing.id])}
    said = {"target": thing.id, "field": field, "why": why.strip(), "value": value}
    return cast("CorrectionBody", {**said, **bound}), was


def _check_words(
    context: Context, thread: Thread, thing: Item, text: str, refs: dict[str, str]
) -> None:
    """New words of a claim or a decision are held to what the first were. Raises
    LeadlineError(refused)."""
    from leadline.services.gloss import check_gloss  # noqa: PLC0415  start-up: 6 ms, of words alone

    whole = context.store.view(thread.topic)
    judged = (
        (thing.body, evidence_of(whole, thing.body, thing.uid)) if is_a(thing, "claim") else None
    )
    reported = bool(thing.body.get("reported"))
    named = cast("list[str]", thing.body.get("experiments") or thing.body.get("evidence") or [])
    check_gloss(
        context,
        thread,
        "correct",
        {"text": text},
        Overrides(),
        refs={**thing.refs, **refs},
        ids=[thing.id, *named],
        judged=judged,
        reported=reported,
    )


def _fact(thing: Any, area: str, key: str, text: str) -> Any:
    try:
        return corrected_fact(area, key, parse_value(text))
    except ValueError as error:
        raise usage(
            "value-does-not-fit",
            f"{text!r} cannot be {area}.{key} of {thing.id}",
            why=str(error),
            do=f"leadline show {thing.id}",
        ) from None


def _correct_thread(
    context: Context, topic: str, pairs: list[tuple[str, bool, str]], why: str
) -> Corrected:
    """Kickoff fields: given now, or changed with a reason."""
    thread = context.store.slice(topic, [], ("thread-started", "thread-changed", "metric-defined"))
    metrics: list[MetricBody] = []
    changes: list[Change] = []
    values: dict[str, object] = {}
    for field, added, text in pairs:
        _check_thread_field(topic, field)
        value = checked_text(text, "correct")
        metric = parse_metric(value) if field == "success" else None
        if metric is not None and (added or ":" in value):
            metrics.append(cast("MetricBody", metric))
            changes.append(Change(topic, "success", None, value))
            continue
        is_list = field in BY_NAME and BY_NAME[field].is_list
        was: Any = values.get(
            field, thread.about.get(field) or (thread.title if field == "title" else None)
        )
        before: Any = list(was or []) if is_list else was
        keep: list[Any] = before if is_list and (added or field in values) else []
        now: Any = [*keep, value] if is_list else value
        if before and not added and field not in values and not why.strip():
            raise usage(
                "missing-field",
                f"{field} of {topic} was said before: a change needs --why",
                why=f"it says: {before}",
                do=f"leadline correct {topic} {field}='…' --why 'WHY'",
            )
        values[field] = now
        changes = [c for c in changes if c.field != field]
        changes.append(Change(topic, field, thread.about.get(field), now))
    changed = {f: v for f, v in values.items() if v != thread.about.get(f)}
    if not metrics and not changed:
        raise conflict("nothing-changed", f"{topic} says that already", do="leadline check kickoff")
    with context.store.transaction(topic) as writing:
        for definition in metrics:
            writing.add("metric-defined", definition)
        for name, now in changed.items():
            writing.add("thread-changed", {"field": name, "value": now, "why": why.strip()})
    return Corrected(topic, "thread", changes, why.strip(), {}, [])


def _check_thread_field(topic: str, field: str) -> None:
    if field == "hypothesis":
        raise usage(
            "no-such-field",
            "hypotheses have records of their own",
            do="leadline hypothesis add 'TEXT'",
        )
    if field == "protect":
        raise usage(
            "no-such-field",
            "what measures has records of its own",
            do="leadline measure protect FILE",
        )
    if field == "profile":
        raise usage(
            "no-such-field",
            "the profile has records of its own",
            do="leadline profile use NAME",
        )
    if field not in THREAD_FIELDS:
        raise usage(
            "no-such-field",
            f"{field!r} is no kickoff field of {topic}",
            why=f"fields: {', '.join(f for f in THREAD_FIELDS if f != 'hypothesis')}",
            do="leadline check kickoff",
        )


def check_replaceable(context: Context, topic: str, target: str, kind: str) -> None:
    """Raises LeadlineError where ``target`` is no ``kind`` that stands: before its replacement is
    recorded."""
    old = slice_of(context, topic, [target]).find(target)
    if kind_of(old) != kind:
        raise usage(
            "not-of-one-kind",
            f"{old.id} is a {kind_of(old)}, not a {kind}",
            why="a thing is replaced by one of its kind",
            do=f"leadline show {old.id}",
        )
    if gone := withdrawn(old):
        raise conflict("withdrawn", gone, do=f"leadline show {old.id}")


def supersede(context: Context, topic: str, target: str, by: str, why: str) -> Superseded:
    """Say that ``by`` replaces ``target``. Raises LeadlineError: not of one kind, itself,
    withdrawn, a circle."""
    thread = slice_of(context, topic, [target, by])
    old, new = thread.find(target), thread.find(by)
    if not why.strip():
        raise usage(
            "missing-field",
            "supersede needs --why",
            do=f"leadline supersede {target} --by {by} --why 'WHY'",
        )
    if old.uid == new.uid and kind_of(old) == kind_of(new):
        raise usage("same-thing", f"{old.id} cannot replace itself", do=f"leadline show {old.id}")
    if kind_of(old) != kind_of(new):
        raise usage(
            "not-of-one-kind",
            f"{old.id} is a {kind_of(old)}, {new.id} a {kind_of(new)}",
            why="a thing is replaced by one of its kind",
            do=f"leadline retract {old.id} --why 'WHY'",
        )
    for thing in (old, new):
        if gone := withdrawn(thing):
            raise conflict("withdrawn", gone, do=f"leadline show {thing.id}")
    body: SupersessionBody = {"target": old.id, "by": new.id, "why": checked_text(why, "supersede")}
    refs = refs_for(thread, [old.id, new.id], [why])
    before = borne(context.store.view(topic), old)
    context.append(topic, "supersession", {**body, "refs": refs})
    rests = what_rests_on(before, context.store.view(topic), old)
    rests = [row for row in rests if row["id"] != new.id]
    return Superseded(old.id, new.id, body["why"], kind_of(old), rests)
