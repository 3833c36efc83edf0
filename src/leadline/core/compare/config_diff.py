"""What differs between two sides that are about to be compared: every recorded fact, classed.

Why strict: most withdrawn results compared two things that differed in more than the tested axis,
and nobody looked. So everything recorded is compared, a fact missing on one side counts as a
difference, and only what is declared (axis or nuisance) is excused. The price is a refusal now and
then that a declaration lifts; the declaration stays visible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from leadline.core.canonical import canonical_json
from leadline.core.compare.reruns import is_seed
from leadline.core.config import config_from_args, flatten, split_arguments
from leadline.core.extract.around import apart as words_apart
from leadline.core.extract.how_read import AS_REPORTED, declared_metrics, how_read
from leadline.core.metric.ruler import AREA, beside_of, own_otherwise, ruler_facts
from leadline.core.record.reaches import OF_THE_JOB
from leadline.core.record.run import SPARSE, Run, gaps_of
from leadline.core.timestamps import few
from leadline.core.tree_path import is_built, may_be_written
from leadline.core.typed import Any
from leadline.core.values import dataclass, field

AREAS = (
    "config",
    "command",
    "extraction",
    "inputs",
    "environment",
    "hardware",
    "devices",
    "software",
    "code",
    "named",
    "ruler",
    "executor",
)
PACKAGES_SHOWN = 20
# Parts of the software that are no Python: those of conda's packages, and what the job was seen to load.
NATIVE, OF_CONDA, LOADED = "native.", "native.conda ", "loaded."
SEEDS_ARE_REPEATS = 3  # from so many on a side, which they were is chance
STDIN = "stdin"  # as a key of what was read
# Words in the name of a hardware or software fact that mark it as the state of a moment, not a
# property.
_MOMENT_WORDS = frozenset(
    (
        "free",
        "available",
        "avail",
        "load",
        "loadavg",
        "uptime",
        "boot",
        "timestamp",
        "time",
        "temperature",
        "used",
        "utilisation",
        "utilization",
        "pid",
    )
)


def _spellings(value: Any) -> list[str]:
    """The ways in which a value may stand in a command line."""
    if isinstance(value, (dict, list)) or value is None or value == "":
        return []
    return sorted({str(value), str(value).lower() if isinstance(value, bool) else str(value)})


def _follow(token: str, declared: Mapping[str, object]) -> str:
    """``token`` with the values of declared axes replaced by ``{axis}``, whole words only."""
    for key, value in sorted(declared.items(), key=lambda kv: -len(str(kv[1]))):
        for text in _spellings(value):
            if text in token:  # each is a pattern of its own to compile
                token = re.sub(
                    rf"(?<![A-Za-z0-9{{])(?<!\d\.){re.escape(text)}(?!\.?\d|[A-Za-z}}])",
                    "{" + key + "}",
                    token,
                )
    return token


def _bare_flag(name: str, declared: Mapping[str, object]) -> str:
    """``{axis}`` where the flag itself is the value of a declared axis (``-O3``); else its name."""
    spelt = (f"-{name}", f"--{name}")  # no set: a value may be a list
    return next((f"{{{key}}}" for key, value in declared.items() if value in spelt), name)


def _command_facts(run: Run, declared: Mapping[str, object]) -> dict[str, object]:
    if not run.argv:
        return {}
    flags, positionals = split_arguments(run.argv)
    given = config_from_args(run.argv)
    facts: dict[str, object] = {"program": run.argv[0], "cwd": run.cwd, "shell": run.shell}
    for i, token in enumerate(positionals, 1):
        facts[f"argument {i}"] = _follow(token, declared)
    for name, texts in flags.items():
        if name not in run.config or canonical_json(run.config[name]) != canonical_json(
            given[name]
        ):
            shown = ["" if text is None else _follow(text, declared) for text in texts]
            facts[f"flag {_bare_flag(name, declared)}"] = shown[0] if len(shown) == 1 else shown
    return facts


def _properties(facts: dict[str, object], leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        k: v
        for k, v in flatten(facts).items()
        if v not in (None, "", {})
        and k not in leave_out
        and not k.endswith("_at")
        and not _MOMENT_WORDS & set(re.split(r"[._\-\s]", k.lower()))
    }


def _extraction(
    run: Run, metrics: Iterable[str] | None, declared: Mapping[str, object]
) -> dict[str, object]:
    """How the run's ``metrics`` were read that were declared to be somewhere."""
    if run.origin != "executed" or not run.extract:
        return {}
    read = declared_metrics(run.extract, run.metrics)
    return {
        name: _follow(how_read(run.extract, name), declared)
        for name in read
        if metrics is None or name in metrics
    }


