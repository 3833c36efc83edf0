"""A profile: what a kind of study asks of its runs, beside what every study asks.

It is data: read from a file once, when somebody chooses it, and from then on part of the record, so
that every machine has the same. What it would start, or record of a machine beyond the usual, its
``acts``, is done only where somebody on that machine agreed to exactly that.

>>> kernel = {"name": "mine", "source": FILE, "keys": {"dtype": {"required": True}}}
>>> unsaid(kernel, {"model.dtype": "bf16"}, []), unsaid(kernel, {}, ["bench", "--dtype=bf16"]), unsaid(kernel, {}, [])
([], [], ['dtype'])
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import Excerpt, MetricBody, ProfileAct, ProfileBody, ProfileKey

DEFAULT = "benchmark"
SHIPPED = ("benchmark", "evaluation", "kernel", "training")
SHIPPED_SOURCE, MACHINE, PACKAGE, CHECKOUT, FILE = (
    "shipped",
    "this machine",
    "a package",
    "the checkout",
    "a file",
)
PREFLIGHT, POINTS = "preflight", ("kickoff", "post", "close")


def said_as(name: str, key: ProfileKey, config: Mapping[str, object], argv: Sequence[str]) -> str:
    """The config key or the option of the command that says ``name``; "" when none does."""
    wanted = {_plain(name), *map(_plain, key.get("aliases", ()))}
    for given in config:
        if wanted & {_plain(given), _plain(given.rpartition(".")[2])}:
            return given
    options = (word.lstrip("-").partition("=")[0] for word in argv if word[:1] == "-")
    return next((option for option in options if _plain(option) in wanted), "")


def unsaid(
    profile: ProfileBody,
    config: Mapping[str, object],
    argv: Sequence[str],
    of: str = "required",
    axes: Iterable[str] = (),
) -> list[str]:
    """The ``required`` keys (or those ``stated``, by ``of``) that neither ``config``, ``axes`` nor the
    options of the command say, and no run captures by itself."""
    given = {**dict.fromkeys(axes), **config}
    return [
        name
        for name, key in profile.get("keys", {}).items()
        if key.get(of) and not key.get("captured") and not said_as(name, key, given, argv)
    ]


def defaults_of(
    profile: ProfileBody,
    config: Mapping[str, object],
    argv: Sequence[str],
    axes: Iterable[str] = (),
) -> dict[str, object]:
    """What the profile says of keys that the run does not say."""
    given = {**dict.fromkeys(axes), **config}
    return {
        name: key["default"]
        for name, key in profile.get("keys", {}).items()
        if "default" in key and not said_as(name, key, given, argv)
    }


def known_metric(profile: ProfileBody, name: str) -> MetricBody | None:
    """What the profile knows of a metric: by its name, else by the first pattern that it fits."""
    known = profile.get("metrics", ())
    exact = next((said for said in known if said["name"] == name), None)
    said = exact or next((said for said in known if fits(said["name"], name)), None)
    return {**said, "name": name} if said is not None else None


def unguarded(profile: ProfileBody, measured: Iterable[str]) -> list[str]:
    """The metrics, as patterns, one of which says whether a result is right; none where one was
    ``measured``, or where the profile asks for none."""
    guards = profile.get("guards", [])
    names = list(measured)
    return [] if any(fits(guard, name) for guard in guards for name in names) else guards


def diverged(
    profile: ProfileBody, series: Mapping[str, Excerpt], lower: Collection[str]
) -> list[str]:
    """Curves, as the profile calls them, that ended no better than they began, in words. ``lower``: the
    metrics of which less is better; of all others more is."""
    found = []
    for name, excerpt in series.items():
        values = [point[1] for point in excerpt.get("sample", [])]
        if len(values) < 2 or not any(fits(curve, name) for curve in profile.get("curves", [])):
            continue
        first, last = values[0], values[-1]
        if not (last < first if name in lower else last > first):
            found.append(f"{name} ended at {last:.4g}, no better than it began ({first:.4g})")
    return found


def acts_at(profile: ProfileBody, point: str) -> list[ProfileAct]:
    return [act for act in profile.get("acts", ()) if act["at"] == point]


def needs_a_word(profile: ProfileBody) -> bool:
    """Whether it would start something, or record variables of this machine."""
    return bool(profile.get("acts") or profile.get("environment"))


def deeds(profile: ProfileBody) -> list[str]:
    """What agreeing to it allows, a line each."""
    lines = []
    for act in profile.get("acts", ()):
        what = act.get("call") or " ".join(act.get("command", ()))
        when = "before a run" if act["at"] == PREFLIGHT else f"at check {act['at']}"
        lines.append(f"starts {when}: {what}")
    if names := profile.get("environment"):
        lines.append(f"records of the environment: {', '.join(names)}")
    return lines


def needed(name: str, key: ProfileKey) -> str:
    """``dtype (of inputs and accumulation)``"""
    about = key.get("about", "")
    return f"{name} ({about})" if about else name


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def fits(pattern: str, name: str) -> bool:
    """Whether a metric is the one named, or like the pattern: one ``*`` stands for anything."""
    before, star, after = pattern.partition("*")
    if not star:
        return name == pattern
    longest = len(name) >= len(before) + len(after)
    return longest and name.startswith(before) and name.endswith(after)
