"""The research logbook: a header that is always current, and entries that never change.

An entry is made from the thread as it was right after the entry's own record (``fold.replay``), so
a later record can only add an entry or fill in the header. That is why a repeat, an interpretation
given later, a correction or a retraction is an entry of its own that refers back. The price: an old
entry does not show that it was retracted; the header does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from leadline.core.ids import experiment_of
from leadline.core.metric.ruler import null_text
from leadline.core.patterns import later
from leadline.core.plain import one_line
from leadline.core.record.event import Record
from leadline.core.record.fold import replay
from leadline.core.record.kinds import KINDS
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread, is_a
from leadline.core.text.citation import render as cited
from leadline.core.timestamps import counted, minute, number, rounded, with_unit
from leadline.core.typed import TYPE_CHECKING, Any, NamedTuple
from leadline.core.view import facts
from leadline.core.view.facts import EvidenceOf
from leadline.core.view.together import Together, together
from leadline.render import words
from leadline.render.logbook import imported
from leadline.render.logbook.files_kept import kept_parts
from leadline.render.logbook.frame import HEADER_BEGIN, HEADER_END, NO_ENTRY
from leadline.render.logbook.header import SECTIONS, case_lines, render_header
from leadline.render.logbook.together import Told, entry_body, fact_lines, more_runs, title_of
from leadline.render.markdown import (
    NAME_CHARS,
    Anchors,
    cell_code,
    code,
    cut,
    data,
    fence,
    prose,
    prose_line,
    table,
)  # fmt: skip

if TYPE_CHECKING:
    from leadline.core.record.bodies import NoteBody

ABOUT_SHOWN = 8
_FENCE = later(r"^ {0,3}(`{3,}|~{3,})")


class Entry(NamedTuple):
    """One entry of a logbook; ``body`` without the heading line, stripped."""

    anchor: str
    heading: str
    body: str


def render_logbook(thread: Thread, evidence_of: EvidenceOf | None = None) -> str:
    """The whole logbook, oldest entry first."""
    return "".join(logbook_pieces(thread, evidence_of))


def logbook_pieces(thread: Thread, evidence_of: EvidenceOf | None = None) -> Iterator[str]:
    """As ``render_logbook``, for who writes it out: the beginning, each entry, the end."""
    yield (
        f"# Research logbook: {data(thread.title or thread.topic)}\n\n{HEADER_BEGIN}\n"
        f"{render_header(thread, evidence_of)}\n{HEADER_END}\n\n## Experiment log\n\n"
    )
    between = ""
    for entry in log_entries(thread):
        yield between + f"### {entry.heading}\n\n{entry.body}".rstrip()
        between = "\n\n"
    yield "\n" if between else f"{NO_ENTRY}\n"


def log_entries(thread: Thread) -> Iterable[Entry]:
    """The entries that ``render_logbook`` shows, with their anchors on the page."""
    if thread.kept is not None:
        return (Entry(*entry) for entry in thread.kept.entries())
    log = Log()
    return [
        entry
        for record, then in replay(thread.records, thread.topic)
        if (entry := log.entry(record, then)) is not None
    ]


class Log:
    """Makes one entry after another. To go on: the ``slugs`` of the entries before, ``first``: of
    each experiment, sweep and measurement in turns the anchor of its first one, the last record
    ``before`` that may have an entry (``KINDS_SHOWN``), and ``told``: by writer, the facts that its
    entries said last."""

    def __init__(
        self,
        slugs: Iterable[str] = (),
        first: dict[str, str] | None = None,
        before: Record | None = None,
        told: dict[str, Told] | None = None,
    ) -> None:
        self._anchors, self.first = Anchors(), {} if first is None else first
        self.told: dict[str, Told] = {} if told is None else told
        for heading in ("Research logbook: x", *SECTIONS, "Experiment log"):
            self._anchors.of(heading)
        for slug in slugs:
            self._anchors.take(slug)
        self._last_note = _note_of(before) if before is not None else None

    def entry(self, record: Record, then: Thread) -> Entry | None:
        """The entry of a record, if it has one; ``then``: the thread as it was right after it."""
        if (writer := _WRITERS.get(record.kind)) is None:
            return None
        last, self._last_note = self._last_note, _note_of(record)
        if last is not None and last == self._last_note:
            return None  # the same words again: the header counts them
        if (made := writer(record, then, self)) is None:
            return None
        title, body = made
        if measured := _told_time(record, then):
            title = f"{cut(title, 110)} (measured {measured})"
        heading = f"{minute(record.at)} - {data(cut(title, 140))}"
        entry = Entry(self._anchors.of(heading), heading, body.strip())
        for name in _told_first(record, then, self):
            self.first.setdefault(name, entry.anchor)
        return entry

    def told_by(self, record: Record) -> Told:
        """The facts that the entries of its writer said last. By writer, so that what comes late from
        another machine changes no entry that was read."""
        return self.told.setdefault(record.writer, {})


def _told_first(record: Record, then: Thread, log: Log) -> list[str]:
    """What the entry of a record may be the first one of."""
    if record.kind == "run-ended" and (run := _run(record, then)):
        return [run.experiment]
    one = None
    if record.kind == "imported":
        return [run.experiment for run in imported.told_runs(record, then)]
    if record.kind == "command-ended":
        one = _together_of(record, then)
    elif record.kind == "note":
        one = _awaited(_item(record, then), then, log)
    return [one.name, *(arm.experiment.id for arm in one.arms)] if one is not None else []


def _note_of(record: Record) -> tuple[str, str] | None:
    if record.kind != "note":
        return None
    return str(record.body.get("text")), str(record.body.get("about"))


def entries(markdown: str) -> list[Entry]:
    """The entries of a logbook text: every ``###`` section outside the header and outside fences."""
    text = re.sub(
        re.escape(HEADER_BEGIN) + r".*?" + re.escape(HEADER_END),
        lambda m: _headings_only(m[0]),
        markdown,
        flags=re.S,
    )
    anchors, found = Anchors(), list[Entry]()
    heading, anchor, body, ticks = "", "", list[str](), ""

    def put() -> None:
        if heading:
            found.append(Entry(anchor, heading, "\n".join(body).strip()))

    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not ticks:
            ticks = mark[1]
        elif mark and mark[1].startswith(ticks) and not line.strip().strip(ticks[0]):
            ticks = ""
        title = None if ticks or mark else re.match(r"^(#{1,6})\s+(.+?)\s*$", line)
        if title and len(title[1]) <= 3:
            put()
            heading, body = (title[2] if len(title[1]) == 3 else ""), []
        elif heading:
            body.append(line)
        if title:
            made = anchors.of(title[2])
            anchor = made if len(title[1]) == 3 else anchor
    put()
    return found