def run_facts(
    run: Run, declared_keys: list[str] | None = None, metrics: Iterable[str] | None = None
) -> dict[tuple[str, str], Any]:
    """All of a run that is compared, by (area, key). Values of the moment (load, free memory,
    times) are not. ``metrics``: those whose ruler and reading count (else all that the run has)."""
    config = {**run.tracker.get("config", {}), **run.config}
    declared = {k: config[k] for k in declared_keys or () if k in config}
    tree = run.code.get("program") or run.code.get("tree")
    code: dict[str, object] = {"tree": tree} if tree else {}
    if run.code.get("told"):
        code["told"] = run.code["told"]
    sparse = gaps_of(run.code, SPARSE)
    gaps = [g for g in run.code.get("gaps", ()) if not (sparse and g.get("kind") == SPARSE)]
    if gaps:
        code["gaps"] = sorted(map(_gap_fact, gaps))
    areas: dict[str, Mapping[str, object]] = {
        "config": config,
        "command": _command_facts(run, declared),
        "extraction": _extraction(run, metrics, declared),
        "inputs": _inputs(run, declared),
        "environment": run.environment,
        "hardware": _properties(run.hardware),
        "devices": {k: run.devices[k] for k in ("kind", "count") if run.devices.get(k) is not None},
        "software": _properties(
            run.software,
            ("interpreter", "executable", "packages", "editable", "python_unknown_because"),
        ),
        "code": code,
        "named": beside_of(run),
        "ruler": ruler_facts(run, metrics or run.metrics),
        "executor": {"executor": run.executor} if run.executor else {},
    }
    return {(area, key): value for area, facts in areas.items() for key, value in facts.items()}


def _gap_fact(gap: Any) -> str:
    if isinstance(gap, Mapping) and gap.get("path"):
        return f"{gap['path']} ({gap.get('reason') or gap.get('kind')})"
    return canonical_json(gap)


def fact_of(run: Run, name: str) -> Any:
    """The value of a named fact, for matching: a config key, ``executor``, ``code``, or
    ``area.key``; else None."""
    if name in run.config:
        return run.config[name]
    facts = run_facts(run)
    area, _, key = name.partition(".")
    shorthand = {"code": "tree", "executor": "executor", "devices": "kind", "command": "program"}
    return facts.get((area, key or shorthand.get(area, "")))


@dataclass(slots=True)
class FactDifference:
    """One fact in which the sides differ. ``role``: axis, nuisance, confound, unknown, or tag: a key
    of the config that reaches no command, and is no difference. ``a`` and
    ``b`` are the one value of a side, or the list of its values when its runs disagree
    (``a_values``, ``b_values`` count them)."""

    area: str
    key: str
    a: Any
    b: Any
    role: str
    a_values: int = 1
    b_values: int = 1
    a_missing: int = 0
    b_missing: int = 0
    details: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.key if self.area in ("config", self.key) else f"{self.area}.{self.key}"

    def as_dict(self) -> dict[str, object]:
        return {
            "area": self.area,
            "key": self.key,
            "a": self.a,
            "b": self.b,
            "class": self.role,
            "a_values": self.a_values,
            "b_values": self.b_values,
            "a_missing": self.a_missing,
            "b_missing": self.b_missing,
            "details": list(self.details),
        }


@dataclass(slots=True)
class ConfigDiff:
    """``rows``: what differs between the sides. ``within``: facts on which the runs of one side
    disagree. ``notes``: what was looked at and excused, or could not be looked at. ``possible``:
    variables outside the recorded list in which the sides differ."""

    axes: list[str]
    nuisance: list[str]
    rows: list[FactDifference] = field(default_factory=list)
    within: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)

    def of_role(self, role: str) -> list[FactDifference]:
        return [row for row in self.rows if row.role == role]

    @property
    def clean(self) -> bool:
        """Nothing differs but declared axes and nuisances."""
        return not any(row.role in ("confound", "unknown") for row in self.rows)

    def as_dict(self) -> dict[str, object]:
        return {
            "axes": list(self.axes),
            "nuisance": list(self.nuisance),
            "clean": self.clean,
            "rows": [row.as_dict() for row in self.rows],
            "within": list(self.within),
            "notes": list(self.notes),
            "possible": list(self.possible),
        }


