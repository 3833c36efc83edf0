"""The items of hygiene before a regression is claimed, judged over the runs of both sides from what
was recorded.

Each answers pass, fail or unknown. Unknown is no pass: a regression that a busy or hot machine
could have made is not claimed. The price is that a virtual machine, which counts no throttling,
passes only when the sides took turns, so that whatever held the clock down touched both.
"""

from __future__ import annotations

from leadline.core.record.run import Run
from leadline.core.values import dataclass

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
RUNS_NAMED = 5


@dataclass(slots=True)
class HygieneItem:
    """One line of the list: what was looked at, the answer, what was seen, and a code for programs."""

    item: str
    state: str
    what: str
    code: str

    def as_dict(self) -> dict[str, str]:
        return {"item": self.item, "state": self.state, "what": self.what, "code": self.code}


def machine_items(runs: list[Run], took_turns: bool) -> list[HygieneItem]:
    """No process on the accelerator, locks clean, not contended, not throttled, all known; for
    ``runs`` of both sides.

    ``took_turns``: neither side ran wholly before the other, so that a throttled clock touches
    both.
    """
    unknown = [run for run in runs if run.hygiene.get("contended") is None]
    items = []
    for item, starts, code, clean in (
        (
            "no stale process on the accelerator",
            "accelerator",
            "stale-process",
            "nobody else used it",
        ),
        ("locks clean", "lock file", "stale-lock", "no lock file was there"),
    ):
        found = {run.id: reasons for run in runs if (reasons := _reasons(run, starts))}
        seen = "; ".join(sorted({reason for reasons in found.values() for reason in reasons})[:3])
        items.append(_item(item, code, list(found), unknown, f"{seen}: {{runs}}", clean))
    contended = [run.id for run in runs if run.hygiene.get("contended") is True]
    items.append(
        _item(
            "not contended",
            "contended",
            contended,
            unknown,
            "made on a machine in use: {runs}",
            "nothing was seen",
        )
    )
    throttled = [run.id for run in runs if run.hygiene.get("throttled") is True]
    untold = [run for run in runs if run.hygiene.get("throttled") is None]
    if not throttled and untold and took_turns:
        what = "nothing tells, but the sides took turns: what held the clock down touched both"
        items.append(HygieneItem("not throttled", PASS, what, "throttled"))
    else:
        clean = "no clock was held down"
        items.append(
            _item(
                "not throttled",
                "throttled",
                throttled,
                untold,
                "a clock was held down: {runs}",
                clean,
            )
        )
    if unknown:
        items.append(
            HygieneItem(
                "all known",
                UNKNOWN,
                f"nobody looked: {_named([r.id for r in unknown])}",
                "unknown-hygiene",
            )
        )
    else:
        items.append(
            HygieneItem(
                "all known",
                PASS,
                f"the machine was looked at in all {len(runs)} runs",
                "unknown-hygiene",
            )
        )
    return items


def device_item(a_runs: list[Run], b_runs: list[Run], expected: int | None = None) -> HygieneItem:
    """The same device count on both sides, and the expected one where one is set."""
    item, code = "same device count", "device-count"
    counts = {run.id: run.devices.get("count") for run in a_runs + b_runs}
    if expected is not None and (
        wrong := [run for run, count in counts.items() if count not in (None, expected)]
    ):
        return HygieneItem(item, FAIL, f"{expected} expected, not so in {_named(wrong)}", code)
    known = sorted({int(count) for count in counts.values() if count is not None})
    if len(known) > 1:
        return HygieneItem(item, FAIL, f"{' and '.join(map(str, known))} devices", code)
    if missing := [run for run, count in counts.items() if count is None]:
        return HygieneItem(item, UNKNOWN, f"the count is not recorded: {_named(missing)}", code)
    count = known[0] if known else 0
    return HygieneItem(item, PASS, f"{count} in every run", code)


def _reasons(run: Run, start: str) -> list[str]:
    reasons = (str(reason).removeprefix("before: ") for reason in run.hygiene.get("reasons") or ())
    return [reason for reason in reasons if reason.startswith(start)]


def _item(
    item: str, code: str, bad: list[str], unknown: list[Run], words: str, clean: str
) -> HygieneItem:
    if bad:
        return HygieneItem(item, FAIL, words.replace("{runs}", _named(bad)), code)
    if unknown:
        return HygieneItem(
            item, UNKNOWN, f"not known of {_named([run.id for run in unknown])}", code
        )
    return HygieneItem(item, PASS, clean, code)


def _named(runs: list[str]) -> str:
    more = f" and {len(runs) - RUNS_NAMED} more" if len(runs) > RUNS_NAMED else ""
    return ", ".join(runs[:RUNS_NAMED]) + more
