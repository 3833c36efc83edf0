"""What a profile would start, or record of this machine, is done only as somebody agreed to it here.

The profile of a thread stands in the record, and a record may come from anybody; so may the files of
the checkout that its commands start. What is agreed to is kept in the git directory as one digest of
the deeds and of those files: another word or another byte is not agreed to.
"""

from __future__ import annotations

import os

from leadline.core.canonical import digest_of, digest_of_file
from leadline.core.profile import SHIPPED, SHIPPED_SOURCE, needs_a_word
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody

SETTING = "profile.agreed"
AGREE = "leadline profile agree"


def is_agreed(context: Context, profile: ProfileBody) -> bool:
    """Whether what it asks of this machine may be done."""
    if not needs_a_word(profile):
        return True
    return _digest(context, profile) in context.setting(SETTING) or _is_shipped(context, profile)


def agree(context: Context, profile: ProfileBody) -> None:
    """Somebody typed it here."""
    if is_agreed(context, profile):
        return
    _keep(context, profile)


def profile_of(context: Context, topic: str) -> ProfileBody:
    """The profile of a thread; empty where it has none."""
    return context.store.slice(topic, [], ("profile",)).profile


def _is_shipped(context: Context, profile: ProfileBody) -> bool:
    """What comes with the program itself needs no further word. It is looked up once on a machine."""
    if profile["name"] not in SHIPPED or profile.get("acts"):
        return False
    known, place = context.profiles.read(profile["name"])
    same = known.get("environment") == profile.get("environment")
    if same and place.source == SHIPPED_SOURCE:
        _keep(context, profile)
        return True
    return False


def _keep(context: Context, profile: ProfileBody) -> None:
    context.settings[SETTING] = [*context.setting(SETTING), _digest(context, profile)]
    context.save_settings({SETTING: context.settings[SETTING]})


def _digest(context: Context, profile: ProfileBody) -> str:
    top = context.vcs.toplevel or context.cwd
    files: dict[str, str] = {}
    for act in profile.get("acts", ()):
        for word in act.get("command", ()):
            path = os.path.join(top, word)
            if os.path.isfile(path) and os.path.realpath(path).startswith(
                os.path.realpath(top) + os.sep
            ):
                with open(path, "rb") as file:
                    files[word] = digest_of_file(file)
    deeds = [profile.get("acts", []), profile.get("environment", []), files]
    return digest_of(deeds)
