"""One recorded thing in full, with what refers to it."""

from __future__ import annotations

import json
import os

from leadline.core.errors import not_found, usage
from leadline.core.evidence.known import evidence_for
from leadline.core.plain import plain
from leadline.core.record.reaches import tell_tags
from leadline.core.record.rows import title_of_run
from leadline.core.record.run import Run
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import Any
from leadline.core.values import as_dict
from leadline.job.disk import open_to_read
from leadline.render.terminal.shortened import shortened
from leadline.render.terminal.show import render_show
from leadline.services.context import Context

TAIL_BYTES = 65536


def show(
    context: Context, thread: Thread, display: str, whole: bool = False
) -> tuple[str, dict[str, object]]:
    """In about a screen, or ``whole``."""
    thing = thread.find(display)
    if isinstance(thing, (Run, Experiment)):
        tell_tags(thread, thing.runs if isinstance(thing, Experiment) else [thing])
    evidence_of = evidence_for(thread)
    text = render_show(thing, thread, evidence_of, whole)
    if isinstance(thing, Item) and (found := _measured(thread, thing, whole)):
        text = f"{text}\n\n{found}"
    if not whole:
        text = shortened(text, f"leadline show {display} --all")
    data = as_data(thing, thread)
    if isinstance(thing, Item) and (thing.kind == "claim" or thing.body.get("predicate")):
        said = evidence_of(thing).sentence
        data |= {"sentence": said.full, "sentence_short": said.short}
    if isinstance(thing, Run):
        data["folder"] = context.run_folder(thing.uid)
    return text, data


def _measured(thread: Thread, item: Item, whole: bool) -> str:
    """What the runs of a sweep or of a measurement in turns showed, as their own verbs print it; ""
    for the rest."""
    if item.kind == "sweep":
        from leadline.core.view.sweep_table import table_of  # noqa: PLC0415  start-up: 6 ms
        from leadline.render.terminal.sweep import render_table  # noqa: PLC0415  start-up: 3 ms

        table = table_of(thread, item.id)
        return render_table(table, len(table.cells)) if whole else render_table(table)
    if item.kind == "interleaving":
        from leadline.core.design.blocks import result_of  # noqa: PLC0415  start-up: 6 ms
        from leadline.render.terminal.ab import result_text  # noqa: PLC0415  start-up: 1 ms

        return result_text(result_of(thread, item))
    return ""


def as_data(thing: Any, thread: Thread) -> dict[str, object]:
    """A thread's thing as JSON-ready data."""
    data: dict[str, Any] = as_dict(thing)
    runs = thing.runs if isinstance(thing, Experiment) else [thing]
    for run, facts in zip(runs, data.get("runs") or [data], strict=False):
        facts.pop("item_source", None)  # how a blob is read is no fact
        if isinstance(run, Run):
            facts["title"] = title_of_run(run, thread.experiments[run.experiment])
    if isinstance(thing, Experiment):
        data["state"], data["config"] = thing.state, thing.config
    return data


def the_run(thread: Thread, display: str) -> Run:
    """The run meant by a run's id, or the last run of an experiment."""
    thing = thread.find(display)
    if isinstance(thing, Run):
        return thing
    if isinstance(thing, Experiment) and thing.runs:
        return thing.runs[-1]
    raise usage("not-a-run", f"{display} is not a run", do="leadline status --runs")


def show_output(
    context: Context, thread: Thread, display: str, stream: str
) -> tuple[str, dict[str, object]]:
    run = the_run(thread, display)
    path = os.path.join(context.run_folder(run.uid), f"{stream}.log")
    try:
        with open(open_to_read(path), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            text = plain(file.read().decode("utf-8", "replace"))
    except OSError:
        raise not_found(
            "no-output",
            f"the {stream} of {run.id} is not on this machine",
            why="output stays where the run was; the record keeps its end and digest",
            do=f"leadline show {run.id}",
        ) from None
    return text, {"run": run.id, "stream": stream, "path": path, "size_bytes": size, "text": text}


def show_packages(context: Context, thread: Thread, display: str) -> tuple[str, dict[str, object]]:
    run = the_run(thread, display)
    digest = run.software.get("packages_blob")
    if not digest:
        raise not_found(
            "no-packages",
            f"no packages were recorded for {run.id}",
            why=str(
                run.software.get("python_unknown_because") or "its command is no Python program"
            ),
            do=f"leadline show {run.id}",
        )
    packages = json.loads(context.blobs.get(str(digest)))
    return "\n".join(f"{k}=={v}" for k, v in sorted(packages.items())), {
        "run": run.id,
        "packages": packages,
    }