def is_declared(area: str, key: str, names: list[str]) -> bool:
    """Whether ``names`` holds this fact: by its key (configuration), ``area``, or ``area.key``. The
    key ``config`` alone is not an area to declare: an axis has a name."""
    return (
        (area == "config" and key in names)
        or (area != "config" and area in names)
        or f"{area}.{key}" in names
    )


class _Counted:
    """How many runs of a side have each value of a fact (by canonical form), and the values
    themselves: of many runs that say mostly the same."""

    def __init__(self, facts: Iterable[dict[tuple[str, str], Any]]) -> None:
        self.runs, self.first = 0, dict[tuple[str, str], Any]()
        self.counts: dict[tuple[str, str], dict[str, int]] = {}
        self.values: dict[tuple[str, str], dict[str, object]] = {}
        texts: dict[str, str] = {}  # most facts are a text that another run says as well
        for of_run in facts:
            self.first = self.first if self.runs else of_run
            self.runs += 1
            for at, value in of_run.items():
                if type(value) is not str:
                    text = canonical_json(value)
                elif (text := texts.get(value, "")) == "":
                    text = texts[value] = canonical_json(value)
                counts = self.counts.setdefault(at, {})
                counts[text] = counts.get(text, 0) + 1
                self.values.setdefault(at, {})[text] = value

    def of(self, at: tuple[str, str]) -> tuple[dict[str, int], dict[str, object], int]:
        """The last: how many runs say nothing of it."""
        counts = self.counts.get(at, {})
        return counts, self.values.get(at, {}), self.runs - sum(counts.values())


def _is_no_other_part(key: str, a: Mapping[str, object], b: Mapping[str, object]) -> bool:
    """Whether a part that is no Python was not seen on one side, or is the same wherever it was seen.
    What only lay on the machine, as older records have it, is no part of the job."""
    if key.startswith(LOADED):
        return not a or not b or not _loaded_otherwise(a.values(), b.values())
    if key.startswith(OF_CONDA):
        return not a or not b or a.keys() == b.keys()
    return key.startswith(NATIVE)


def _loaded_otherwise(a: Iterable[object], b: Iterable[object]) -> bool:
    """Whether two sides have other files of one library, or other libraries of one role. That one side
    has more of them is no difference: a look sees what is loaded by then."""
    files_a, files_b = (_by_library(texts) for texts in (a, b))
    both = files_a.keys() & files_b.keys()
    apart = (
        not (files_a[name] <= files_b[name] or files_a[name] >= files_b[name]) for name in both
    )
    return any(apart) if both else True


def _by_library(texts: Iterable[object]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text in texts:
        for file in str(text).split(", "):
            found.setdefault(re.split(r"\.so|-[0-9a-f]{8}|[ .]", file)[0], set()).add(file)
    return found


def _collapse(values: Mapping[str, object]) -> object:
    listed = [values[text] for text in sorted(values)]
    return listed[0] if len(listed) == 1 else (listed or None)


def package_changes(a: dict[str, str], b: dict[str, str], shown: int = PACKAGES_SHOWN) -> list[str]:
    """One line per package that differs, at most ``shown`` and then a count."""
    names = sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n))
    lines = [f"{n} {a.get(n, '(absent)')} -> {b.get(n, '(absent)')}" for n in names]
    return (
        lines
        if len(lines) <= shown
        else [*lines[:shown], f"and {len(lines) - shown} more of {len(lines)}"]
    )


def _role(
    at: tuple[str, str], missing: bool, known_absent: bool, axes: list[str], nuisance: list[str]
) -> str:
    area, key = at
    if is_declared(area, key, nuisance):
        return "nuisance"
    may_be_absent = area in ("config", "command", "environment")
    if is_declared(area, key, axes) and (may_be_absent or not missing):
        return "axis"
    return "unknown" if missing and not known_absent else "confound"


def _listed(runs: Run | list[Run]) -> list[Run]:
    return [runs] if isinstance(runs, Run) else list(runs)