def _headings_only(text: str) -> str:
    """The header's own headings still take their anchors; they are no entries."""
    return "\n".join(line for line in text.split("\n") if line.startswith("## "))


# ---- entries -------------------------------------------------------------------------------------

Made = tuple[str, str] | None
Writer = Callable[[Record, Thread, Log], Made]


def _run(record: Record, then: Thread) -> Run | None:
    shown = then.shown(str(record.body.get("run", "")), record.body.get("refs"))
    experiment = then.experiments.get(shown.rpartition("-r")[0])
    return next((r for r in experiment.runs if r.id == shown), None) if experiment else None


def _run_ended(record: Record, then: Thread, log: Log) -> Made:
    run = _run(record, then)
    if run is None or run.entry in ("command", "elsewhere"):
        return None
    experiment = then.experiments[run.experiment]
    if run.entry:
        return _alone(record, run, experiment, then, log)
    fields = [_hypotheses(experiment, then)]
    original = next((r for r in experiment.runs if r is not run and r.ended_at), None)
    if experiment.id in log.first and original is not None:
        title = f"{run.id} {experiment.title} (repeat)"
        same, unknown = _alike(run, original)
        repeat = f"- **Repeat of:** [{experiment.id}](#{log.first[experiment.id]})"
        if same:
            repeat += f", same {', '.join(same)}"
        if unknown:
            repeat += f"; {', '.join(unknown)} unknown"
        if run.extract == original.extract:
            same.append("extraction")
        fields = [repeat, *_what_was_run(run, skip=[*same, *unknown])]
    else:
        title = f"{experiment.id} {experiment.title}"
        fields += _what_was_run(run)
    where, quiet = words.machine_text(run), words.contention_text(run)
    again = (
        original is not None
        and experiment.id in log.first
        and where == words.machine_text(original)
    )
    if run.origin == "executed" and (not again or run.hygiene.get("contended") is not False):
        fields.append(f"- **Machine:** {words.joined((where, quiet), '; ')}")
    fields.append(f"- **Result:** {prose_line(facts.outcome(run))}")
    for role, name in (("interpretation", "Interpretation"), ("next", "Next action")):
        fields += [
            f"- **{name}:** {prose_line(facts.says(n, then, True))}"
            for n in experiment.notes_in(role)
            if experiment.id not in log.first
        ]
    return title, "\n".join(f for f in fields if f) + _result(run, experiment, then)


