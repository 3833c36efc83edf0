"""Which keys of a config reach the command, and which are tags: words that the agent put beside it.

A key reaches the command where something that was recorded besides the config goes with it: the
command line, the environment, the code, what the program itself told its tracker, the machine. So two
runs that are alike in all of these and differ in a key show that it reaches nothing there: the key is
a tag of both. One run alone shows nothing, and a run whose command line is unknown (a table, a run of
a tracker) is never judged. The price: a program that takes a value from where nobody looks (a file
outside the work tree that its command does not name) is taken for one that takes none; and whatever
else changed with the key, as a commit between two runs, makes it an input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from leadline.core.canonical import canonical_json, digest_bytes
from leadline.core.config import config_from_args
from leadline.core.record.run import Run
from leadline.core.tree_path import may_be_written
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.record.rows import RunRow
    from leadline.core.record.thread import Thread

# They name the moment and the place that a scheduler found, not what the command was given.
OF_THE_JOB = ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_PROCID", "SLURM_NODELIST")
_MACHINE = ("cpu_model", "cpu_count", "cpu_affinity", "cgroup_cpu_limit")


def invocation_of(run: Run) -> str:
    """The digest of all that a run was given besides its config; "" where that is not known."""
    code = _mapping(run.code)
    tree = code.get("program") or code.get("tree")
    if run.origin != "executed" or not run.argv or not tree:
        return ""
    told = _mapping(_mapping(run.tracker).get("config"))
    hardware, devices = _mapping(run.hardware), _mapping(run.devices)
    software, given = _mapping(run.software), _mapping(run.environment)
    ruler = _mapping(run.ruler)
    named = {**_mapping(ruler.get("named")), **_mapping(ruler.get("beside"))}
    # Not canonical: only texts of one fold are compared, and a hundred thousand are made of them.
    return digest_bytes(
        json.dumps(
            [
                [run.argv, run.cwd, run.shell, tree, run.executor],
                [_mapping(run.unlisted).get("key"), _mapping(run.unlisted).get("blob")],
                {name: value for name, value in given.items() if name not in OF_THE_JOB},
                [hardware.get(name) for name in _MACHINE],
                [_mapping(gpu).get("name") for gpu in hardware.get("gpus") or ()],
                [devices.get("kind"), devices.get("count")],
                [software.get("python"), software.get("packages_digest")],
                {key: told[key] for key in _mapping(run.config) if key in told},
                ruler.get("declared"),
                {path: digest for path, digest in named.items() if _may_be_read(path)},
                {path: _mapping(facts).get("digest") for path, facts in run.data_files.items()},
            ],
            sort_keys=True,
            default=str,
        ).encode()
    )


def _may_be_read(path: str) -> bool:
    """Whether a file that a command names may be its config, and is no table that runs write."""
    return path.endswith(".json") or not may_be_written(path)


def _mapping(value: Any) -> Mapping[str, Any]:
    """Nothing where a damaged record has something else."""
    return value if isinstance(value, dict) else {}


#: What the runs of one invocation have in each key, as canonical texts, None where one lacks it. Two
#: texts tell that the key differs; more are not kept.
Told = dict[str, list[str | None]]
_ENOUGH = 2


def told_of(configs: Iterable[Mapping[str, object]]) -> Told:
    told: Told = {}
    for at, config in enumerate(configs):
        take_in(told, config, is_first=at == 0)
    return told


def take_in(told: Told, config: Mapping[str, object], is_first: bool = False) -> None:
    """Add what one more run of the invocation has."""
    for key, value in config.items():
        values = told.setdefault(key, [] if is_first else [None])
        if (
            len(values) - (None in values) < _ENOUGH
            and (text := canonical_json(value)) not in values
        ):
            values.append(text)
    for key in told.keys() - config.keys():
        if None not in told[key]:
            told[key].append(None)


def what_matters(told: Told) -> object:
    """Equal where the same is a tag (``tags_among``) of every run: of several values, not which."""
    return {
        key: (None in values, values if len(values) - (None in values) < _ENOUGH else _ENOUGH)
        for key, values in told.items()
    }


def are_several(told: Told) -> bool:
    """Whether it is told of different configs."""
    return any(len(values) > 1 for values in told.values())


def tags_among(run: Run, alike: Told) -> tuple[str, ...]:
    """The keys of ``run`` that are tags, ``alike`` being told of the runs of its invocation. A key
    that others of them merely lack is none where its own command line shows it."""
    found = []
    for key, value in run.config.items():
        others = {*alike.get(key, [None])} - {canonical_json(value)}
        if others and (others != {None} or not _shows(run, key)):
            found.append(key)
    return tuple(found)


def _shows(run: Run, key: str) -> bool:
    """Whether the command line or the recorded environment shows the key or its value."""
    if key.rpartition(".")[2] in {name.rpartition(".")[2] for name in config_from_args(run.argv)}:
        return True
    value = run.config[key]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])")
    return bool(text) and any(map(word.search, [*run.argv, *map(str, run.environment.values())]))


def tags_of_rows(rows: Iterable[RunRow]) -> set[str]:
    """The keys that some of these rows show to reach no command."""
    seen: dict[str, dict[str, str]] = {}
    found = set[str]()
    for row in rows:
        known = seen.setdefault(row.invocation, {}) if row.invocation else {}
        for key, value in row.config.items():
            if known.setdefault(key, text := canonical_json(value)) != text:
                found.add(key)
    return found


def tell_tags(thread: Thread, runs: Iterable[Run]) -> None:
    """Give each of ``runs``, which are of ``thread``, its ``tags``."""
    wanted = [run for run in runs if run.config]
    if not wanted:
        return
    alike: Mapping[str, Told]
    if thread.kept is not None:
        invocations = {run.uid: invocation_of(run) for run in wanted}
        alike = thread.kept.alike([i for i in dict.fromkeys(invocations.values()) if i])
    else:
        invocations, alike = _of_all(thread)
    for run in wanted:
        invocation = invocations.get(run.uid, "")
        run.tags = tags_among(run, alike[invocation]) if invocation in alike else ()


def _of_all(thread: Thread) -> tuple[dict[str, str], dict[str, Told]]:
    """(uid to invocation, invocation to what is told of the runs that stand), of the runs of which
    another has the same command line: the others need no digest."""
    known = thread.invocations
    if known is not None and known[0] == thread.record_count:
        return known[1], known[2]
    by_command: dict[tuple[str, ...], list[Run]] = {}
    for run in thread.runs:
        by_command.setdefault(tuple(map(str, run.argv)), []).append(run)
    invocations: dict[str, str] = {}
    configs: dict[str, list[Mapping[str, Any]]] = {}
    for runs in by_command.values():
        if not are_several(told_of(run.config for run in runs)):
            continue
        for run in runs:
            if invocation := invocation_of(run):
                invocations[run.uid] = invocation
                if not run.retracted and not run.superseded_by:
                    configs.setdefault(invocation, []).append(run.config)
    told = ((invocation, told_of(some)) for invocation, some in configs.items())
    alike = {invocation: of_them for invocation, of_them in told if are_several(of_them)}
    thread.invocations = thread.record_count, invocations, alike
    return invocations, alike
