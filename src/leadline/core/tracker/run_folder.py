"""What a run folder says of its run, so that it can be read where no record of it is: a copy, a
shared folder.

``about.json`` says which run it is and its config, ``summary.json`` its values when it ended,
``manifest.json`` (in a shared folder) the digest of every file. All of it is derived from the
record, whose redaction it has; what stands in a folder may also come from anywhere, so reading
takes nothing on trust. Pure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from leadline.core.canonical import finite
from leadline.core.timestamps import epoch_ms
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.core.ulid import is_ulid
from leadline.core.values import dataclass, field

if TYPE_CHECKING:
    from leadline.core.record.bodies import Config

ABOUT, SUMMARY, MANIFEST, RESULT = "about.json", "summary.json", "manifest.json", "result.json"
LINES = "metrics.jsonl"
RAW_FILES = {"logged": LINES, "stdout": "stdout.log", "stderr": "stderr.log"}
FETCHED = "fetched"  # a folder: points that came from a tracker or an import, as segments
KIND = "leadline-run"
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
#: What a result says to how a tracker's run stands.
ENDS = {
    "done": "finished",
    "failed": "failed",
    "timeout": "failed",
    "cancelled": "failed",
    "lost": "crashed",
}


@dataclass(slots=True)
class RunAbout:
    """Which run a folder is of. ``experiment_uid`` tells experiments of different records apart;
    ``name`` is ``P-001``, and ``P-001-r2`` for a repeat. "" and empty for what is not known."""

    uid: str = ""
    id: str = ""
    name: str = ""
    experiment: str = ""
    experiment_uid: str = ""
    thread: str = ""
    project: str = ""
    title: str = ""
    argv: list[str] = field(default_factory=list)
    cwd: str = ""
    config: Config = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The content of ``about.json``."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return encoded({"v": 1, "kind": KIND, **values})


def about_planned(uid: str, topic: str, planned: Mapping[str, Any]) -> RunAbout:
    """What the folder of a run says, from the record that plans it."""
    shown, experiment = str(planned["id"]), str(planned["experiment"])
    return RunAbout(
        uid,
        shown,
        experiment if planned.get("repeat", 1) == 1 else shown,
        experiment,
        str(planned.get("experiment_uid", "")),
        topic,
        str(planned.get("tracker", {}).get("project", "")),
        str(planned.get("title", "")),
        list(planned.get("argv", [])),
        str(planned.get("cwd", "")),
        dict(planned.get("config", {})),
    )


def encoded(value: Mapping[str, Any]) -> bytes:
    return json.dumps(finite(value), allow_nan=False).encode() + b"\n"


def decoded(data: bytes) -> dict[str, object]:
    """The JSON object in ``data``; NaN and infinities stay words. Raises ValueError for anything
    else."""
    try:
        value = json.loads(data, parse_constant=str)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def about_of(data: bytes) -> RunAbout:
    """What ``about.json`` says. Raises ValueError when it is none."""
    value = decoded(data)
    if value.get("kind") != KIND:
        raise ValueError("it says nothing of a run")
    out = RunAbout()
    for name in ("id", "name", "experiment", "thread", "project", "title", "cwd"):
        setattr(out, name, value[name] if isinstance(value.get(name), str) else "")
    for name in ("uid", "experiment_uid"):
        setattr(out, name, value[name] if is_ulid(value.get(name)) else "")
    argv, config = value.get("argv"), value.get("config")
    out.argv = [str(word) for word in argv] if isinstance(argv, list) else []
    out.config = config if isinstance(config, dict) else {}
    return out


def about_spec(data: bytes) -> RunAbout:
    """What ``spec.json`` alone tells, in folders of runs from before there was an ``about.json``.
    Raises ValueError."""
    value = decoded(data)
    shown, cookie = value.get("run"), value.get("cookie")
    if not isinstance(shown, str) or not isinstance(value.get("argv"), list):
        raise ValueError("it is no spec of a run")
    experiment = shown.rpartition("-r")[0] or shown
    uid = str(cookie) if is_ulid(cookie) else ""
    return RunAbout(uid, shown, experiment if shown == f"{experiment}-r1" else shown, experiment)


def summary_of(metrics: Mapping[str, float], nonfinite: Mapping[str, str]) -> bytes:
    """The content of ``summary.json``."""
    return encoded({"v": 1, "metrics": {**metrics, **nonfinite}})


def numbers_of(data: bytes) -> dict[str, float]:
    """The values in ``summary.json``. Raises ValueError."""
    found: dict[str, float] = {}
    metrics = decoded(data).get("metrics")
    for name, value in (metrics if isinstance(metrics, dict) else {}).items():
        if isinstance(value, float) or (type(value) is int and abs(value) < 2**1023):
            found[name] = float(value)
        elif isinstance(value, str) and value in WORDS:
            found[name] = WORDS[value]
    return found


def time_or_nothing(text: object) -> str:
    """``text`` when it is a time as Leadline writes it, else ""."""
    try:
        epoch_ms(str(text))
    except (ValueError, IndexError):
        return ""
    return str(text)


def seconds_or_none(value: object) -> float | None:
    """``value`` when it is a length of time, else None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12:
        return float(value)
    return None