def _told_time(record: Record, then: Thread) -> str:
    """When a row says that it was measured, which is not when it was taken in."""
    run = _run(record, then) if record.kind == "run-ended" else None
    return minute(run.started_at) if run is not None and run.told else ""


def _alone(record: Record, run: Run, experiment: Experiment, then: Thread, log: Log) -> Made:
    """A run that a command made alone: the entry of its experiment, or a line more of it."""
    one = together(then, experiment.id)
    if one is None:
        return None
    if experiment.id in log.first:
        return _further(record, one, [run], then, log)
    return f"{experiment.id} {title_of(one)}", _with_words(record, one, run.uid, then, log)


def _together_of(record: Record, then: Thread) -> Together | None:
    refs = record.body.get("refs")
    also = [then.here(str(name), refs) for name in record.body.get("also", [])]
    about = record.body["about"]
    first = then.shown(str(about[0]), refs) if about else ""
    return together(then, first, record.body["of"], also)


def _command_ended(record: Record, then: Thread, log: Log) -> Made:
    """A command that made several runs: its entry, or where it has one, what came of it later."""
    one, of = _together_of(record, then), str(record.body["of"])
    if one is None or not one.arms:
        return None
    mine = [run for run in one.runs if run.command_uid == of]
    if one.name in log.first:
        ended = max((run.ended_at for run in mine), default="")
        if any(note.at >= ended for note in _waiting(of, then)):
            return None  # a note about what had run so far was its entry
        if one.item is None:
            return _further(record, one, mine, then, log)
    again = " (goes on)" if one.name in log.first else ""
    why = record.body.get("why")
    left = f"- **Ended early:** {prose_line(str(why))}" if why else ""
    return f"{one.name} {title_of(one)}{again}", _with_words(record, one, of, then, log, left)


def _further(record: Record, one: Together, runs: list[Run], then: Thread, log: Log) -> Made:
    """More runs of an experiment that has its entry."""
    if not runs:
        return None
    experiment = one.arms[0].experiment
    lines = [
        f"- **Repeat of:** [{experiment.id}](#{log.first[experiment.id]})",
        *fact_lines(one, log.told_by(record), runs),
        more_runs(experiment, runs, one.metrics(then), then),
    ]
    return f"{runs[0].id} {counted(len(runs), 'more run')}", "\n".join(lines)


def _with_words(
    record: Record, one: Together, of: str, then: Thread, log: Log, left: str = ""
) -> str:
    """What was expected, what was measured, what was said of it so far."""
    design = one.item.body if one.item is not None else {}
    lines = [_hypotheses(one.arms[0].experiment, then)]
    for name, title in (("expected", "Expected"), ("because", "Because")):
        if design.get(name):
            lines.append(f"- **{title}:** {prose_line(str(design[name]))}")
    lines += [left, entry_body(one, then, log.told_by(record))]
    said = [] if one.name in log.first else _said_of(of, then)
    body = "\n".join(line for line in lines if line)
    return "\n\n".join(part for part in (body, "\n".join(said)) if part)


def _said_of(of: str, then: Thread) -> list[str]:
    """The notes that waited for the entry of a command."""
    return [
        f"- **{_role(note)}:** {prose_line(facts.says(note, then, True))}"
        for note in _waiting(of, then)
        if note.stands
    ]


def _waiting(of: str, then: Thread) -> list[Item[NoteBody]]:
    """The notes that are about a command alone, in order: none is older than its beginning."""
    since = takewhile(lambda note: note.uid > of, reversed(then.of_kind("note")))
    return [note for note in since if _waits_for(note, then) == of][::-1]


