"""The result of an interleaved measurement for the terminal."""

from __future__ import annotations

from leadline.core.design.blocks import EXACT
from leadline.core.plain import as_rows, plain
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.design.blocks import Measured


def _how_sure(result: Measured) -> str:
    if result["method"] == EXACT:
        return "a count, the same in every run of a side"
    needed = 1.0 / (1.0 - result["confidence"])
    evidence = f"evidence against no difference {result['e_value']:.3g} (needed: {needed:.3g})"
    return f"{evidence}; {result['method']}"


def result_text(result: Measured) -> str:
    """Verdict first, then the ratio with its interval, why it stopped, what failed and where the
    runs are."""
    sides = result.get("experiments") or {}
    unit = f" {result['unit']}" if result["unit"] else ""
    lines = [
        f"{result['id']}  {result['verdict']}: {plain(result['metric'])} of {sides.get('b', 'b')} (B) against "
        f"{sides.get('a', 'a')} (A)",
        f"  {plain(result['sentence'])}",
        f"  {result['n_blocks']} {plural(result['n_blocks'], 'block')} in turns; {_how_sure(result)}",
        f"  stopped: {plain(str(result['why_stopped']))}",
    ]
    if not result["as_ratio"]:
        in_unit = f" in{unit}" if unit else ""
        lines.append(f"  some values are not above zero, so it is the difference{in_unit}")
    failed = result.get("failed_blocks") or []
    lines += [f"  left out: {plain(str(text))}" for text in failed[:3]]
    if len(failed) > 3:
        lines.append(f"  and {len(failed) - 3} more left out; all with --json")
    if len(sides) == 2:
        lines.append(
            f"  leadline compare {sides['a']} {sides['b']}    leadline ab show {result['id']}"
        )
    return as_rows(lines)
