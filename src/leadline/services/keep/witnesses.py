"""What tells of records besides the records themselves and their copies on the record branch: how far
event files had come when they were last written here, tags that seal, and folders of runs.

A thread whose files are all gone is no thread any more, and an end that was cut off exactly after a
line leaves a whole chain: only these say that there was more.
"""

from __future__ import annotations

import json
import os

from leadline.core.record.finding import FAULT, NOTE, Finding
from leadline.core.timestamps import few
from leadline.core.tracker.run_folder import ABOUT
from leadline.services.context import Context

SEALS = "Leadline-Heads:"
NAMED = 5


def witnesses(context: Context, topics: list[str]) -> list[Finding]:
    """What they tell of ``topics``; of all threads, those too of which nothing is left here."""
    every = set(context.store.topics()) <= set(topics)
    found = [*_gone(context), *_sealed(context)] if every else []
    return found + _runs_without_plan(context, None if every else topics)


def _gone(context: Context) -> list[Finding]:
    """Threads that were written here and have no event file."""
    found = []
    for topic, names in sorted(context.store.gone().items()):
        what = f"it was written here, and no event file of it is left ({few(sorted(names), 3)})"
        mend = "leadline verify --heal, else leadline sync"
        found.append(Finding(topic, FAULT, "thread-gone", topic, what, mend))
    return found


def _sealed(context: Context) -> list[Finding]:
    """Seals of threads that are not here: a plain clone has tags, and no record yet."""
    known, found = {*context.store.topics(), *context.store.gone()}, []
    sealed: dict[str, list[str]] = {}
    for tag in context.vcs.tag_names("leadline/"):
        topic = tag.split("/")[1]
        if topic not in known and tag.count("/") == 2:
            sealed.setdefault(topic, []).append(tag)
    for topic, tags in sealed.items():
        info = context.vcs.tag_info(tags[0])
        if info is not None and SEALS in info["message"]:
            what = f"{few(tags, 3)} seals a thread that is not here"
            found.append(Finding(topic, NOTE, "sealed-elsewhere", topic, what, "leadline sync"))
    return found


def _runs_without_plan(context: Context, topics: list[str] | None) -> list[Finding]:
    """A folder of a run is made after its plan was recorded: one without a plan had one."""
    try:
        folders = os.listdir(os.path.join(context.root, "runs"))
    except OSError:
        return []
    lost: dict[str, list[tuple[str, str]]] = {}
    for uid in sorted(context.read_model.not_planned(folders)):
        told = _told(context.run_folder(uid))
        if told.get("uid") == uid and (topics is None or told.get("thread") in topics):
            lost.setdefault(str(told["thread"]), []).append((str(told.get("id")), uid))
    found = []
    for topic, runs in lost.items():
        more = f" and {len(runs) - NAMED} more" if len(runs) > NAMED else ""
        named = ", ".join(f"{shown} (runs/{uid})" for shown, uid in runs[:NAMED])
        what = f"no record plans {named}{more}, which ran here: an end of the record was cut off"
        mend = "leadline verify --heal, else leadline sync"
        found.append(Finding(topic, FAULT, "run-without-plan", runs[0][0], what, mend))
    return found


def _told(folder: str) -> dict[str, object]:
    """What the folder of a run says of itself."""
    try:
        with open(os.path.join(folder, ABOUT), "rb") as file:
            told = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("thread"), str) else {}