def _facts_among(
    runs: list[Run], followed: list[str], metrics: Iterable[str]
) -> Callable[[Run], dict[tuple[str, str], Any]]:
    """What makes the facts of each of ``runs``. A key that the config of some holds, and others only
    give to their command, is config of these too: the same option was written down once and not the
    other time. And what one declared to be somewhere, another said by itself."""
    named = {key for run in runs for key in run.config}
    read = {("extraction", name) for run in runs for name in _extraction(run, metrics, {})}

    def facts_of(run: Run) -> dict[tuple[str, str], Any]:
        facts = run_facts(run, followed, metrics)
        for key, value in config_from_args(run.argv).items():
            if key in named and ("config", key) not in facts:
                facts["config", key] = value
                facts.pop(("command", f"flag {key}"), None)
        if run.origin == "executed":
            facts = {**dict.fromkeys(read, AS_REPORTED), **facts}
        return facts

    return facts_of


def config_diff(
    a: Run | list[Run],
    b: Run | list[Run],
    axes: list[str] | None = None,
    nuisance: list[str] | None = None,
    metrics: Iterable[str] | None = None,
) -> ConfigDiff:
    """Every recorded fact in which side ``a`` and side ``b`` differ, classed. ``metrics``: those that
    are compared, where not all are.

    A fact with several values on a side is equal to the other side's when the values are as
    frequent there (three seeds against the same three). ``axes`` and ``nuisance`` name facts as
    ``is_declared`` says. An unrecorded code tree is ``unknown`` even when both sides lack it.
    ``metrics``: those that are judged, whose ruler has to be one (default: all that a run has).
    """
    axes, nuisance = list(axes or []), list(nuisance or [])
    sides = _listed(a), _listed(b)
    diff = ConfigDiff(axes, nuisance)
    if not sides[0] or not sides[1]:
        return diff
    tags = {key for side in sides for run in side for key in run.tags}
    followed = [name.removeprefix("config.") for name in axes + nuisance]
    if metrics is None:
        metrics = {name for side in sides for run in side for name in run.metrics}
    facts_of = _facts_among(sides[0] + sides[1], followed, metrics)
    told_a, told_b = (_Counted(map(facts_of, side)) for side in sides)
    flags_a, flags_b = (
        {name for run in side for name in config_from_args(run.argv)} for side in sides
    )
    keys = {*told_a.counts, *told_b.counts, ("code", "tree")}
    declared = (run for side in sides for run in side if run.ruler.get("declared"))
    measuring = {name for run in declared for name in run.ruler.get("variables", ())}
    for at in sorted(keys, key=lambda at: (AREAS.index(at[0]), at[1])):
        area, key = at
        (count_a, values_a, missing_a), (count_b, values_b, missing_b) = (
            told_a.of(at),
            told_b.of(at),
        )
        if area == "software" and key.startswith((NATIVE, LOADED)):
            if _is_no_other_part(key, values_a, values_b):
                continue
            missing_a = missing_b = 0  # where it was not seen, it is not known to be another
        tag = area == "config" and key in tags
        if not tag:
            _note_within(diff, at, "a", values_a, missing_a)
            _note_within(diff, at, "b", values_b, missing_b)
        shares_a = {text: n * told_b.runs for text, n in count_a.items()}
        shares_b = {text: n * told_a.runs for text, n in count_b.items()}
        unrecorded = at == ("code", "tree") and bool(missing_a or missing_b)
        if area == AREA and _was_named(sides, key):
            if (
                not count_a
                or not count_b
                or (count_a.keys() == count_b.keys() and len(count_a) < 2)
            ):
                continue  # the command that names it on one side differs, and is compared itself
            if max(len(count_a), len(count_b)) > 1 and may_be_written(key):
                diff.notes.append(f"{key} changed from run to run: taken for what they write")
                continue
        if area == "named":
            if (
                not count_a
                or not count_b
                or (count_a.keys() == count_b.keys() and len(count_a) < 2)
            ):
                continue  # the command, or what it loads, differs and is compared itself
            if excused := _named_excused(key, max(len(count_a), len(count_b)), diff):
                if shares_a != shares_b:
                    diff.notes.append(excused)
                continue
        if shares_a == shares_b and not unrecorded and (area != AREA or len(count_a) == 1):
            if at == ("code", "gaps"):
                diff.notes.append(
                    "files outside the recorded code are the same by name; their contents are unknown"
                )
            continue
        if area == "inputs" and (excused := _input_excused(key, sides)):
            if excused not in diff.notes:
                diff.notes.append(excused)
            continue
        if area == "environment" and is_no_cause(key, sides[0] + sides[1]):
            continue
        if area in ("command", "extraction") and followed and _alike_as_written(sides, at):
            continue
        # A command line is known whole: what it lacks is absent, not unrecorded.
        absent = (
            area == "command"
            and ("command", "program") in told_a.first
            and ("command", "program") in told_b.first
        )
        absent |= (
            area == "config" and all(r.argv for s in sides for r in s) and key in flags_a | flags_b
        )
        absent |= at == ("code", "gaps") and not diff.of_role("unknown")
        role = _role(at, bool(missing_a or missing_b), absent, axes, nuisance)
        if (
            area == "config"
            and role in ("confound", "unknown")
            and "command" in axes
            and key in flags_a | flags_b
        ):
            role = "axis"
        few_seeds = min(len(values_a), len(values_b)) < SEEDS_ARE_REPEATS
        if _is_seed(at) and not (missing_a or missing_b or few_seeds) and role == "confound":
            role = "nuisance"
        role = "tag" if tag else role
        if area == "environment" and role in ("confound", "unknown") and key in measuring:
            area, key, role = AREA, f"variable {key}", "confound"
        row = FactDifference(
            area, key, _collapse(values_a), _collapse(values_b), role, len(values_a), len(values_b)
        )
        row.a_missing, row.b_missing = missing_a, missing_b
        if at == ("software", "packages_digest") and sides[0][0].packages and sides[1][0].packages:
            row.details = package_changes(sides[0][0].packages, sides[1][0].packages)
        diff.rows.append(row)
    _compare_own(diff, sides[0] + sides[1], metrics)
    _compare_words_around(diff, sides, metrics)
    _note_order(diff, sides)
    if len(lacking := {tuple(gaps_of(run.code, SPARSE)) for side in sides for run in side}) > 1:
        paths = sorted({path for each in lacking for path in each})
        diff.notes.append(f"{few(paths, 3)}: not checked out for some of the runs")
    _note_unlisted(diff, sides)
    return diff