def _role(note: Item[Any]) -> str:
    role = str(note.body.get("role") or "")
    reason = f" ({facts.reason_class(note)})" if role == "negative" else ""
    return f"{note.id} {_ROLES.get(role, role.capitalize() or 'Note')}{reason}"


def _waits_for(note: Item[Any], then: Thread) -> str:
    """The command, as ``Run.command_uid``, that was going on and that the note is about alone; ""
    without one."""
    about = [then.here(str(name), note.refs) for name in note.body.get("about", [])]
    found = {_going_on(name, note.uid, then) for name in about}
    return found.pop() if len(found) == 1 else ""


def _going_on(name: str, upto: str, then: Thread) -> str:
    """The command that made the last run of an experiment before that, and tells it in its entry."""
    item = then.items.get(name)
    if is_a(item, "sweep") or is_a(item, "interleaving"):
        return item.uid if item.body.get("entry") == "command" else ""
    experiment = then.experiments.get(experiment_of(name))
    runs = [run for run in experiment.runs if run.uid < upto] if experiment is not None else []
    return runs[-1].command_uid if runs and runs[-1].entry in ("run", "command") else ""


def _awaited(note: Item[Any], then: Thread, log: Log) -> Together | None:
    """What has no entry yet although all its runs so far have ended, and that the note is about: the
    note stands in the entry, which is made now."""
    of = _waits_for(note, then)
    if not of or of in then.commands_ended:
        return None
    name = then.uids.get(("sweep", of)) or then.uids.get(("interleaving", of))
    name = name or experiment_of(then.here(str(note.body["about"][0]), note.refs))
    one = None if name in log.first else together(then, name, of)
    return one if one is not None and one.arms else None


def _alike(run: Run, original: Run) -> tuple[list[str], list[str]]:
    """What is known to be the same of both, and what is known of neither: a row of a table has no
    command."""
    facts_of_both = (
        ("command", run.argv, original.argv),
        ("config", run.config, original.config),
        ("code", run.code.get("tree"), original.code.get("tree")),
        ("machine", words.machine_text(run), words.machine_text(original)),
    )
    same, unknown = list[str](), list[str]()
    for name, mine, theirs in facts_of_both:
        if mine == theirs:
            (same if mine or name == "config" else unknown).append(name)
    # Entries never change, so the machine has the words that it had in those written before.
    return [
        f"same {name}" if name == "machine" and len(same) > 1 else name for name in same
    ], unknown


def _hypotheses(experiment: Experiment, then: Thread) -> str:
    named = [
        f"{h} {prose_line(facts.says(then.items[h], then, True))}" if h in then.items else h
        for h in experiment.hypotheses
    ]
    named += [prose_line(experiment.expected)] if experiment.expected else []
    return f"- **Hypothesis:** {'; '.join(named)}" if named else ""


def _what_was_run(run: Run, skip: list[str] | None = None) -> list[str]:
    skip = skip or []
    fields = (
        [f"- **Origin:** {prose_line(words.origin_text(run))}"] if run.origin != "executed" else []
    )
    if run.measures_again:
        fields.append(f"- **Measures again:** {run.measures_again}, by the ruler as it is now")
    if "command" not in skip and (run.argv or run.origin == "executed"):
        where = f" (in {code(run.cwd)})" if run.cwd not in ("", ".") else ""
        shown = words.command(run)
        if "\n" not in shown and len(shown) <= 160:
            fields.append(f"- **Command:**{where} {code(shown)}")
        else:
            block = fence(shown, "sh").replace("\n", "\n  ")
            fields.append(f"- **Command:**{where}\n\n  {block}\n")
    if "config" not in skip and run.config:
        fields.append(f"- **Config:** {words.config_text(run.config)}")
    fields += [f"- **{data(name)}:** {prose_line(said)}" for name, said in run.told.items()]
    if inputs := words.inputs_text(run):
        fields.append(f"- **Inputs:** {inputs}")
    # Entries never change: those of before did not say it.
    if "extraction" not in skip and "read" in run.extraction:
        for name, how in words.extraction_texts(run):
            fields.append(f"- **Read:** {code(name)}: {code(how)}")
    if "code" not in skip or run.code.get("changed_during_run"):
        fields.append(f"- **Code:** {words.code_text(run.code)}")
    if tracked := words.tracker_text(run):
        fields.append(f"- **Tracker:** {prose_line(tracked)}")
        if given := words.tracker_config(run):
            fields.append(f"- **Config by the job's tracker:** {words.config_text(given)}")
    return fields


