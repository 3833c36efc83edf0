"""The verbs that only look: status, show, brief, next, tried."""

from __future__ import annotations

from leadline.core.ids import experiment_of
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.issue.due import Due


def ask_open_runs(context: Context, thread: Thread) -> list[Run]:
    """Runs planned and not ended; their ``state`` becomes what their run directory says now
    (``running``, ...)."""
    open_runs = [run for run in thread.runs if run.state in ("planned", "running")]
    for run in open_runs:
        attempt = context.run_folder(run.uid)
        run.state = context.executor.poll([(attempt, {})])[attempt]
    return open_runs


def run_rows(
    context: Context, topic: str | None, where: dict[str, Any], order: str, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Rows of runs and how many there are, derived metrics among them. The index has none, so that
    where the order is by one all rows are asked for and sorted here."""
    topics = [topic] if topic else context.store.topics()
    kinds = ("thread-started", "metric-defined")
    formulas = {
        t: {n for n, d in context.store.slice(t, [], kinds).metrics.items() if d.formula}
        for t in topics
    }
    named = order.lstrip("-").removeprefix("metrics.")
    by_formula = order.lstrip("-").startswith("metrics.") and any(
        named in names for names in formulas.values()
    )
    rows, total = context.store.run_rows(
        topic, where, "uid" if by_formula else order, -1 if by_formula else limit
    )
    for name in {row["thread"] for row in rows if formulas.get(row["thread"])}:
        found = {run.uid: run for run in context.store.thread(name).runs}
        for row in rows:
            if row["thread"] == name and (run := found.get(row["uid"])) is not None:
                for field, found_now in (("metrics", run.metrics), ("nonfinite", run.nonfinite)):
                    row[field] = {
                        **{k: v for k, v in row[field].items() if k not in formulas[name]},
                        **{k: v for k, v in found_now.items() if k in formulas[name]},
                    }
    if by_formula:
        sign = -1.0 if order.startswith("-") else 1.0
        rows.sort(
            key=lambda row: (named not in row["metrics"], sign * row["metrics"].get(named, 0.0))
        )
        rows = rows[:limit]
    return rows, total


def _rows(runs: list[Run]) -> list[dict[str, Any]]:
    return [
        {"id": r.id, "planned_at": r.planned_at, "state": r.state, "argv": r.argv} for r in runs
    ]


def waits_of(context: Context, thread: Thread) -> list[str]:
    """What is to be sent to the forge of the thread and was not, the reason first; empty when
    nothing waits."""
    from leadline.services.issue import outbox

    met = outbox.trouble(context, thread.topic)
    if met is None:
        return []
    from leadline.services.issue.outbox import waiting

    return [outbox.line(met), *waiting(context, thread)]


def due_now(context: Context, thread: Thread) -> Due:
    from leadline.core.evidence.of_thread import evidence_for
    from leadline.core.issue.due import due

    return due(thread, context.now(), evidence_for(thread))


def brief(context: Context, named: str | None, budget_chars: int) -> tuple[str, dict[str, Any]]:
    """The text, at most ``budget_chars`` characters, and its parts as data."""
    from leadline.core.evidence.of_thread import evidence_for
    from leadline.render.terminal.brief import render_brief

    thread = context.thread(named)
    now = due_now(context, thread)
    running = ask_open_runs(context, thread)
    waits = waits_of(context, thread)
    text = render_brief(thread, evidence_for(thread), now, running, budget_chars, waits)
    data = {
        "topic": thread.topic,
        "text": text,
        "characters": len(text),
        "due": now,
        "open_runs": _rows(running),
        "waiting": waits,
        "next": next_actions(context, thread, now, running),
    }
    return text, data


def status(context: Context, named: str | None) -> tuple[str, dict[str, Any], dict[str, int]]:
    from leadline.core.evidence.of_thread import evidence_for
    from leadline.render.terminal.listing import threads_table
    from leadline.render.terminal.show import render_status

    topics = context.store.topics()
    thread = context.thread(named)
    running = ask_open_runs(context, thread)
    lines, rows = [], []
    if len(topics) > 1:
        rows = [
            _thread_row(thread if t == thread.topic else context.store.thread(t)) for t in topics
        ]
        lines.append(threads_table(rows, thread.topic))
    lines.append(render_status(thread, evidence_for(thread), due_now(context, thread)))
    waits = waits_of(context, thread)
    if waits:
        lines.append(f"waiting: {'; '.join(waits[1:5]) or 'the issue'}: {waits[0]}")
    counts = {
        "threads": len(topics),
        "experiments": len(thread.experiments),
        "runs": sum(1 for _ in thread.runs),
        "claims": len(thread.claims),
        "hypotheses": len(thread.hypotheses),
        "records": thread.record_count,
    }
    data = {
        "topic": thread.topic,
        "prefix": thread.prefix,
        "goal": thread.about.get("goal"),
        "open_runs": _rows(running),
        "baseline": thread.baseline.id if thread.baseline else None,
        "finished": thread.finished,
        "waiting": waits,
        "threads": rows or [_thread_row(thread)],
    }
    return "\n\n".join(lines), data, counts


def _thread_row(thread: Thread) -> dict[str, Any]:
    return {
        "topic": thread.topic,
        "prefix": thread.prefix,
        "title": thread.title,
        "last_at": thread.last_at,
        "experiments": len(thread.experiments),
        "state": "finished" if thread.finished else "open",
    }


def next_actions(
    context: Context, thread: Thread, now: Due, running: list[Run]
) -> list[dict[str, str]]:
    """What to do next, most pressing first, each with its command: the recorded next action, what
    is unfinished, what is missing, what is due."""
    actions = []
    for run in running:
        actions.append({"what": f"{run.id} is {run.state}", "command": f"leadline show {run.id}"})
    notes = [n for n in thread.of_kind("note") if n.stands and n.body.get("role") == "next"]
    if notes:
        from leadline.core.text.citation import render

        text = render(notes[-1].text, thread, notes[-1].refs)
        actions.append(
            {"what": f"{text} ({notes[-1].id})", "command": f"leadline show {notes[-1].id}"}
        )
    if thread.baseline is None and thread.experiments:
        first = next(iter(thread.experiments))
        actions.append(
            {"what": "no baseline is registered", "command": f"leadline baseline set {first}"}
        )
    actions += [
        {
            "what": f"{e.id} has no interpretation",
            "command": f"leadline note {e.id} --interpretation '…'",
        }
        for e in list(thread.experiments.values())[-50:]
        if e.stands
        and e.state in ("done", "failed", "timeout")
        and not e.notes_in("interpretation")
    ][:5]
    if now["due"]:
        form = "leadline update" if now["form"] == "update" else "leadline update --heartbeat"
        actions.append(
            {
                "what": f"{'an update' if now['form'] == 'update' else 'a heartbeat'} is due: {now['why']}",
                "command": form,
            }
        )
    if waits := waits_of(context, thread):
        actions.append({"what": f"the issue waits: {waits[0]}", "command": "leadline issue sync"})
    if not actions:
        actions.append({"what": "nothing is waiting", "command": "leadline run -- CMD"})
    return actions


def tried(context: Context, words: list[str], limit: int) -> tuple[list[dict[str, Any]], int]:
    """Hits over all threads, negative ones first, shortened to the sentence around the first word."""
    import re

    terms = [w for word in words for w in re.findall(r"[^\W_]+|\d+", word)]
    if not terms:
        from leadline.core.errors import usage

        raise usage("no-words", "no words to look for", do="leadline tried lzma preset")
    found, _ = context.store.search(terms, -1)
    hits: dict[tuple[str, str, str], dict[str, Any]] = {}
    for hit in found:  # repeats of an experiment that ended alike are one hit
        name = (
            experiment_of(hit["id"]) if hit["kind"].startswith("run") else hit["id"] or hit["uid"]
        )
        first = hits.setdefault((hit["topic"], name, hit["kind"]), {**hit, "times": 0})
        first["times"] += 1
    shown = list(hits.values())[:limit]
    for hit in shown:
        hit["text"] = _around(hit["text"], terms[0])
        hit["negative"] = bool(hit["negative"])
        if hit["negative"] and hit["kind"] == "note":
            note = context.store.thread(hit["topic"]).items.get(hit["id"])
            hit["reason_class"] = (
                str(note.body.get("reason_class") or "unclassified") if note else "unclassified"
            )
    return shown, len(hits)


def _around(text: str, word: str, width: int = 160) -> str:
    flat = " ".join(text.split())
    at = flat.lower().find(word.lower())
    start = max(0, min(at - width // 3, len(flat) - width)) if at >= 0 else 0
    return (
        ("…" if start else "")
        + flat[start : start + width]
        + ("…" if start + width < len(flat) else "")
    )
