"""What the profile of the thread asks of a run: keys that it says, and what is looked at before it.

A run that does not say a required key is warned of, with the command that says it, and goes on: the
profile knows less of this run than whoever asks for it. Only a profile that calls itself ``strict``
refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leadline.core.errors import refused
from leadline.core.plain import shell_words
from leadline.core.profile import PREFLIGHT, acts_at, defaults_of, needed, unsaid
from leadline.core.typed import TYPE_CHECKING
from leadline.services.agreed_profile import AGREE, is_agreed
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import Preflight, ProfileBody

KEYS_NAMED = 6


def with_defaults(
    context: Context,
    profile: ProfileBody,
    config: Mapping[str, object],
    argv: Sequence[str],
    verb: str = "run",
    axes: Iterable[str] = (),
) -> dict[str, object]:
    """``config`` with what the profile says of keys that the run does not; what is still missing is
    warned of. Raises LeadlineError(refused, ``profile-key-missing``) for a strict profile."""
    axes = list(axes)
    whole = {**defaults_of(profile, config, argv, axes), **config}
    missing = unsaid(profile, whole, argv, axes=axes)
    if not missing:
        return whole
    keys = profile.get("keys", {})
    named = "; ".join(needed(name, keys[name]) for name in missing[:KEYS_NAMED])
    what = f"profile {profile['name']}: this run does not say {named}"
    options = " ".join(f"--set {name}=VALUE" for name in missing)
    mend = f"leadline {verb} {options} -- {shell_words(argv)}"
    if profile.get("strict"):
        raise refused(
            "profile-key-missing",
            what,
            why="the profile is strict: a result without it cannot be placed",
            do=[mend, f"leadline profile use {profile['name']} --default {missing[0]}=VALUE"],
        )
    context.warn(f"{what}: {mend}")
    return whole


def looked_at(context: Context, profile: ProfileBody, hygiene: Preflight) -> Preflight:
    """``hygiene`` with what the preflights of the profile find wrong."""
    acts = acts_at(profile, PREFLIGHT)
    if not acts:
        return hygiene
    if not is_agreed(context, profile):
        context.warn(
            f"profile {profile['name']}: its preflight is not asked, since nobody agreed to it here: {AGREE}"
        )
        return hygiene
    folder = context.vcs.toplevel or context.cwd
    found = [
        f"profile {profile['name']}, {act['name']}: {said}"
        for act in acts
        if (said := context.profiles.ask(act, folder))
    ]
    if not found:
        return hygiene
    return {**hygiene, "contended": True, "reasons": [*found, *hygiene.get("reasons", [])]}


def recorded_variables(context: Context, profile: ProfileBody) -> list[str]:
    """The variables that it calls critical, where that was agreed to."""
    names = profile.get("environment", [])
    return names if names and is_agreed(context, profile) else []
