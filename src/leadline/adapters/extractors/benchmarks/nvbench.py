"""What a program built with NVBench writes with ``--json FILE``: one case a state of a benchmark.

Summaries are named by their tag without the ``nv/``: ``cold_time_gpu_mean_s``. A state that was
skipped is named with the reason that NVBench gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadline.adapters.extractors.benchmarks import Case
from leadline.core.typed import Any

_UNITS = {
    "duration": "_s",
    "byte_rate": "_bytes_per_s",
    "item_rate": "_items_per_s",
    "bytes": "_bytes",
}


def recognises(value: Any) -> bool:
    rows = value.get("benchmarks") if isinstance(value, dict) else None
    return isinstance(rows, list) and all(isinstance(row, dict) and "states" in row for row in rows)


def cases(value: Any, path: str) -> Iterator[Case]:
    for benchmark in value["benchmarks"]:
        for state in benchmark["states"] or []:
            name = (
                f"{benchmark['name']}[{state['name']}]" if state.get("name") else benchmark["name"]
            )
            if state.get("is_skipped"):
                yield Case(
                    name, {}, f"it was skipped: {state.get('skip_reason') or 'no reason given'}"
                )
                continue
            numbers: dict[str, float | None] = {}
            for tag, hint, number in _summaries(state["summaries"] or []):
                numbers[tag.removeprefix("nv/").replace("/", "_") + _UNITS.get(hint, "")] = number
            yield Case(name, numbers, "" if numbers else "it has no summary")


def _summaries(summaries: Any) -> Iterator[tuple[str, str, float]]:
    """Tag, hint and value. Early files key them by tag and data by name, later ones list both."""
    listed = (
        summaries
        if isinstance(summaries, list)
        else [{"tag": tag, **told} for tag, told in summaries.items()]
    )
    for told in listed:
        data = told.get("data", told)
        if isinstance(data, list):
            data = {entry["name"]: entry for entry in data}
        held: Any = data.get("value")
        held = held.get("value") if isinstance(held, dict) else held
        hint = told.get("hint") or data.get("hint") or ""
        hint = hint.get("value", "") if isinstance(hint, dict) else str(hint)
        try:
            yield str(told.get("tag") or told["name"]), hint, float(held)
        except (TypeError, ValueError):
            continue  # a summary that is text, such as a file name