def _result(run: Run, experiment: Experiment, then: Thread) -> str:
    """The table of metrics, problems of the extraction, and the telling end of the output."""
    parts = []
    names = facts.metric_order(then, list(run.metrics))
    if names:
        parts.append(_metric_table(run, experiment, names[: facts.METRICS_SHOWN], then))
        if len(names) > facts.METRICS_SHOWN:
            parts.append(
                f"… and {len(names) - facts.METRICS_SHOWN} more metrics: `leadline show {run.id}`"
            )
        parts += [
            f"Items of {code(n)}: {data(text)}."
            for n in names
            if (text := words.items_text(then, run, n))
        ]
    elif run.state == "done":
        parts.append("No metric was recorded.")
    parts += [f"{code(name)} was {data(value)}." for name, value in sorted(run.nonfinite.items())]
    parts += [f"{code(name)}: {data(text)}." for name, text in words.cut_texts(run, then.metrics)]
    problems = (run.extraction.get("problems") or [])[:5]
    told = [p.get("what", p) if isinstance(p, dict) else p for p in problems]
    parts += [f"Extraction: {data(what)}" for what in told]
    parts += kept_parts(run, then)
    excerpt = str(run.outputs.get("excerpt") or "").strip("\n")
    if excerpt and (run.state != "done" or not names):
        shown = excerpt.split("\n")[-12:]
        parts.append(
            f"End of {data(run.outputs.get('excerpt_of') or 'output')}:\n\n"
            + fence("\n".join(shown), "text")
        )
    return "\n\n" + "\n\n".join(parts) if parts else ""


def _metric_table(run: Run, experiment: Experiment, names: list[str], then: Thread) -> str:
    base = then.baseline_experiment
    against = base if base is not None and base is not experiment else None
    samples = {n: facts.sample_of(experiment.runs, n) for n in names}
    several = any(s.n > 1 for s in samples.values())
    headers = ["metric", "this run", "n"]
    if several:
        headers += ["median", "sd"]
    if against:
        headers.append(f"baseline {against.id}")
    rows = []
    for name in names:
        unit, sample = facts.definition(then, name).unit, samples[name]
        row = [
            cell_code(cut(one_line(name), NAME_CHARS)),
            data(with_unit(run.metrics[name], unit)),
            str(sample.n),
        ]
        if several:
            row += [data(with_unit(sample.median, unit)), rounded(sample.sd)]
        if against:
            reference = facts.sample_of(against.runs, name)
            row.append(data(words.metric_text(reference, unit)) if reference.n else "–")
        rows.append(row)
    return table(headers, rows, right=range(1, len(headers)))


_ROLES = {
    "interpretation": "Interpretation",
    "next": "Next action",
    "negative": "Negative result",
}


def _note(record: Record, then: Thread, log: Log) -> Made:
    item = _item(record, then)
    if (one := _awaited(item, then, log)) is not None:
        runs = [run for run in one.runs if run.command_uid == (of := _waits_for(item, then))]
        if any(not run.ended_at for run in runs):
            return None
        return f"{one.name} {title_of(one)}", _with_words(record, one, of, then, log)
    about = [
        f"[{e.id}](#{log.first[e.id]})" if e.id in log.first else e.id
        for e in facts.experiments_of(item, then)
        if any(then.shown(str(a), item.refs).startswith(e.id) for a in item.body.get("about", []))
    ]
    designs = [then.here(str(a), item.refs) for a in item.body.get("about", [])]
    about += [f"[{d}](#{log.first[d]})" for d in designs if d in then.items and d in log.first]
    role = _ROLES.get(
        str(item.body.get("role") or ""), str(item.body.get("role") or "Note").capitalize()
    )
    named = ", ".join(re.sub(r"\[(.*?)\].*", r"\1", a) for a in about)
    if len(about) > ABOUT_SHOWN and all(
        r.entry for e in facts.experiments_of(item, then) for r in e.runs
    ):
        about = [
            *about[:ABOUT_SHOWN],
            f"{len(about) - ABOUT_SHOWN} more: `leadline show {item.id}`",
        ]
    lines = [f"About {', '.join(about)}.\n"] if about else []
    if item.body.get("role") == "negative":
        lines.append(f"Reason class: {facts.reason_class(item)}.\n")
    heading = f"{item.id} {role} of {named}" if named else f"{item.id} {role}"
    return heading, "\n".join([*lines, prose(facts.says(item, then, True))])


