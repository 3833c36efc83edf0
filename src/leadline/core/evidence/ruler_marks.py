"""What has to be said of the ruler beside a label: sides measured by two of them bear none above
``exploratory``, and neither do runs of one side; a program that measures itself is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.compare.config_diff import ConfigDiff, run_facts
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.marks import Mark
from leadline.core.evidence.predicate import Predicate, Subject
from leadline.core.metric.ruler import (
    AREA,
    below_resolution,
    beside_of,
    declares,
    in_force,
    loaded_otherwise,
    measures_itself,
    null_of,
    of_several,
)
from leadline.core.record.run import Run, program_of
from leadline.core.timestamps import few
from leadline.core.tree_path import may_be_written
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import RulerBody

FILES_NAMED = 5


def mark_rulers(
    out: Evidence,
    predicate: Predicate,
    resolve: Callable[[Subject], list[Run]],
    diffs: Sequence[ConfigDiff],
    rulers: Sequence[RulerBody],
) -> None:
    """``diffs``: what differs between the sides of the clauses, as ``comparisons`` gives it;
    ``rulers``: of the thread."""
    changed = [
        row.key
        for diff in diffs
        for row in diff.rows
        if row.area == AREA and row.role in ("confound", "unknown")
    ]
    own: list[str] = []
    open_: list[str] = []
    for clause in predicate.clauses:
        counted = [[r for r in resolve(s) if r.is_evidence] for _, s in clause.sides]
        metrics = [metric for metric, _ in clause.sides]
        if clause.right is None:
            changed += of_several(counted[0], metrics)
            _mark_read(out, counted[0], clause.metric)
            continue
        own += measures_itself(counted[0], counted[1], metrics)
        runs = [*counted[0], *counted[1]]
        _mark_loaded(out, runs)
        if all("named" in r.ruler for r in runs) and not all(declares(r, metrics) for r in runs):
            open_ += metrics
    if changed:
        named = _listed(changed)
        out.mark(
            Mark(
                "ruler-changed",
                "measured by different rulers",
                f"what measures changed between these runs: {named}",
                "exploratory",
            )
        )
        out.missing.append(
            f"all runs measured by one ruler: leadline measure again (what differs: {named})"
        )
    _null(out, rulers)
    if any(row.area == "code" for diff in diffs for row in diff.rows):
        _of_code(out, predicate, rulers, own, [] if changed else open_)


def mark_programs(
    out: Evidence, predicate: Predicate, resolve: Callable[[Subject], list[Run]]
) -> None:
    """Two programs under one command: their code was another, as often as on no other side, or files that no code
    state holds were others."""
    for clause in predicate.clauses:
        sides = [[r for r in resolve(s) if r.is_evidence] for _, s in clause.sides]
        _mark_pooled(out, [subject.format() for _, subject in clause.sides], sides)
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    other: list[str] = []
    for clause in predicate.clauses:
        for _, subject in clause.sides:
            for run in resolve(subject):
                if not run.is_evidence:
                    continue
                at = (subject.format(), *map(str, run.argv), str(program_of(run.code)))
                known = seen.setdefault(at, {})
                for path, digest in beside_of(run).items():
                    if known.setdefault(path, digest) != digest and not may_be_written(path):
                        other.append(path)
    if other:
        text = f"{_listed(other)}, which no code state holds, changed between runs of one command"
        out.mark(Mark("two-programs", "two programs under one command", text, "exploratory"))
        out.missing.append(f"runs of one program on every side (what changed: {_listed(other)})")


def _mark_pooled(out: Evidence, names: Sequence[str], sides: Sequence[Sequence[Run]]) -> None:
    counts = [Counter(filter(None, (program_of(run.code) for run in side))) for side in sides]
    shares = [
        {p: n * count_all.total() for p, n in count.items()}
        for count, count_all in zip(counts, counts[::-1], strict=True)
    ]
    if len(sides) > 1 and shares[0] == shares[1]:
        return
    for name, count in zip(names, counts, strict=True):
        if len(count) > 1:
            full = f"the runs of {name} are of {len(count)} programs, pooled"
            short = f"{len(count)} programs pooled"
            out.mark(Mark("programs-pooled", short, full, "exploratory"))
            out.missing.append(f"runs of one program on the side {name}")


def _mark_read(out: Evidence, runs: Sequence[Run], metric: str) -> None:
    """A side without another, read in two ways; two sides are held against each other."""
    if len({canonical_json(run.extract) for run in runs}) < 2:
        return
    facts = (run_facts(run, metrics=[metric]).get(("extraction", metric)) for run in runs)
    if len(read := list(dict.fromkeys(map(str, facts)))) > 1:
        full = f"{metric} was read in different ways: {few(read, FILES_NAMED)}"
        out.mark(Mark("read-otherwise", "read in different ways", full, "exploratory"))
        out.missing.append(f"all runs of {metric} read in one way")


def _mark_loaded(out: Evidence, runs: Sequence[Run]) -> None:
    if differ := loaded_otherwise(runs):
        text = (
            f"what measures loads {_listed(differ)}, which differs and is not declared to measure"
        )
        out.mark(Mark("ruler-loads", "what measures loads undeclared code", text))


def _of_code(
    out: Evidence,
    predicate: Predicate,
    rulers: Sequence[RulerBody],
    own: Sequence[str],
    open_: Sequence[str],
) -> None:
    """Where the code differs, what stands apart from it is said, and that nothing does. ``own``: files
    that measure themselves; ``open_``: metrics of which no ruler was declared."""
    declared = in_force(rulers)
    for clause in predicate.clauses:
        said = declared.get(clause.metric) or declared.get("")
        if said is not None and not said["patterns"]:
            text = f"nothing measures {clause.metric} apart from the code: {said.get('why', '')}"
            out.mark(Mark("no-ruler", "nothing measures apart", text))
    if own:
        text = f"{_listed(own)} changed and measures itself: nothing that measures stands apart from it"
        out.mark(Mark("measures-itself", "the program measures itself", text))
    elif open_:
        text = f"what measures {_listed(open_)} is not declared apart from the code, which differs"
        out.mark(Mark("ruler-open", "what measures is not declared", text))


def _listed(files: Sequence[str]) -> str:
    return few(list(dict.fromkeys(files)), FILES_NAMED)


def _null(out: Evidence, rulers: Sequence[RulerBody]) -> None:
    """What the ruler finds between the baseline and itself, beside what is claimed."""
    for result in out.clauses:
        null = null_of(rulers, result.clause.metric)
        if null is None or result.right is None or result.clause.op == "~=":
            continue
        why = below_resolution(null, result.right.mean, result.left.mean)
        if not why:
            continue
        if null["shown"]:
            out.mark(Mark("null-differs", "ruler finds null differences", why, "exploratory"))
            out.missing.append("a ruler that finds no difference between the baseline and itself")
        else:
            out.mark(Mark("below-resolution", "below what the ruler resolves", why))
