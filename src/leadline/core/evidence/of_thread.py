"""How well each claim and prediction of a thread is known now: ``core/evidence/evidence.py`` over
the thread's own runs.

Labels are never stored as truth, only computed, so that a retraction or a repeat moves them. On top
of the counting of runs this asks whether the two sides of every clause are apples to apples: a
difference with several causes stays ``exploratory`` however often it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from leadline.core.canonical import canonical_json
from leadline.core.compare.choice import Choice, choice_of
from leadline.core.compare.config_diff import ConfigDiff, FactDifference, config_diff, fact_of
from leadline.core.compare.contention import contention_decides, was_contended
from leadline.core.compare.reruns import reruns
from leadline.core.errors import LeadlineError
from leadline.core.evidence.among_metrics import among_metrics
from leadline.core.evidence.apart import mark_apart
from leadline.core.evidence.configurations import mark_configurations
from leadline.core.evidence.evaluate import Choosing, Chosen
from leadline.core.evidence.evidence import axes_of, evidence, out_of_scope
from leadline.core.evidence.found import RULES, Evidence
from leadline.core.evidence.holdout import mark_holdout
from leadline.core.evidence.limits import mark_limits, mark_unguarded
from leadline.core.evidence.machines import mark_machines
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import (
    OF,
    Clause,
    Predicate,
    Subject,
    family_of,
    parse,
    predicate_of,
    predicted_by,
)
from leadline.core.evidence.ruler_marks import mark_programs, mark_rulers
from leadline.core.evidence.sentence import sentence, sentence_without_form
from leadline.core.evidence.stated import unstated_mark
from leadline.core.evidence.tags import mark_tags, tags_of
from leadline.core.metric.as_measured import doubted
from leadline.core.metric.contract import contracts_differ, contracts_of, moved_by_machine
from leadline.core.metric.inputs import with_inputs
from leadline.core.metric.redefined import definitions_for
from leadline.core.metric.ruler import AREA
from leadline.core.record.reaches import tell_tags
from leadline.core.record.run import MetricDef, Run
from leadline.core.record.thread import Item, Thread
from leadline.core.typed import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from leadline.core.record.bodies import JudgedBody

CANDIDATE_AXES = 8
NO_AXIS = (AREA, "extraction", "named")  # areas that are an axis only where that is declared
NAMED = 5


def runs_of_subject(
    thread: Thread, subject: Subject, refs: dict[str, str] | None = None
) -> list[Run]:
    """The runs a subject names, evidence or not. ``baseline`` is the one bound in ``refs``, else
    the current one; an id that is not there (yet) has no runs."""
    runs: Iterable[Run]
    if subject.name:
        name = thread.here(subject.name, refs)
        if subject.name == "baseline" and refs and "baseline" in refs:
            name = thread.uids.get(("baseline", refs["baseline"]), "baseline")
        try:
            runs = thread.runs_of(name)
        except LeadlineError:
            return []
    elif thread.kept is not None:
        runs = thread.kept.runs_where(subject.selectors)
    else:
        runs = thread.runs
    wanted = [(key, canonical_json(value)) for key, value in subject.selectors]
    return [
        run
        for run in runs
        if all(canonical_json(fact_of(run, key)) == text for key, text in wanted)
    ]


def bound_refs(thread: Thread, body: Mapping[str, object], uid: str) -> dict[str, str]:
    """The refs of a claim or hypothesis recorded as ``uid``. One that names the baseline and was
    written before that was bound means the one there was, else the first there came to be."""
    refs = cast("dict[str, str]", body.get("refs") or {})
    if not uid or "baseline" in refs or "(baseline" not in str(body.get("predicate")):
        return refs
    registered = [item.uid for item in thread.of_kind("baseline") if not item.retracted]
    before = [other for other in registered if thread.came_before(other, uid)]
    meant = before[-1:] or registered[:1]
    return {**refs, "baseline": meant[0]} if meant else refs


def read_predicate(text: str) -> Predicate:
    """``parse`` for a text that a user typed. Raises LeadlineError(usage, bad-predicate) with where
    to read on."""
    try:
        return parse(text)
    except LeadlineError as error:
        error.next = error.next or ["leadline claim --help"]
        raise


def evidence_of(thread: Thread, body: JudgedBody, uid: str = "") -> Evidence:
    """The evidence for the ``predicate`` of a claim's (or hypothesis's) body: recorded as ``uid``,
    or about to be."""
    text = str(body.get("predicate") or "")
    if not text:
        why = (
            f"reported: {body['reported']}; nothing here was measured"
            if body.get("reported")
            else "it has no checkable form, so no run can bear it out"
        )
        missing = ["a checkable form (--that) and runs that bear it out"]
        return _without_form(Evidence("none", why=[why], missing=missing))
    try:
        predicate = parse(text)
    except LeadlineError as error:
        return _without_form(
            Evidence("none", why=[f"its checkable form cannot be read: {error.what}"])
        )
    refs = bound_refs(thread, body, uid)
    memo: dict[str, list[Run]] = {}

    def resolve(subject: Subject) -> list[Run]:
        name = subject.format()
        if name not in memo:
            memo[name] = runs_of_subject(thread, subject, refs)
            tell_tags(thread, memo[name])
        return memo[name]

    found = evidence_over(thread, predicate, resolve, body, uid)
    idle = tags_of(predicate, resolve)
    axes = {k: v for k, v in axes_of(predicate, body.get("across")).items() if k not in idle}
    found.sentence = sentence(thread, predicate, axes, found, body, RULES)
    return found


def _without_form(found: Evidence) -> Evidence:
    found.sentence = sentence_without_form(found)
    return found


def evidence_over(
    thread: Thread,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    body: JudgedBody,
    uid: str = "",
) -> Evidence:
    """The one rule behind every label that is shown: ``core/evidence/evidence.py``, the bound by
    apples to apples, what was contended, and what became of the runs that do not count. ``resolve``
    says which runs a subject names; ``body``: ``across``, ``axes``, ``nuisance``, ``path``; ``uid``:
    of its record."""
    out = _over_counting(thread, predicate, resolve, body, uid)
    axes = axes_of(predicate, body.get("across"))

    def label_with(others: Callable[[Subject], list[Run]]) -> str:
        return _over_counting(thread, predicate, others, body, uid).label

    def numbers_with(others: Callable[[Subject], list[Run]]) -> str:
        definitions = definitions_for(thread, _selected(predicate, others))
        idle = tags_of(predicate, others)
        return _numbers(thread, predicate, others, body, uid, definitions, idle).label

    mark_apart(out, thread, predicate, resolve, axes, label_with, numbers_with)
    return out


def _selected(predicate: Predicate, resolve: Callable[[Subject], list[Run]]) -> list[Run]:
    return [run for c in predicate.clauses for _, s in c.sides for run in resolve(s)]


def _numbers(
    thread: Thread,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    body: JudgedBody,
    uid: str,
    definitions: dict[str, MetricDef],
    idle: Collection[str],
) -> Evidence:
    """What the numbers bear, whatever else bounds it."""
    return evidence(
        predicate,
        resolve,
        metric_defs=definitions,
        across=body.get("across") or {},
        confirmed_path=confirmed_on_path(thread, body, predicate, resolve),
        choosing=_choosing(thread, uid),
        tags=idle,
    )


def _over_counting(
    thread: Thread,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    body: JudgedBody,
    uid: str,
) -> Evidence:
    selected = _selected(predicate, resolve)
    definitions = definitions_for(thread, selected)
    scope = axes_of(predicate, body.get("across"))
    idle = tags_of(predicate, resolve)
    out = _numbers(thread, predicate, resolve, body, uid, definitions, idle)

    def in_figures(subject: Subject) -> list[Run]:
        return [run for run in resolve(subject) if run.id not in out.in_no_figure]

    diffs = comparisons(predicate, in_figures, body, thread.metrics, idle)
    for diff in diffs:
        _cap(out, diff)
        _mark_unlisted(out, diff)
    _mark_doubted(out, thread, selected)
    for draws in dict.fromkeys(
        r.draws for r in out.clauses if r.draws and r.draws.why != r.withheld
    ):
        out.mark(Mark("draws", draws.words, draws.words))
    mark_rulers(out, predicate, resolve, diffs, thread.rulers)
    mark_machines(out, predicate, resolve, definitions)
    mark_programs(out, predicate, resolve)
    mark_holdout(out, thread.holdouts, uid)
    mark_limits(out, predicate, resolve, thread.metrics)
    bearing = [run for run in selected if run.is_evidence]
    mark_unguarded(out, thread.profile, bearing)
    if unstated := unstated_mark(thread.profile, bearing):
        out.mark(unstated)
    mark_tags(out, predicate, list(scope), idle)
    scope = {axis: values for axis, values in scope.items() if axis not in idle}
    mark_configurations(out, predicate, resolve, scope, definitions)
    _split_by_contract(out, thread, predicate, resolve)
    _note_contention(out, thread, definitions)
    return out


def _mark_doubted(out: Evidence, thread: Thread, runs: list[Run]) -> None:
    """What was declared of a metric, and the runs do not bear out."""
    for metric in dict.fromkeys(m for result in out.clauses for m, _ in result.clause.sides):
        if why := doubted(thread.metrics.get(metric) or MetricDef(metric), runs):
            out.mark(Mark("observed", f"{metric} moves with the machine", why))


def _choosing(thread: Thread, uid: str) -> Choosing:
    """How a clause of the claim recorded as ``uid`` came to be asked: named in it, or in a
    hypothesis, before the runs of its subject began; else chosen from what there was. Its cells were
    not chosen one by one: it has to hold in all."""
    sides: dict[str, tuple[list[Run], list[Run]]] = {}

    def chosen(clause: Clause, left: list[Run], right: list[Run]) -> Chosen:
        runs = [run.uid for run in left]
        before = [uid] if uid else []
        before += predicting(thread, {clause.format()})
        is_named = any(thread.came_before(at, *runs) for at in before)
        named = predictions_like(thread, clause, runs) if is_named else 0
        whole = sides.setdefault(clause.format(), (right, left))

        def choice() -> Choice:
            found = choice_of(thread, *whole, clause.metric, uid)
            return picked(thread, found, clause.metric, whole[1], whole[0])

        return Chosen(choice, named, is_fresh)

    def is_fresh(run: Run) -> bool:
        return bool(uid) and thread.came_before(uid, run.uid)

    return chosen


def picked(
    thread: Thread,
    choice: Choice,
    metric: str,
    judged: Collection[Run],
    reference: Collection[Run],
    at_once: int = 1,
) -> Choice:
    """``choice`` as ``among_metrics`` counts it; where a hypothesis or a measurement in turns named the
    metric before the runs, it was not picked."""
    own, other = ([run for run in side if run.is_evidence] for side in (judged, reference))
    uids = [run.uid for run in own]
    turns = {run.design.get("interleaving", "") for run in own}
    items = [thread.items.get(thread.uids.get(("interleaving", uid), "")) for uid in turns]
    if all(item is not None and item.body.get("metric") == metric for item in items):
        return choice
    if any(thread.came_before(uid, *uids) for uid in predicting(thread, {OF + metric})):
        return choice
    return among_metrics(choice, thread, metric, own, other, at_once)


def predicting(thread: Thread, wanted: set[str]) -> list[str]:
    """The uids of the hypotheses that predict all that is ``wanted`` (see ``predicted_by``), oldest
    first."""
    if thread.kept is not None:
        return sorted(set.intersection(*map(thread.kept.predicting, wanted)))
    return [item.uid for item in thread.hypotheses if wanted <= predicted_by(item)]


def predictions_like(thread: Thread, clause: Clause, runs: list[str]) -> int:
    """How many predictions of the metric of ``clause`` against the same reference were there before
    ``runs``, and have runs of their own, itself among them: of twenty that were all written beforehand one
    comes true by chance."""
    if not (family := family_of(clause)):
        return 1
    named = thread.asked_once(f"named {family}", lambda: _that_ran(thread, family))
    before = {prediction for uid, prediction in named if thread.came_before(uid, *runs)}
    return len(before | {_prediction(clause)})


def _prediction(clause: Clause) -> tuple[str, str]:
    """Of its family: a value of a selector may be a list, which is no key."""
    return clause.subject.format(), clause.op[0]


def _that_ran(thread: Thread, family: str) -> list[tuple[str, tuple[str, str]]]:
    named = _family(thread, family)
    subjects = {clause.subject.format(): clause.subject for _, clause in named}
    ran = {
        name
        for name, subject in subjects.items()
        if any(run.is_evidence for run in runs_of_subject(thread, subject))
    }
    told = ((uid, _prediction(clause)) for uid, clause in named)
    return [(uid, prediction) for uid, prediction in told if prediction[0] in ran]


def _family(thread: Thread, family: str) -> list[tuple[str, Clause]]:
    """Each clause of it that was named, and in which record."""
    if thread.kept is not None:
        return _families(thread.kept.of_family(family)).get(family, [])
    of_all = thread.asked_once(
        "named before", lambda: _families((*thread.hypotheses, *thread.claims))
    )
    return of_all.get(family, [])


def _families(items: Iterable[Item]) -> dict[str, list[tuple[str, Clause]]]:
    found: dict[str, list[tuple[str, Clause]]] = {}
    for item in items:
        predicate = predicate_of(item)
        for clause in predicate.clauses if predicate else ():
            if family := family_of(clause):
                found.setdefault(family, []).append((item.uid, clause))
    return found


def _split_by_contract(
    out: Evidence, thread: Thread, predicate: Predicate, resolve: Callable[[Subject], list[Run]]
) -> None:
    """Numbers that meant different things (another unit, direction, denominator) bear no claim
    together."""
    for clause in predicate.clauses:
        contracts = []
        for metric, subject in clause.sides:
            definition = thread.metrics.get(metric) or MetricDef(metric)
            contracts += contracts_of([r for r in resolve(subject) if r.is_evidence], definition)
        same = len({metric for metric, _ in clause.sides}) == 1
        if same and (apart := contracts_differ(contracts)):
            out.label, out.blocked_code = "none", "different-contracts"
            out.blocked = (
                f"{clause.metric} was measured under different contracts: {'; '.join(apart)}"
            )
            out.why = [out.blocked]  # arithmetic over both would mix what they meant
            out.missing = [
                f"runs of all sides under one contract (leadline metric {clause.metric} shows which)"
            ]


def _note_contention(out: Evidence, thread: Thread, definitions: dict[str, MetricDef]) -> None:
    """What shared the machine is said, and lowers the label where a comparison of the same runs
    would give no verdict for it."""
    by_id = {run.id: run for run in thread.runs_named(out.counted)}
    busy = sum(map(was_contended, by_id.values()))
    if not busy:
        return
    caps = ""
    for result in out.clauses:
        definition = definitions.get(result.clause.metric) or MetricDef(result.clause.metric)
        verdict = _verdict_claimed(result.clause.op, definition.direction)
        a, b = (
            [by_id[name] for name in names if name in by_id]
            for names in (result.right_runs, result.left_runs)
        )
        by_machine = False if result.deterministic else moved_by_machine(definition)
        if contention_decides(verdict, (a, b), result.method, by_machine):
            caps = "exploratory"
            out.missing.append("runs of both sides on a machine without other work, or in turns")
            break
    full = f"{busy} of {len(by_id)} counted runs shared the machine with other work"
    out.mark(Mark("contended", f"{busy} of {len(by_id)} runs contended", full, caps))


def _verdict_claimed(op: str, direction: str) -> str:
    """What a clause says of its left side, in the words of a comparison."""
    if op == "~=":
        return "equivalent"
    if direction not in ("lower", "higher"):
        return "different"
    return "better" if (op in ("<", "<=")) == (direction == "lower") else "worse"


def confirmed_on_path(
    thread: Thread,
    body: JudgedBody,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
) -> bool | None:
    """Whether every claimed side has a counting run on the path that matters; None when no path is
    declared."""
    path = body.get("path") or thread.about.get("production-path")
    if not path:
        return None
    return all(
        any(r.is_evidence and r.executor == path for r in resolve(c.subject))
        for c in predicate.clauses
    )


def comparisons(
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    body: JudgedBody,
    definitions: Mapping[str, MetricDef],
    tags: Collection[str] = (),
) -> list[ConfigDiff]:
    """For every clause that compares two sets of runs: what differs between them besides the
    declared axes.

    Axes are those declared, those the claim holds across, those its selectors name; when none is
    declared and exactly one fact differs, that fact is the axis. ``tags`` bound no scope."""
    found, seen = [], set()
    for clause in predicate.clauses:
        if clause.right is None:
            continue
        pair = _pair(clause)
        scope = axes_of(predicate, body.get("across"))
        scope = {axis: values for axis, values in scope.items() if axis not in tags}
        left, right = (
            _once([r for r in resolve(s) if r.is_evidence and not out_of_scope(r, scope)], metric)
            for metric, s in clause.sides
        )
        if pair in seen or not left or not right or {r.uid for r in left} == {r.uid for r in right}:
            continue
        seen.add(pair)
        axes = list(
            dict.fromkeys(
                [
                    *(body.get("axes") or ()),
                    *(body.get("across") or {}),
                    *(name for name, _ in predicate.over),
                    *(key for key, _ in clause.subject.selectors),
                    *(key for key, _ in clause.right.selectors),
                ]
            )
        )
        nuisance = list(body.get("nuisance") or ())
        of_pair = [c for c in predicate.clauses if c.right and _pair(c) == pair]
        named = {metric for c in of_pair for metric, _ in c.sides}
        metrics = with_inputs(named, definitions)
        found.append(diff_or_the_one_axis(right, left, axes, nuisance, metrics))
    return found


def _once(runs: list[Run], metric: str) -> list[Run]:
    """Without reruns: a seed that was run again to see whether it agrees is no other set of seeds."""
    again = reruns([run for run in runs if metric in run.metrics], metric)
    return [run for run in runs if run.id not in again]


def _pair(clause: Clause) -> tuple[str, str]:
    return clause.subject.format(), clause.right.format() if clause.right else ""


def diff_or_the_one_axis(
    a: list[Run], b: list[Run], axes: list[str], nuisance: list[str], metrics: Iterable[str]
) -> ConfigDiff:
    """``config_diff``; with no axis declared, the single fact that explains the whole difference is
    taken for it. What measures, and how it was read, is no axis: it is a confound beside it."""
    diff = config_diff(a, b, axes, nuisance, metrics)
    if diff.clean or axes:
        return diff
    rows = [row for row in _in_the_way(diff) if row.area not in NO_AXIS]
    names = list(dict.fromkeys(row.key if row.area == "config" else row.area for row in rows))
    for name in names[:CANDIDATE_AXES]:
        alone = config_diff(a, b, [name], nuisance, metrics)
        if alone.of_role("axis") and all(row.area in NO_AXIS for row in _in_the_way(alone)):
            return alone
    return diff


def _in_the_way(diff: ConfigDiff) -> list[FactDifference]:
    return diff.of_role("confound") + diff.of_role("unknown")


def _mark_unlisted(out: Evidence, diff: ConfigDiff) -> None:
    if names := diff.possible:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        differ = f"the sides differ in variables whose values are not recorded: {', '.join(names[:5])}{more}"
        out.mark(Mark("environment", f"other {names[0]}", f"possible confound: {differ}"))


def _cap(out: Evidence, diff: ConfigDiff) -> None:
    """Sides that differ in more than the tested axis, or in nothing, bear no more than
    ``exploratory``."""
    if all(row.role == "tag" for row in diff.rows):
        named = ", ".join(row.name for row in diff.rows[:NAMED])
        besides = f" but {named}, which reaches no command" if named else ""
        full = f"the sides ran the same thing: nothing differs{besides}"
        out.mark(Mark("nothing-differs", "both sides ran the same", full, "exploratory"))
        out.missing.append("sides that differ in something that reaches their commands")
        return
    rows = [row for row in _in_the_way(diff) if row.area != AREA]
    if not rows:
        return
    named = ", ".join(f"{row.name} ({row.a!r} against {row.b!r})" for row in rows[:5])
    out.mark(
        Mark("confounds", "not apples to apples", f"not apples to apples: {named}", "exploratory")
    )
    out.missing.append(
        "an apples-to-apples comparison, or the tested axis declared (--axis) and the rest as "
        f"nuisance: {', '.join(row.name for row in rows[:5])}"
    )


def preregistered(thread: Thread, item: Item, counted: Iterable[str]) -> str:
    """The hypothesis that predicted this very statement before the first of the ``counted`` runs
    was planned."""
    predicate = predicate_of(item)
    uids = {run.uid for run in thread.runs_named(counted)}
    if predicate is None or not uids:
        return ""
    wanted = {clause.format() for clause in predicate.clauses}
    refs = bound_refs(thread, item.body, item.uid)
    claimed = [
        r.uid
        for c in predicate.clauses
        for r in runs_of_subject(thread, c.subject, refs)
        if r.uid in uids
    ]
    runs = claimed or uids
    before = (uid for uid in predicting(thread, wanted) if thread.came_before(uid, *runs))
    return thread.uids.get(("hypothesis", next(before, "")), "")