def _item(record: Record, then: Thread) -> Item[Any]:
    shown = then.uids.get((record.kind, record.id), record.id)
    return then.items.get(shown) or then.items[record.id]


def _titled(*fields: tuple[str, str]) -> Writer:
    """An entry from an item: its text, then the named fields of its body that are there."""

    def write(record: Record, then: Thread, log: Log) -> Made:
        item = _item(record, then)
        return f"{item.id} {KINDS[record.kind].title}", _text_and_fields(
            facts.says(item, then, True), record, then, fields
        )

    return write


def _sweep(record: Record, then: Thread, log: Log) -> Made:
    """Its own entry where its runs have theirs; else the end of its command tells it."""
    return None if record.body.get("entry") else _SWEEP_OF_BEFORE(record, then, log)


_SWEEP_OF_BEFORE = _titled(("expected", "Hypothesis"), ("because", "Because"))


def _claim(record: Record, then: Thread, log: Log) -> Made:
    """What was measured when it was claimed, then the author's words. Records from before the
    sentence was kept have the words alone: an entry that was written stays as it is."""
    item = _item(record, then)
    heading = f"{item.id} {KINDS[record.kind].title}"
    measured = str(record.body.get("sentence") or "")
    if not measured:
        return heading, _text_and_fields(facts.says(item, then, True), record, then, _OF_CLAIM)
    author = f"Author: “{prose_line(facts.words_of(item, then, True))}”"
    fields = _text_and_fields("", record, then, _OF_CLAIM)
    return heading, f"{data(measured)}{words.aside_marks(item)}.\n\n{author}\n\n{fields}"


_OF_CLAIM = (("predicate", "Criterion"), ("experiments", "Rests on"), ("limits", "Limits"))


def _text_and_fields(
    text: str, record: Record, then: Thread, fields: tuple[tuple[str, str], ...]
) -> str:
    lines = []
    for name, title in fields:
        values = facts.listed(record.body.get(name))
        shown = [cited(v, then, record.body.get("refs"), record.body.get("bound")) for v in values]
        if name == "evidence":
            shown = [_with_sentence(v, then, record) for v in shown]
        if name in ("predicate", "tag", "commit"):
            shown = [code(v) for v in shown]
        elif name != "next_steps":
            shown = [prose_line(v) for v in shown]
        if name == "next_steps" and shown:
            lines.append(
                f"- **{title}:**\n"
                + "\n".join(f"  {i}. {prose_line(v)}" for i, v in enumerate(shown, 1))
            )
        elif shown:
            lines.append(f"- **{title}:** {'; '.join(shown)}")
    return "\n\n".join(p for p in (prose(text), "\n".join(lines)) if p)


def _with_sentence(name: str, then: Thread, record: Record) -> str:
    """A claim that is cited, with what was measured when it was claimed: the entry stays as it is."""
    claim = then.items.get(then.here(name, record.body.get("refs")))
    said = claim.body.get("sentence") if claim is not None and is_a(claim, "claim") else ""
    return f"{name} (when claimed: {said})" if said else name


def _hypothesis_changed(record: Record, then: Thread, log: Log) -> Made:
    name = then.shown(str(record.body.get("hypothesis", "")), record.body.get("refs"))
    item, entry = then.items.get(name), record.body.get("entry")
    if item is None or entry == "elsewhere":
        return None
    fields = (
        ("why", "Why"),
        ("evidence", "Evidence"),
        ("resume_condition", "Resume when"),
        ("decision", "Decision"),
    )
    return (
        f"{name} {record.body.get('state', 'changed')}",
        _text_and_fields("" if entry else facts.says(item, then, True), record, then, fields),
    )


