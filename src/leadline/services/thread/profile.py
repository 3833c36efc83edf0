"""The profile of a thread: chosen at its start or later, agreed to on this machine, and written anew."""

from __future__ import annotations

import os

from leadline.core.errors import conflict, not_found, usage
from leadline.core.profile import CHECKOUT, DEFAULT, deeds, said_as
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING, NamedTuple
from leadline.services.agreed_profile import agree, is_agreed
from leadline.services.context import Context
from leadline.services.out_path import write_whole
from leadline.services.write.known_metrics import define_known

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody, ProfileKey

IN_TREE = ".agents/profiles"


class Used(NamedTuple):
    """``waits``: what it would do here once somebody agrees; ``defined``: metrics that it knew."""

    profile: ProfileBody
    waits: list[str]
    defined: list[str]
    changed: bool


def chosen(context: Context, named: str, why: str = "") -> ProfileBody:
    """The body of the record of a profile that somebody names here. To name one that is not of the
    checkout is to agree to it. Raises LeadlineError: there is none, or it cannot be meant."""
    body, place = context.profiles.read(named)
    if why.strip():
        body["why"] = why.strip()
    if place.source != CHECKOUT:
        agree(context, body)
    return body


def use(
    context: Context,
    topic: str,
    named: str,
    defaults: dict[str, object] | None = None,
    why: str = "",
) -> Used:
    """Record that the thread has this profile from here on. ``defaults``: of its keys, in this thread.

    Raises LeadlineError: as ``chosen``; a default of a key that it does not ask for (usage)."""
    thread = context.store.view(topic)
    body = chosen(context, named, why)
    keys: dict[str, ProfileKey] = {n: {**key} for n, key in body.get("keys", {}).items()}
    if thread.profile.get("name") == body["name"]:  # what was said for this thread stays
        for name, key in thread.profile.get("keys", {}).items():
            if name in keys and "default" in key:
                keys[name].setdefault("default", key["default"])
    for given, value in (defaults or {}).items():
        name = next((n for n, key in keys.items() if said_as(n, key, {given: ""}, [])), "")
        if not name:
            raise usage(
                "no-such-key",
                f"profile {body['name']} asks for no {given}",
                why=f"it asks for: {', '.join(keys)}",
                do=f"leadline profile show {body['name']}",
            )
        keys[name]["default"] = value
    if keys:
        body["keys"] = keys
    changed = {**thread.profile, "why": ""} != {**body, "why": ""}
    if changed:
        context.append(topic, "profile", body)
        _say_production_path(context, thread, body)
    prefer_executor(context, topic, body)
    thread.profile = body
    measured = sorted(context.look(topic, _measured))
    waits = [] if is_agreed(context, body) else deeds(body)
    return Used(body, waits, define_known(context, thread, measured, before=True), changed)


def prefer_executor(context: Context, topic: str, profile: ProfileBody) -> None:
    """Where this machine has the executor that the profile prefers, and nothing else was said for the
    thread, its commands run there."""
    name = profile.get("executor", "")
    if not name or context.executors.default_of(topic) or not is_agreed(context, profile):
        return
    if context.executors.find(name) is not None:
        context.executors.choose(topic, name)


def agree_to(context: Context, topic: str) -> list[str]:
    """Agree to what the profile of the thread does here; what that is, a line each. Raises
    LeadlineError(not_found): it has none."""
    profile = in_record(context, topic)
    agree(context, profile)
    prefer_executor(context, topic, profile)
    return deeds(profile)


def in_record(context: Context, topic: str) -> ProfileBody:
    profile = context.look(topic, lambda thread: thread.profile)
    if not profile:
        raise not_found(
            "no-profile",
            f"thread {topic} has chosen no profile",
            why=f"what is asked of it is what {DEFAULT} asks of any study",
            do="leadline profile use NAME",
        )
    return profile


def write_new(context: Context, name: str, like: str, tracked: bool) -> str:
    """A file to edit, beside the records or in the checkout; its path. Raises LeadlineError: it is
    there already (conflict)."""
    from leadline.core.check.profile_file import read_profile  # noqa: PLC0415  start-up: 3 ms

    _, place = context.profiles.read(like)
    if not place.path:
        raise usage(
            "profile-without-file",
            f"the profile {like!r} is no file",
            do="leadline profile new NAME",
        )
    read_profile({}, name, "")  # its name
    folder = (
        os.path.join(context.toplevel, IN_TREE)
        if tracked
        else os.path.join(context.root, "profiles")
    )
    path = os.path.join(folder, f"{name}.toml")
    if os.path.exists(path):
        raise conflict("profile-exists", f"{path} exists", do=f"leadline profile show {name}")
    with open(place.path, "rb") as file:
        text = file.read()
    os.makedirs(folder, exist_ok=True)
    write_whole(path, text)
    return path


def _measured(thread: Thread) -> list[str]:
    if thread.kept is not None:
        return thread.kept.measured()
    return list({name: 1 for run in thread.runs for name in run.metrics})


def _say_production_path(context: Context, thread: Thread, profile: ProfileBody) -> None:
    path = profile.get("production_path")
    if path and not thread.about.get("production-path"):
        said = f"the profile {profile['name']} says so"
        context.append(
            thread.topic, "thread-changed", {"field": "production-path", "value": path, "why": said}
        )