def _compare_own(diff: ConfigDiff, runs: list[Run], metrics: Iterable[str]) -> None:
    """What only the ruler loads changed: what measures did."""
    for path, digests in own_otherwise(runs, metrics).items():
        role = _role((AREA, path), False, True, diff.axes, diff.nuisance)
        first, other = (digest or "(not loaded)" for digest in digests[:2])
        diff.rows.append(FactDifference(AREA, path, first, other, role))


def _compare_words_around(
    diff: ConfigDiff, sides: tuple[list[Run], list[Run]], metrics: Iterable[str]
) -> None:
    """One pattern took two kinds of number."""
    area = "extraction"
    known = {row.key for row in diff.rows if row.area == area}
    for metric in sorted(set(metrics) - known):
        if told := words_apart(sides, metric):
            role = _role((area, metric), False, True, diff.axes, diff.nuisance)
            diff.rows.append(FactDifference(area, metric, *told, role))


def _is_seed(at: tuple[str, str]) -> bool:
    area, key = at
    return area in ("config", "command") and is_seed(key.removeprefix("flag "))


def _named_excused(path: str, values: int, diff: ConfigDiff) -> str:
    """Why another content of a file that no code state holds is no confound: its runs write it, or the
    tested code builds it."""
    if values > 1 and may_be_written(path):
        return f"{path} changed from run to run: taken for what they write"
    tested = any(row.area == "code" and row.role == "axis" for row in diff.rows)
    if tested and is_built(path):
        return f"{path}, which no code state holds, differs too: taken for what the code builds"
    return ""


def _inputs(run: Run, declared: Mapping[str, object]) -> dict[str, object]:
    """The digests of what it read: the declared files, and what it was given on stdin."""
    read: dict[str, object] = {
        _follow(path, declared): told["digest"] for path, told in run.data_files.items()
    }
    if run.stdin.get("size_bytes") and "file" not in run.stdin:
        read[STDIN] = run.stdin["digest"] or run.stdin["size_bytes"]
    return read


