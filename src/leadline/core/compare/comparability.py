"""Whether two sides can be compared at all: who is compared with whom, and in what they differ.

These refusals hold for every metric at once, whatever the numbers. More than the declared axis
differing is the commonest: the cause of a difference is then open, and a number without a cause
gets quoted as if it had one.
"""

from __future__ import annotations

from leadline.core.compare.comparison import Comparison, refusal
from leadline.core.compare.config_diff import FactDifference
from leadline.core.metric.ruler import AREA
from leadline.core.patterns import later
from leadline.core.record.run import Run, project_of

ROWS_NAMED = 5
_DIGEST = later(r"\b((?:sha256:)?[0-9a-f]{12})[0-9a-f]{28,}\b")


def _told(value: object) -> str:
    """A value, of a digest its beginning."""
    return repr(_DIGEST.sub(r"\1", value) if isinstance(value, str) else value)


def _names(rows: list[FactDifference]) -> str:
    shown = ", ".join(
        f"{row.name} ({_told(row.a)} against {_told(row.b)})" for row in rows[:ROWS_NAMED]
    )
    return shown if len(rows) <= ROWS_NAMED else f"{shown} and {len(rows) - ROWS_NAMED} more"


def _one_project(out: Comparison, a_runs: list[Run], b_runs: list[Run]) -> None:
    """Runs that are compared share a tracker project: across projects no chart shows both, and runs
    cannot be moved."""
    sides = [sorted({p for run in runs if (p := project_of(run))}) for runs in (a_runs, b_runs)]
    if sides[0] and sides[1] and len({*sides[0], *sides[1]}) > 1:
        named = [", ".join(side) for side in sides]
        out.refusals.append(
            refusal(
                "different-tracker-projects",
                f"{out.a_name} is in {named[0]}, {out.b_name} in {named[1]}",
                f"{len({*sides[0], *sides[1]})} tracker projects where runs that are compared share one",
                f"{out.b_name} and {out.a_name} were tracked apart: no chart shows both; run one again in the project "
                "of the other",
            )
        )


def _one_ruler(out: Comparison) -> None:
    """What measured both sides is one thing: it is no part of the axis ``code``."""
    roles = ("confound", "unknown")
    rows = [row for row in out.diff.rows if row.area == AREA and row.role in roles]
    if not rows:
        return
    changed = [row.key for row in rows if row.role == "confound"]
    unknown = [row.key for row in rows if row.role == "unknown"]
    said = [f"what measures changed: {', '.join(changed[:ROWS_NAMED])}"] if changed else []
    if unknown:
        said.append(f"what measured is not known of all runs: {', '.join(unknown[:ROWS_NAMED])}")
    out.refusals.append(
        refusal(
            "ruler-changed",
            "; ".join(said),
            f"{len(rows)} of the files that measure differ between the sides",
            f"{out.b_name} and {out.a_name} were measured by two rulers: a difference may be theirs",
        )
    )


def check_comparability(out: Comparison, a_runs: list[Run], b_runs: list[Run]) -> None:
    """The refusals that hold for every metric: who is compared with whom, and in what they differ.
    ``a_runs`` and ``b_runs`` are those that count."""
    a_n, b_n = len(out.a_runs), len(out.b_runs)
    if not a_n or not b_n:
        empty = " and ".join(name for name, n in ((out.a_name, a_n), (out.b_name, b_n)) if not n)
        out.refusals.append(
            refusal(
                "no-runs",
                f"no run of {empty} counts as evidence",
                f"{a_n} against {b_n} counting runs",
                f"nothing is known yet about how {out.b_name} compares with {out.a_name}",
            )
        )
        return
    _one_project(out, a_runs, b_runs)
    axis = (
        f"the tested axis ({', '.join(out.diff.axes)})"
        if out.diff.axes
        else "a declared axis (there is none)"
    )
    for role, code, verb in (
        ("confound", "confounded-axis", "differ besides"),
        ("unknown", "unknown-difference", "cannot be ruled out besides"),
    ):
        rows = [row for row in out.diff.of_role(role) if row.area != AREA]
        # what was only reported is described: nothing is known of its code, and nothing rests on it
        if rows and not (out.told and role == "unknown"):
            named = _names(rows)
            out.refusals.append(
                refusal(
                    code,
                    f"not apples to apples: {named}",
                    f"{len(rows)} facts {verb} {axis}",
                    f"{out.b_name} and {out.a_name} differ in more than one thing: the cause is open",
                )
            )
    _one_ruler(out)
    tested = out.diff.of_role("axis")
    ignored = out.diff.of_role("nuisance")
    if not tested and ignored:
        out.refusals.append(
            refusal(
                "axis-does-not-differ",
                f"the declared axis does not differ; what does is declared a nuisance: {_names(ignored)}",
                f"0 tested facts differ, {len(ignored)} nuisances do",
                "this says nothing about the declared axis",
            )
        )
    elif not tested and not out.diff.of_role("confound") and not out.diff.of_role("unknown"):
        declared = f" (declared: {', '.join(out.diff.axes)})" if out.diff.axes else ""
        out.refusals.append(
            refusal(
                "nothing-differs",
                f"{out.a_name} and {out.b_name} ran the same thing",
                f"0 tested facts differ{declared}",
                "a difference between them is noise or drift, not an effect",
            )
        )
    mixed = [row for row in tested if max(row.a_values, row.b_values) > 1]
    if mixed:
        out.refusals.append(
            refusal(
                "mixed-axis",
                f"one side holds several values of the tested axis: {_names(mixed)}",
                "; ".join(
                    f"{row.name}: {row.a_values} against {row.b_values} values" for row in mixed
                ),
                "a mean over several values of the axis says nothing about one of them",
            )
        )