def _baseline(record: Record, then: Thread, log: Log) -> Made:
    item = _item(record, then)
    earlier = [b for b in then.of_kind("baseline") if b is not item]
    name = then.shown(str(item.body.get("experiment", "")), item.refs)
    experiment = then.experiments.get(name)
    moved = f"moved from {earlier[-1].id} to {name}" if earlier else f"set to {name}"
    lines = [f"- **Why:** {prose_line(str(item.body['why']))}"] if item.body.get("why") else []
    lines += [f"- **Mark:** {prose_line(mark.strip())}" for mark in facts.marks(item)]
    if experiment and experiment.runs:
        lines += case_lines(experiment, then)
    return f"{item.id} {KINDS[record.kind].title} {moved}", "\n".join(lines)


def _about_target(record: Record, then: Thread, log: Log) -> Made:
    body, refs = record.body, record.body.get("refs")
    if body.get("part_of") or body.get("entry") == "elsewhere":
        return None  # told by the entry of its sweep, or of its import
    target = then.shown(str(body.get("target", "")), refs)
    where = f"[{target}](#{log.first[target]})" if target in log.first else target
    why = f"- **Why:** {prose_line(str(body['why']))}" if body.get("why") else ""
    title = f"{KINDS[record.kind].title} of {target}"
    if record.kind == "correction":
        what = f"- **Field:** {code(body.get('field', ''))} of {where} is now {code(cut(str(body.get('value')), 300))}"
        return title, "\n".join(p for p in (what, why) if p)
    resting = [
        i.id
        for i in then.items.values()
        if i.kind in ("claim", "decision", "baseline", "hypothesis")
        and any(
            then.shown(r, i.refs).partition("-r")[0] == target.partition("-r")[0] for r in i.refs
        )
        and i.id != target
    ]
    rests = f"- **Rests on it:** {', '.join(resting)}" if resting else ""
    by = f"- **By:** {then.shown(str(body['by']), refs)}" if body.get("by") else ""
    return title, "\n".join(p for p in (f"- **What:** {where}", by, why, rests) if p)


