"""How a run ended, as a row of a table tells it: ``crash``, ``OOM``, ``timeout after 600 s``.

>>> told_ending({"ms": "0.0", "status": "crash"}, ["ms"])
('failed', 'status', 'crash')
>>> told_ending({"ms": "5.1", "status": "keep"}, ["ms"]) is None
True
>>> told_ending({"ms": "OOM"}, ["ms"])
('failed', 'ms', 'OOM')
>>> told_ending({"ms": "0", "exit_code": "137"}, ["ms"], state="exit_code")
('failed', 'exit_code', 'exit_code 137')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leadline.core.extract.written_number import is_number
from leadline.core.patterns import later
from leadline.core.plain import beginning
from leadline.core.typed import Any

# columns that tell an ending where their cells have such words
NAMES = frozenset(("status", "state", "result", "outcome", "verdict", "decision", "keep", "action"))
# columns that tell it otherwise, where a state is said to be in them
_EXIT_CODE = later(r"(?i)(?:.*[_ .-])?(?:exit|return)[_ ]?(?:code|status|value)|rc|retcode")
_WELL = later(
    r"(?i)(?:is[_ ])?(?:success(?:ful)?|succeeded|ok|completed?|finished|converged|valid|pass(?:ed)?)"
)
_BADLY = later(
    r"(?i)(?:(?:is|has|was|did)[_ ])?(?:fail(?:ed|ure)?|crash(?:ed)?|oom(?:ed)?|time[d_ ]*out|"
    r"diverged|errored|killed|aborted|dnf)|has[_ ]error|error[_ ]occurred"
)
_REASON = later(
    r"(?i)(?:error|err|exception|fail(?:ure)?|crash|oom|traceback)"
    r"(?:[_ ](?:message|msg|reason|text|type|cause|info))?"
)
_NO_REASON = frozenset(
    ("", "-", "\u2013", "\u2014", "none", "null", "nan", "n/a", "na", "no", "ok", "0")
)
_NO_VALUE = later(r"(?i)[-\u2013\u2014?]*|n/?a|nil|none|null|nan|err|missing|not run|skipped|x")
_TIMEOUT = later(r"(?i)\W*(?:timeout|timed?[ _-]?out)\b")
_FAILED = later(
    r"(?i)\W*(?:(?:torch|cuda|gpu|host|cpu|v?ram|hip|xla)\W+){0,3}"
    r"(?:crash(?:ed)?|o\.?o\.?m|out[ _-]of[ _-]memory|dnf|did not finish|"
    r"fail(?:ed|ure)?|err|\w*error(?:ed)?|\w*exception|panic(?:ked)?|killed|"
    r"seg(?:mentation )?fault|sig(?:segv|kill|abrt|term|bus|fpe)|abort(?:ed)?|cancel(?:l?ed)?|"
    r"preempted|interrupted|diverged|exploded|hung|did not converge|not converged|"
    r"\w+[_ -](?:fail(?:ed|ure)?)|tainted|lost)\b"
)
# A noun before others ("Error analysis of layer 3", "crash course") is what a row is about, and no
# end, where words about it stand; "Error loading weights" in place of a state or a value is one.
_ABOUT = later(
    r"(?i)\W*(?:crash|fail(?:ure)?|err(?:or)?|exception|panic|abort|cancel|timeout|lost)\s+"
    r"(?:in the\b|(?!(?:at|in|on|of|by|to|due|after|with|while|when|during|before|because|for|from|"
    r"near|as|and|or|code|exit|signal|rank|step|epoch|again|early|twice|once|occurred|raised|thrown)"
    r"\b)[a-z]{3})"
)
_NOT_YET = later(
    r"(?i)\W*(?:pending|running|in[ _-]progress|queued|scheduled|planned|pre-?registered|todo|tbd)\b"
)
# these say that a result was thrown away, which is a result nevertheless where there is a number
_DISCARDED = later(
    r"(?i)\W*(?:discard(?:ed)?|reject(?:ed)?|kill|skip(?:ped)?|invalid|pruned|stopped|dropped|abandoned)\b"
)


def told_ending(
    cells: Mapping[str, Any],
    metrics: Iterable[str],
    measured: bool = False,
    state: str = "",
    in_words: bool = False,
) -> tuple[str, str, str] | None:
    """(state, column, what stands there) of a row that says that its run did not end well; None for
    any other. ``measured``: it has a number other than 0. ``state``: the column that tells it, in
    words, by an exit code, by yes or no or by what went wrong; without, those of ``NAMES``.
    ``in_words``: other columns are of words about the row, and of no values."""
    if state and (told := _told_by_name(state, cells.get(state))):
        return told
    telling = [state] if state else [name for name in cells if name.strip().lower() in NAMES]
    telling += metrics
    for column in dict.fromkeys(telling):
        said = cells.get(column)
        if not isinstance(said, str) or not said.strip():
            continue
        if in_words and column != state and _ABOUT.match(said):
            continue
        if _TIMEOUT.match(said):
            return "timeout", column, said.strip()
        if _FAILED.match(said) or (not measured and _DISCARDED.match(said)):
            return "failed", column, said.strip()
    return None


def tells_badly(name: str, cells: Sequence[str]) -> bool:
    """Whether a column is one of exit codes, of yes and no for a failure, or of what went wrong."""
    if _BADLY.fullmatch(name) and all(_yes_or_no(cell) is not None for cell in cells):
        return True
    numbers = [is_number(cell) for cell in cells]
    if _EXIT_CODE.fullmatch(name):
        return all(numbers)
    return bool(_REASON.fullmatch(name)) and not any(numbers)


def tells_well(name: str, cells: Iterable[str]) -> bool:
    """Whether a column says yes where a run ended well."""
    return bool(_WELL.fullmatch(name)) and all(_yes_or_no(cell) is not None for cell in cells)


def says_no_value(cell: str) -> bool:
    """Whether a cell says that there is no number."""
    said = cell.strip()
    return any(
        (
            _NO_VALUE.fullmatch(said),
            _TIMEOUT.match(said),
            _FAILED.match(said),
            _DISCARDED.match(said),
        )
    )


def not_run_yet(cells: Mapping[str, Any], state: str) -> str:
    """What a row of a run says that is still to come, or not over; "" for any other."""
    said = cells.get(state) if state else None
    if isinstance(said, str) and _NOT_YET.match(said):
        return f"{state} says {beginning(said.strip())!r}: it has not ended"
    return ""


def _told_by_name(state: str, cell: Any) -> tuple[str, str, str] | None:
    """What a cell means by the name of its column, and not by its own words."""
    said = "" if cell is None else str(cell).strip()
    yes = _yes_or_no(said)
    if _EXIT_CODE.fullmatch(state):
        bad = said.lstrip("-").removesuffix(".0").strip("0") != ""
    elif yes is not None and _WELL.fullmatch(state):
        bad = not yes
    elif yes is not None and _BADLY.fullmatch(state):
        bad = yes
    else:
        bad = bool(_REASON.fullmatch(state)) and said.lower() not in _NO_REASON
    if not bad:
        return None
    late = _TIMEOUT.match(state) or _TIMEOUT.match(said)
    words = said if " " in said else f"{state} {said}"
    return "timeout" if late else "failed", state, words


def _yes_or_no(cell: str) -> bool | None:
    return _YES_OR_NO.get(cell.strip().lower())


_YES_OR_NO = {
    **dict.fromkeys(
        ("true", "yes", "y", "1", "pass", "passed", "\u2705", "\u2713", "\u2714"), True
    ),
    **dict.fromkeys(
        ("false", "no", "n", "0", "fail", "failed", "\u274c", "\u2717", "\u2718"), False
    ),
}
