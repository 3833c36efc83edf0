"""What the profile of a thread misses: keys that nobody says, files that measure, what it has asked."""

from __future__ import annotations

import re

from leadline.core.check.kickoff import FIELDS
from leadline.core.check.missing import Missing, missing
from leadline.core.errors import LeadlineError
from leadline.core.plain import shell_words
from leadline.core.profile import acts_at, deeds, needed, unsaid
from leadline.core.record.run import Run
from leadline.core.record.thread import Thread
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING
from leadline.core.view.facts import recent
from leadline.services.agreed_profile import AGREE, is_agreed
from leadline.services.artifact.ruler_files import FilesOf
from leadline.services.context import Context
from leadline.services.run.facts import capture_code

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody

FILES_NAMED = 5


def asked_at_kickoff(context: Context, thread: Thread) -> list[Missing]:
    """Keys that neither the kickoff nor the last run says, a ruler that is not declared, deeds that
    nobody agreed to, and its own checks."""
    profile = thread.profile
    return [
        *_keys(thread, profile),
        *_ruler(context, thread, profile),
        *_guards(thread, profile),
        *_agreement(context, profile),
        *asked_at(context, thread, "kickoff"),
    ]


def asked_at(context: Context, thread: Thread, point: str) -> list[Missing]:
    """What the checks of the profile say at this point."""
    profile = thread.profile
    acts = acts_at(profile, point)
    untold = [] if point == "kickoff" else _untold(thread, profile)
    if not acts or not is_agreed(context, profile):
        return untold
    folder = context.vcs.toplevel or context.cwd
    return untold + [
        missing(
            f"profile-{act['name']}",
            f"profile {profile['name']}: {said}",
            act.get("mend") or "leadline profile show",
        )
        for act in acts
        if (said := context.profiles.ask(act, folder))
    ]


def _keys(thread: Thread, profile: ProfileBody) -> list[Missing]:
    known = profile.get("keys", {})
    texts = [str(thread.about.get(f.name) or "") for f in FIELDS]
    words = set(re.findall(r"[a-z0-9_]+", " ".join(texts).lower().replace("-", "_")))
    run = _last_run(thread)
    config, argv = (run.config, run.argv) if run is not None else ({}, [])
    found = []
    for name in unsaid(profile, config, argv):
        key = known[name]
        told = {n.lower().replace("-", "_") for n in (name, *key.get("aliases", ()))}
        if "default" in key or (run is None and told & words):
            continue
        found.append(
            missing(
                f"profile-{name}",
                f"no word of {needed(name, key)}, which each run has to say (--set {name}=…)",
                f"leadline profile use {profile['name']} --default {name}=VALUE",
            )
        )
    return found


def _last_run(thread: Thread) -> Run | None:
    experiment = next(iter(recent(thread)), None)
    return experiment.runs[0] if experiment is not None and experiment.runs else None


def _ruler(context: Context, thread: Thread, profile: ProfileBody) -> list[Missing]:
    patterns = profile.get("ruler", [])
    if thread.rulers or not patterns or context.vcs.toplevel is None:
        return []
    try:
        files = FilesOf(context, capture_code(context), context.toplevel)
        found = sorted({path for pattern in patterns for path in files.of(pattern)})
    except LeadlineError:
        return []
    if not found:
        return []
    return [
        missing(
            "profile-ruler",
            f"{few(found, FILES_NAMED)} seem to measure, and nothing says so",
            f"leadline measure protect {shell_words(found[:FILES_NAMED])}",
        )
    ]


def _guards(thread: Thread, profile: ProfileBody) -> list[Missing]:
    guards = profile.get("guards", [])
    if not guards or any(m.limit for m in thread.metrics.values()):
        return []
    what = f"nothing says when a result is wrong: no limit of {few(guards, FILES_NAMED)}"
    metric = guards[0].replace("*", "")
    return [missing("profile-guards", what, f"leadline metric {metric} --limit '<=VALUE'")]


def _untold(thread: Thread, profile: ProfileBody) -> list[Missing]:
    """What no note says a word of, on which results of this kind stand or fall."""
    words = profile.get("told", [])
    notes = [note.text.lower() for note in thread.of_kind("note") if note.stands] if words else []
    return [
        missing(
            f"profile-{word}",
            f"no note says a word of {word}",
            f"leadline note --observation '{word}: …'",
        )
        for word in words
        if not any(word.lower() in text for text in notes)
    ]


def _agreement(context: Context, profile: ProfileBody) -> list[Missing]:
    if is_agreed(context, profile):
        return []
    what = f"profile {profile['name']} is not agreed to here: {'; '.join(deeds(profile))}"
    return [missing("profile-not-agreed", what, AGREE)]