def _ruler(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    kind, of = KINDS[record.kind].title, str(body.get("metric") or "every metric")
    if null := body.get("null"):
        at = then.shown(str(null["interleaving"]), body.get("refs"))
        return (
            f"{kind} of {of}: the baseline against itself",
            f"- **Result:** {prose_line(null_text(null))} ({at})",
        )
    if "changed" in body:
        at = then.shown(str(body.get("experiment", "")), body.get("refs"))
        where = f"[{at}](#{log.first[at]})" if at in log.first else at
        files = ", ".join(code(f) for f in body["changed"])
        what = f"- **Changed:** {files}: runs before and from {where} on are never taken together"
        return f"{kind} of {of} changed at {at}", what
    files = ", ".join(code(p) for p in body["patterns"]) or "nothing apart from the code"
    why = f"\n- **Why:** {prose_line(str(body['why']))}" if body.get("why") else ""
    return f"{kind} of {of} declared", f"- **Measured by:** {files}{why}"


def _profile(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    about = prose_line(str(body.get("about", "")))
    keys = [name for name, key in body.get("keys", {}).items() if key.get("required")]
    asks = f"- **Each run says:** {', '.join(map(code, keys))}" if keys else ""
    why = f"- **Why:** {prose_line(str(body['why']))}" if body.get("why") else ""
    title = f"{KINDS[record.kind].title} {body['name']} ({body['source']})"
    return title, words.joined((about, asks, why), "\n")


def _holdout(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    title = KINDS[record.kind].title
    if "look" not in body:
        digest = code(str(body.get("digest", ""))[:19])
        what = f"- **Kept:** its command and {body.get('files', 0)} files, outside the work tree, as {digest}"
        return f"{title} declared", what
    claim = then.shown(str(body.get("claim", "")), body.get("refs"))
    values = "; ".join(f"{code(n)} {number(v)}" for n, v in body.get("values", {}).items())
    agrees = "it says the same" if body.get("holds") else "it says otherwise"
    told = f"no answer: {prose_line(str(body['why']))}" if body.get("why") else agrees
    return f"{title}, look {body['look']}, for {claim}", f"- **Result:** {told}; {values}"


def _thread_changed(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    verb = "added to" if body.get("mode") == "add" else "is now"
    shown = "; ".join(facts.listed(body.get("value")))
    name = data(body.get("field", ""))
    text = (
        f"- **Change:** {name} {verb}: {prose_line(shown)}"
        if verb == "is now"
        else f"- **Change:** {verb} {name}: {prose_line(shown)}"
    )
    return f"{KINDS[record.kind].title} {body.get('field', '')}", text + (
        f"\n- **Why:** {prose_line(str(body['why']))}" if body.get("why") else ""
    )


def _refusal(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    fields = (("statement", "Asked"), ("arithmetic", "Arithmetic"), ("honest", "What can be said"))
    return f"{KINDS[record.kind].title} {body.get('code', '')}", _text_and_fields(
        str(body.get("what", "")), record, then, fields
    )


def _update(record: Record, then: Thread, log: Log) -> Made:
    item = _item(record, then)
    if item.body.get("form") == "heartbeat":
        return None
    url = str(item.body.get("url") or "")
    return f"{item.id} {KINDS[record.kind].title}", f"- **Posted:** {data(url)}" if url.startswith(
        "https://"
    ) else "Written for the issue."


def _finish(record: Record, then: Thread, log: Log) -> Made:
    fields = (
        ("worked", "Worked"),
        ("failed", "Did not"),
        ("limits", "Confidence and limits"),
        ("next_steps", "Next steps"),
    )
    text = cited(
        str(record.body.get("conclusion", "")),
        then,
        record.body.get("refs"),
        record.body.get("bound"),
    )
    return KINDS[record.kind].title, _text_and_fields(text, record, then, fields)


def _adopted(record: Record, then: Thread, log: Log) -> Made:
    body = record.body
    text = str(body.get("text") or body.get("markdown") or "")
    heading = str(body.get("heading") or "an entry written by hand")
    source = str(body.get("path") or "")
    origin = f"From {code(source)}." if source else ""
    above = body.get("under", [])[0 if body.get("untitled") else 1 :]
    named = " › ".join([*above, heading])
    heading = f"{KINDS[record.kind].title} {named}"
    return heading, words.joined((origin, prose(text)), "\n\n")


def _directive(record: Record, then: Thread, log: Log) -> Made:
    item = _item(record, then)
    title = "Said on the issue" if record.body.get("listed") else KINDS[record.kind].title
    fields = (("by", "By"), ("url", "Where"))
    return f"{item.id} {title}", _text_and_fields(
        facts.says(item, then, True), record, then, fields
    )


def _acknowledged(record: Record, then: Thread, log: Log) -> Made:
    shown = then.shown(str(record.body["directive"]), record.body["refs"])
    return f"{KINDS[record.kind].title} {shown}", prose(str(record.body["note"]))


def _clash(record: Record, then: Thread, log: Log) -> Made:
    return KINDS[record.kind].title, prose(
        str(record.body.get("what") or record.body.get("id") or "")
    )


_WRITERS: dict[str, Writer] = {
    "run-ended": _run_ended,
    "command-ended": _command_ended,
    "imported": lambda record, then, log: imported.entry_of(record, then),
    "note": _note,
    "hypothesis-changed": _hypothesis_changed,
    "baseline": _baseline,
    "hypothesis": _titled(("predicate", "Criterion")),
    "decision": _titled(("evidence", "Evidence"), ("owner", "Owner"), ("why", "Why")),
    "directive": _directive,
    "acknowledgement": _acknowledged,
    "sweep": _sweep,
    "claim": _claim,
    "snapshot": _titled(("tag", "Tag"), ("commit", "Commit")),
    "reproduction": _titled(("of", "Of"), ("verdict", "Verdict"), ("why", "Why")),
    "correction": _about_target,
    "retraction": _about_target,
    "supersession": _about_target,
    "thread-changed": _thread_changed,
    "ruler": _ruler,
    "holdout": _holdout,
    "profile": _profile,
    "refusal": _refusal,
    "update": _update,
    "finish": _finish,
    "adopted": _adopted,
    "id-clash": _clash,
}
KINDS_SHOWN = tuple(sorted(_WRITERS))