def _input_excused(path: str, sides: tuple[list[Run], list[Run]]) -> str:
    """Why other data are no confound: their name is the axis, or one side declared none."""
    if "{" in path:
        return f"the input {path} goes with the axis"
    if path != STDIN and any(not run.data_files for side in sides for run in side):
        return "inputs are declared on one side only: whether the data are the same is not known"
    return ""


def is_no_cause(variable: str, runs: Iterable[Run]) -> bool:
    """A job's own number; the place of a virtual environment whose packages are the same in all runs."""
    if variable in OF_THE_JOB:
        return True
    packages = {run.software.get("packages_digest") for run in runs}
    return (
        variable in ("VIRTUAL_ENV", "CONDA_PREFIX") and len(packages) == 1 and None not in packages
    )


def _note_unlisted(diff: ConfigDiff, sides: tuple[list[Run], list[Run]]) -> None:
    """Variables whose values nobody recorded: that they differ may be the cause, and is no refusal."""
    runs = sides[0] + sides[1]
    if len({run.unlisted.get("blob") for run in runs}) < 2 or not all(run.unlisted for run in runs):
        return
    told = [[_digests(run) for run in side] for side in sides]
    read = {name for run in runs for name in run.ruler.get("variables", ())}
    if len({run.unlisted.get("key") for run in runs}) > 1:
        diff.notes.append(
            "of variables outside the recorded list, across machines or users only whether they are set is compared"
        )
        told = [[dict.fromkeys(digests, "set") for digests in side] for side in told]
    if not all(told[0]) or not all(told[1]):
        diff.notes.append(
            "variables outside the recorded list differ; which ones is not known here"
        )
        return
    for name in sorted({name for side in told for digests in side for name in digests}):
        shares = [
            sorted([digests.get(name, "") for digests in side] * len(other))
            for side, other in (told, told[::-1])
        ]
        if shares[0] != shares[1] and not is_declared(
            "environment", name, diff.axes + diff.nuisance
        ):
            if name in read:
                row = FactDifference(AREA, f"variable {name}", "one value", "another", "confound")
                diff.rows.append(row)
            else:
                diff.possible.append(name)
    if diff.possible:
        diff.notes.append(
            f"possible confound: variables that differ, their values not recorded: "
            f"{few(diff.possible, 5)}"
        )


def _digests(run: Run) -> Mapping[str, Any]:
    blob = str(run.unlisted.get("blob") or "")
    return (run.item_source(blob) if run.item_source is not None else None) or {}


def _was_named(sides: tuple[list[Run], list[Run]], key: str) -> bool:
    """Whether the file is a ruler only for being named by a command, on whichever side."""
    return not any(
        key in files
        for side in sides
        for run in side
        for files in (run.ruler.get("declared") or {}).values()
    )


def _alike_as_written(sides: tuple[list[Run], list[Run]], at: tuple[str, str]) -> bool:
    """Whether a part of the command is the same on both sides as it was typed: the value of an axis
    may stand by chance in the one and not in the other, and following it there would make a
    difference of none."""
    a, b = (
        _Counted({at: facts[at]} if at in facts else {} for facts in map(run_facts, side))
        for side in sides
    )
    shares_a = {text: n * b.runs for text, n in a.counts.get(at, {}).items()}
    return bool(shares_a) and shares_a == {
        text: n * a.runs for text, n in b.counts.get(at, {}).items()
    }


def _note_within(
    diff: ConfigDiff, at: tuple[str, str], side: str, values: Mapping[str, object], missing: int
) -> None:
    if len(values) + bool(missing and values) > 1:
        declared = is_declared(*at, diff.axes) or is_declared(*at, diff.nuisance)
        listed = [values[text] for text in sorted(values)]
        diff.within.append(
            {
                "side": side,
                "area": at[0],
                "key": at[1],
                "values": listed,
                "missing": missing,
                "declared": declared,
            }
        )


def _note_order(diff: ConfigDiff, sides: tuple[list[Run], list[Run]]) -> None:
    """The same flags in another order: nearly always the same command, so it is said and not
    refused."""
    lines = [{tuple(run.argv) for run in side if run.argv} for side in sides]
    if not diff.rows and lines[0] and lines[1] and not lines[0] & lines[1]:
        diff.notes.append("the command lines hold the same arguments in another order")
