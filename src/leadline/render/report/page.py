"""The thread as one self-contained HTML page: to be read, printed, mailed and opened anywhere,
years from now.

No script, no font, no request: the page carries a content policy that forbids them, so that text
from a log can do nothing even if it got past the escaping, which is on for every value. The price
is a page that does not sort or filter. Jinja2 is imported here and nowhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from leadline.core.evidence.found import Evidence
from leadline.core.ids import ID_IN_TEXT
from leadline.core.plain import plain
from leadline.core.record.kinds import ISSUE_KINDS
from leadline.core.record.ranks import queue_place, rank, state_of
from leadline.core.record.reaches import tell_tags
from leadline.core.record.thread import Item, Thread
from leadline.core.stats.inference import Sample
from leadline.core.text.citation import render as cited
from leadline.core.text.spans import code_spans
from leadline.core.timestamps import minute, rounded
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.judged import judged_state
from leadline.core.view.step import next_action
from leadline.render import words
from leadline.render.report import first as report_first
from leadline.render.report import parts as report_parts
from leadline.render.report import plots as report_plots
from leadline.render.report.parts import Shown

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from leadline.core.record.bodies import ReproductionBody

ROWS_IN_SIGHT, BEST_IN_SIGHT = 12, 6
LISTED = 100  # of each list; the table and the timeline have their own
_LINK = re.compile(r"https?://[^\s<>\"'`)\]]+[^\s<>\"'`)\].,;:!?]")


def render_report(
    thread: Thread,
    evidence_of: EvidenceOf | None = None,
    *,
    as_of: str,
    heads: dict[str, str] | None = None,
    faults: int = 0,
    preregistered: Callable[[Item], str] | None = None,
    version: str = "",
    images: dict[str, str] | None = None,
    series: dict[str, list[Any]] | None = None,
) -> str:
    """The page. ``heads``: writer to the digest of its last record; ``faults``: what `leadline
    verify` would find in the event files; ``preregistered``: the hypothesis that predicted a claim,
    or ""; ``images``: digest to ``data:`` address of the artifacts shown as pictures; ``series``:
    experiment to what of its series is drawn."""
    metrics = facts.primary_metrics(thread)
    results, results_left = report_parts.results(thread, metrics, evidence_of)
    timeline, timeline_left = report_parts.timeline(
        thread,
        images,
        {e: report_plots.series_plots(panels) for e, panels in (series or {}).items()},
    )
    pictures = report_plots.pictures_of_sweeps(thread)
    negatives = facts.negatives_newest_first(thread)
    reproductions, snapshots = thread.of_kind("reproduction"), thread.of_kind("snapshot")
    page = template().render(
        thread=thread,
        worded=_words(thread),
        metrics=[facts.definition(thread, m) for m in metrics],
        as_of=as_of,
        heads=heads or {},
        faults=faults,
        version=version,
        summary=_summary(thread, evidence_of),
        finish=_finish(thread),
        scope=_scope(thread),
        baseline=_baseline(thread),
        claims=_claims(thread, evidence_of, preregistered),
        page=report_first.page_parts(thread, evidence_of),
        so_far=report_first.so_far(thread),
        headline_results=_folded(results, True),
        other_results=_folded(results, False),
        results_left=results_left,
        result_places=report_parts.places_of(results),
        strips=[s for m in metrics if (s := report_plots.strips(thread, m))],
        pictures=pictures,
        sweeps=[] if pictures else report_plots.sweeps(thread, metrics),
        hypotheses=_hypotheses(thread, evidence_of),
        decisions=_decisions(thread),
        negatives=_negatives(facts.negative(n, thread) for n in negatives[:LISTED]),
        left={
            "claims": len(thread.claims) - LISTED,
            "hypotheses": len(thread.hypotheses) - LISTED,
            "decisions": len(thread.of_kind("decision")) - LISTED,
            "negatives": len(negatives) - LISTED,
            "refusals": len(thread.refusals) - LISTED,
            "snapshots": len(snapshots) - LISTED,
            "reproductions": len(reproductions) - LISTED,
        },
        refusals=_refusals(thread),
        timeline=timeline,
        timeline_left=timeline_left,
        has_images=bool(images or pictures),
        snapshots=snapshots[-LISTED:],
        reproductions=_reproductions(reproductions[-LISTED:], thread),
    )
    # whatever a name or a log holds: no control characters, no reordering of text
    return plain(str(page))


def _folded(results: list[report_parts.ResultRow], headline: bool) -> list[report_parts.ResultRow]:
    """The rows that stand in sight, or those folded away; a short table is not folded."""
    if len(results) <= ROWS_IN_SIGHT:
        return results if headline else []
    return [row for n, row in enumerate(results) if (row.headline or n < BEST_IN_SIGHT) is headline]


# ---- text ----------------------------------------------------------------------------------------


@cache
def template() -> Template:
    """The page of any thread: to compile it takes longer than to fill it in."""
    import jinja2  # noqa: PLC0415  start-up: 99 ms

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(os.path.join(os.path.dirname(__file__), "templates")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    words = jinja2.pass_context(lambda page, value: page["worded"](value))
    environment.filters.update(words=words, minute=minute, cell=_cell)
    return environment.get_template("report.html.j2")


def _words(thread: Thread) -> Callable[[object], Markup]:
    """Recorded text as HTML: escaped, with code spans, ids that are on the page linked, and
    addresses linked."""
    from markupsafe import Markup, escape  # noqa: PLC0415  start-up: 4.4 ms

    def prose(text: str) -> Markup:
        out, at = Markup(""), 0
        for m in re.finditer(f"{_LINK.pattern}|{ID_IN_TEXT.pattern}", text):
            out += escape(text[at : m.start()])
            if m[0].startswith("http"):
                out += Markup('<a href="{0}" rel="noreferrer noopener nofollow">{0}</a>').format(
                    m[0]
                )
            elif facts.is_there(thread, name := m[0].partition("-r")[0]):
                out += Markup('<a class="id" href="#{0}">{1}</a>').format(name, m[0])
            else:
                out += escape(m[0])
            at = m.end()
        return out + escape(text[at:])

    def words(value: object) -> Markup:
        text = str(value)
        out, at = Markup(""), 0
        for start, end in code_spans(text):
            inner = re.sub(
                r"\A(`{3,}|~{3,})[^\n]*\n|\n?(`{3,}|~{3,})\s*\Z", "", text[start:end]
            ).strip("`")
            out += prose(text[at:start]) + Markup("<code>{}</code>").format(inner)
            at = end
        return out + prose(text[at:])

    return words


def _cell(value: report_parts.Cell) -> Markup:
    """A number whose decimal point lines up with those above and below it."""
    from markupsafe import Markup  # noqa: PLC0415  start-up: 4.4 ms

    return Markup('<span class="w">{}</span><span class="f">{}</span>').format(
        value.whole, value.fraction
    )


# ---- sections ------------------------------------------------------------------------------------


def _summary(thread: Thread, evidence_of: EvidenceOf | None) -> Shown:
    evidence_runs, not_done = facts.runs_that_count(thread)
    labels: dict[str, int] = {}
    for claim in thread.claims:
        if claim.stands:
            label = facts.label_of(claim, evidence_of)
            labels[label] = labels.get(label, 0) + 1
    return {
        "experiments": len(thread.experiments),
        "runs": facts.runs_counted(thread),
        "evidence_runs": evidence_runs,
        "not_done": not_done,
        "cost": words.cost_of(thread),
        "labels": labels,
        "claims": sum(labels.values()),
        "next": next_action(thread),
        "records": thread.record_count,
        "open_runs": [r.id for r in facts.open_runs(thread)],
        "takeaways": [
            report_parts.said(n, thread) for n in reversed(facts.notes_in(thread, "takeaway"))
        ],
    }


def _finish(thread: Thread) -> Shown | None:
    if not thread.finishes:
        return None
    last = thread.finishes[-1]

    def fill(name: str) -> list[str]:
        return [cited(v, thread, last.get("refs")) for v in facts.listed(last.get(name))]

    return {
        "at": last["at"],
        "conclusion": "\n".join(fill("conclusion")),
        "reason": str(last.get("reason") or "completed"),
        "parts": [
            (title, fill(name))
            for name, title in (
                ("worked", "What worked"),
                ("failed", "What did not"),
                ("limits", "Confidence and limits"),
            )
        ],
        "next_steps": fill("next_steps"),
        "override": str(last.get("override") or ""),
        "later": sum(r.at > last["at"] and r.kind not in ISSUE_KINDS for r in thread.records),
    }


def _scope(thread: Thread) -> list[tuple[str, list[str]]]:
    fields = (
        ("goal", "Goal"),
        ("problem", "Problem"),
        ("motivation", "Why"),
        ("description", "Description"),
        ("success", "Success"),
        ("stop", "Stop when"),
        ("constraint", "Constraints"),
        ("reference", "References"),
        ("code", "Code"),
        ("production-path", "Production path"),
    )
    said = [(title, facts.listed(thread.about.get(name))) for name, title in fields]
    return [
        (title, values)
        for title, values in [*said, ("Measured", words.ruler_lines(thread))]
        if values
    ]


def _baseline(thread: Thread) -> Shown | None:
    item, experiment = thread.baseline, thread.baseline_experiment
    if item is None or experiment is None:
        return None
    run = (experiment.evidence_runs or experiment.runs)[0]
    tell_tags(thread, [run])
    found = {n: 1 for r in experiment.evidence_runs for n in (*r.metrics, *r.nonfinite)}
    names = facts.metric_order(thread, list(found))
    rows = []
    for name in names[: facts.METRICS_SHOWN]:
        sample, unit = facts.sample_of(experiment.runs, name), facts.definition(thread, name).unit
        places = report_parts.decimals_of([sample])
        median = report_parts.Cell(facts.words_for_lost(experiment.runs, name))
        if sample.n:
            median = report_parts.cell(sample.median, places)
        rows.append(
            {
                "name": name,
                "unit": unit,
                "median": median,
                "n": sample.n,
                "lost": facts.lost_text(sample),
                "range": _range(sample, places),
                "sd": rounded(sample.sd),
            }
        )
    earlier = [b for b in thread.of_kind("baseline") if b is not item]
    return {
        "item": item,
        "experiment": experiment,
        "rows": rows,
        "command": words.command(run),
        "machine": words.machine_text(run),
        "why": str(item.body.get("why") or ""),
        "config": [f"{k}={v}" for k, v in sorted(words.told_config(run).items())][
            : report_parts.CONFIG_SHOWN
        ],
        "moves": [(b.id, b.at, thread.shown(str(b.body["experiment"]), b.refs)) for b in earlier],
    }


def _range(sample: Sample, places: int | None) -> str:
    if sample.n < 2:
        return "one run" if sample.n else "–"
    low, high = (report_parts.cell(end, places) for end in (sample.minimum, sample.maximum))
    return f"{''.join(low)} to {''.join(high)}"


def _claims(
    thread: Thread,
    evidence_of: EvidenceOf | None,
    preregistered: Callable[[Item], str] | None,
) -> list[Shown]:
    weigh = evidence_of or _as_recorded
    rows: list[Shown] = []
    weighed = [(claim, weigh(claim)) for claim in thread.claims]
    weighed.sort(key=lambda pair: _strongest_first(*pair))
    for claim, known in weighed[:LISTED]:
        label = claim.gone or known.label
        predicate = str(claim.body.get("predicate") or "")
        predicted_by = preregistered(claim) if preregistered else ""
        missing = known.missing if claim.stands else []
        rows.append(
            {
                "id": claim.id,
                "at": claim.at,
                "label": label,
                "steps": rank(label),
                "sentence": known.sentence.brief or predicate,
                "parts": known.sentence.parts[1:],
                "text": report_parts.said(claim, thread),
                "predicate": predicate,
                "missing": missing,
                "limits": report_parts.said(claim, thread, "limits"),
                "gone": _gone(claim),
                "predicted_by": predicted_by,
                "reported": str(claim.body.get("reported") or ""),
            }
        )
    return rows


def _strongest_first(claim: Item, known: Evidence) -> tuple[bool, int, str]:
    return bool(_gone(claim)), -rank(claim.gone or known.label), claim.at


def _as_recorded(claim: Item) -> Evidence:
    """What the claim said of itself, where nobody weighs it anew."""
    return Evidence(str(claim.body.get("label") or "none"))


def _gone(item: Item) -> str:
    """Why an item no longer stands; "" while it does."""
    superseded = f"superseded by {item.superseded_by}" if item.superseded_by else ""
    return item.retracted or superseded


def _hypotheses(thread: Thread, evidence_of: EvidenceOf | None) -> list[Shown]:
    rows: list[Shown] = []
    newest_first = reversed(thread.hypotheses)
    queue = sorted(newest_first, key=lambda item: queue_place(_state(item)))
    for item in queue[:LISTED]:
        state = _state(item)
        why = " ".join(
            cited(str(item.body.get(n) or ""), thread, item.refs) for n in ("why", "decision")
        )
        resume = str(item.body.get("resume_condition") or "") if state == "blocked" else ""
        rows.append(
            {
                "id": item.id,
                "state": state,
                "judged": _judged(item, thread, evidence_of),
                "text": report_parts.said(item, thread),
                "why": why.strip(),
                "resume": resume,
                "evidence": report_parts.shown_ids(item, thread, "evidence"),
            }
        )
    return rows


def _judged(hypothesis: Item, thread: Thread, evidence_of: EvidenceOf | None) -> str:
    return (
        judged_state(hypothesis, thread, evidence_of) if hypothesis.stands else _state(hypothesis)
    )


def _state(hypothesis: Item) -> str:
    return "retracted" if hypothesis.retracted else state_of(hypothesis)


def _decisions(thread: Thread) -> list[Shown]:
    return [
        {
            "id": d.id,
            "at": d.at,
            "text": report_parts.said(d, thread),
            "owner": str(d.body.get("owner") or d.actor),
            "evidence": report_parts.shown_ids(d, thread, "evidence"),
            "why": report_parts.said(d, thread, "why"),
            "gone": _gone(d),
        }
        for d in thread.of_kind("decision")[-LISTED:]
    ]


def _negatives(found: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"id": name, "at": at, "why": why} for name, at, why in found]


def _refusals(thread: Thread) -> list[dict[str, str]]:
    return [
        {
            "at": r["at"],
            "what": str(r.get("what") or ""),
            "arithmetic": str(r.get("arithmetic") or ""),
            "honest": str(r.get("honest") or ""),
            "code": str(r.get("code") or ""),
        }
        for r in thread.refusals[-LISTED:]
    ]


def _reproductions(found: Sequence[Item[ReproductionBody]], thread: Thread) -> list[Shown]:
    return [
        {
            "id": r.id,
            "at": r.at,
            "of": thread.shown(str(r.body.get("target") or r.body.get("of") or ""), r.refs),
            "verdict": str(r.body.get("verdict") or "no verdict"),
            "why": str(r.body.get("why") or r.body.get("what") or ""),
        }
        for r in found
    ]
