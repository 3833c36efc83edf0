"""What to run to reach the next label, as command lines: a refused claim answers with them, so that whoever asked need
not work out the design."""

from __future__ import annotations

import math

from leadline.core.canonical import canonical_json
from leadline.core.compare.config_diff import fact_of
from leadline.core.compare.no_effect import count_once
from leadline.core.compare.reruns import is_seed
from leadline.core.evidence.evidence import (
    MOST_CELLS,
    REPEATS_NEEDED,
    combinations,
    distinct_executions,
)
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.of_thread import runs_of_subject
from leadline.core.evidence.predicate import Subject, parse
from leadline.core.metric.contract import counted_exactly, moved_by_machine
from leadline.core.metric.redefined import definitions_for
from leadline.core.plain import shell_word, shell_words
from leadline.core.record.reaches import tell_tags
from leadline.core.record.run import MetricDef, Run, program_of
from leadline.core.record.thread import Thread
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import JudgedBody

COMMANDS_NAMED = 4


def commands_for(thread: Thread, body: JudgedBody, found: Evidence) -> list[str]:
    """The command lines that get what the next label lacks: repeats of the sides that are short,
    runs at axis values that have none."""
    predicate = parse(body["predicate"])
    axes = {**{name: list(values) for name, values in predicate.over}, **(body.get("across") or {})}
    cells = combinations(axes) if math.prod(len(v) for v in axes.values()) <= MOST_CELLS else []
    short: list[str] = []
    both: list[str] = []
    for clause in predicate.clauses:
        sides = [runs_of_subject(thread, subject, body.get("refs")) for _, subject in clause.sides]
        for runs in sides:
            tell_tags(thread, runs)
        known = definitions_for(thread, [run for runs in sides for run in runs])
        definition = known.get(clause.metric) or MetricDef(clause.metric)
        in_turns, is_pair = "", len(sides) == 2 and not cells
        again = counted_exactly(definition) and is_pair and _of_other_programs(*sides)
        if is_pair and (moved_by_machine(definition) or again):
            in_turns = in_turns_command(clause.metric, sides[1], sides[0])
        if in_turns and found.label in ("none", "exploratory"):
            short.append(in_turns)
            continue
        for (metric, subject), runs in zip(clause.sides, sides, strict=True):
            for at in cells or [{}]:
                wanted_at = {axis: canonical_json(value) for axis, value in at.items()}
                here = [
                    r
                    for r in runs
                    if all(canonical_json(fact_of(r, k)) == v for k, v in wanted_at.items())
                ]
                definition = known.get(metric) or MetricDef(metric)
                counted, dropped = distinct_executions(here, definition)
                counted, _ = count_once(counted, definition, dropped)
                lacks = REPEATS_NEEDED - len(counted)
                if any(" had no effect on " in why for why in dropped.values()):
                    continue  # further values of what has no effect are no repeats
                again = any(why.startswith("a rerun") for why in dropped.values())
                command = _command(thread, subject, runs, here, at, max(lacks, 1), again)
                (short if lacks > 0 else both).append(command)
    wanted = short or (both if found.label == "exploratory" and not found.contrary else [])
    return [c for c in dict.fromkeys(wanted) if c][:COMMANDS_NAMED]


def _of_other_programs(left: list[Run], right: list[Run]) -> bool:
    """Whether a side has to be repeated at a code state that is not that of the other: ``ab`` does."""
    own, other = (
        {program_of(run.code) for run in side if run.is_evidence} for side in (left, right)
    )
    return None not in own | other and not own & other


def in_turns_command(metric: str, a_runs: list[Run], b_runs: list[Run]) -> str:
    """The command that repeats both sides in turns, each at its own code, "" where a side has no run:
    what settles a comparison of sides that did not take them."""
    last = [
        next((run for run in reversed(runs) if run.is_evidence), None) for runs in (a_runs, b_runs)
    ]
    if last[0] is None or last[1] is None:
        return ""
    return f"leadline ab {last[0].experiment} {last[1].experiment} --metric {shell_word(metric)}"


def _command(
    thread: Thread,
    subject: Subject,
    runs: list[Run],
    here: list[Run],
    at: dict[str, object],
    repeats: int,
    deterministic: bool,
) -> str:
    """One ``leadline run`` line with the real command of the subject's runs; "" where more of a
    deterministic command would be no repeats."""
    standing = [r for r in here if not r.retracted and not r.superseded_by]
    if not standing and not runs:
        sets = "".join(f" --set {k}={v}" for k, v in subject.selectors)
        return f"leadline run{sets} --repeat {repeats} -- CMD"
    model = (standing or runs)[-1]
    argv = shell_words(model.argv) or "CMD"
    if deterministic and standing:
        return _with_another_seed(model, runs)
    if standing and thread.experiments[model.experiment].stands:
        return f"leadline run --experiment {model.experiment} --repeat {repeats} -- {argv}"
    config = dict(model.config)
    changed = {} if standing else {k: v for k, v in at.items() if model.config.get(k) != v}
    config.update(changed)
    if changed:
        argv = _argv_with(model.argv, model.config, changed) or "COMMAND WITH " + " ".join(
            f"{axis}={value}" for axis, value in changed.items()
        )
    return f"leadline run{_sets(config)} --repeat {repeats} -- {argv}"


def _sets(config: dict[str, object]) -> str:
    return "".join(f" --set {shell_word(f'{k}={v}')}" for k, v in config.items())


def _with_another_seed(model: Run, runs: list[Run]) -> str:
    """The command with a seed that none of ``runs`` had; "" for one that takes none."""
    used = {value for run in runs for key, value in run.inputs.items() if is_seed(key)}
    new = max([value for value in used if isinstance(value, int)], default=0) + 1
    argv, found = list(model.argv), ""
    for i, token in enumerate(model.argv):
        name, equals, _ = token.partition("=")
        if not is_seed(name.lstrip("-")):
            continue
        if equals:
            argv[i], found = f"{name}={new}", name.lstrip("-")
        elif i + 1 < len(argv) and name.startswith("-"):
            argv[i + 1], found = str(new), name.lstrip("-")
    if not found:
        return ""
    key = next(filter(is_seed, model.inputs), found)
    return f"leadline run{_sets({**model.config, key: new})} -- {shell_words(argv)}"


def _argv_with(argv: list[str], config: dict[str, object], changed: dict[str, object]) -> str:
    """The command with the flag of each axis set anew; "" when one has no flag of its own: only a
    person knows then."""
    out = list(argv)
    for axis, new in changed.items():
        old, found = config.get(axis), False
        for i, token in enumerate(argv):
            if token == f"--{axis}" and argv[i + 1 : i + 2] == [str(old)]:
                out[i + 1], found = str(new), True
            elif token == f"--{axis}={old}":
                out[i], found = f"--{axis}={new}", True
        if not found:
            return ""
    return shell_words(out)
