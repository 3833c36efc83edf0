"""What a reader outside the thread would stumble over in an update, a claim or an issue body (W21).

Findings are advice with the sentence to change; only the harmless rewrites are done by machine. The
rules look at words, not at meaning, so each says which words it saw.
"""

from __future__ import annotations

import re

from leadline.core.errors import LeadlineError
from leadline.core.ids import ID_IN_TEXT, experiment_of
from leadline.core.text.spans import blanked, code_spans
from leadline.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leadline.core.record.thread import Experiment, Thread

_NEAR = 160
_BASELINE = re.compile(r"\b(?:the|our|its)\s+baseline\b(?!\s+(?:case|is registered))", re.I)
_HAS_NUMBER = re.compile(r"\d+(?:\.\d+)?\s?(?:%|[a-zA-Zµ×])|\d\.\d|\{\{\s*baseline")
_SAYS_N = re.compile(
    r"\bn\s*=\s*\d|\.n\s*(?::[^}]*)?\}\}|\(\s*\d+\s+(?:runs?|seeds?|repeats?)\)|"
    r"\b(?:\d+|one|two|three|four|five|single)\s+(?:\w+\s+)?(?:runs?|seeds?|repeats?|trials?)\b",
    re.I,
)
_COMPARES = re.compile(
    r"\b(?:faster|slower|better|worse|lower|higher|smaller|larger|fewer|improves?d?|reduces?d?|"
    r"increases?d?|decreases?d?|regress\w*|beats?|outperforms?|gains?|saves?)\b",
    re.I,
)
_BRANCH_LINK = re.compile(
    r"https?://[^\s)>\]]+/(?:-/)?(?:tree|blob|raw|blame)/(?P<ref>[^\s)>\]#?]+)"
)
_TICKED = re.compile(r"(?<!`)`((?:[\w.-]+/[\w.-]+)?#\d+)`(?!`)")


class LintFinding(NamedTuple):
    code: str
    what: str
    where: str  # line 3: the words
    mend: str


def lint(
    text: str,
    thread: Thread,
    what: str = "update",
    refs: dict[str, str] | None = None,
    predicate: str = "",
) -> list[LintFinding]:
    """Findings in ``text``, in reading order. ``what``: update | claim | issue; ``predicate``: of a
    claim. Words that say more than the evidence bears are refused elsewhere (``core/evidence/gloss.py``)."""
    prose = blanked(text, code_spans(text))
    found = [
        *_undefined(prose, text, thread, refs),
        *_baseline(prose, text, thread),
        *_missing_n(prose, text, thread, what, predicate),
        *_links(text, thread),
        *_ticked(text),
    ]
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def _where(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    whole = text[start : end if end >= 0 else len(text)].strip()
    shown = whole if len(whole) <= 100 else whole[:99] + "…"
    return f"line {line}: {shown}"


def _undefined(
    prose: str, text: str, thread: Thread, refs: dict[str, str] | None
) -> list[tuple[int, LintFinding]]:
    found = []
    for m in ID_IN_TEXT.finditer(prose):
        if not thread.prefix or not m[0].startswith(thread.prefix + "-"):
            continue
        try:
            thread.find(thread.shown(m[0], refs))
        except LeadlineError as error:
            found.append(
                (
                    m.start(),
                    LintFinding(
                        "undefined-id",
                        f"{m[0]} is not in this thread",
                        _where(text, m.start()),
                        error.why or "leadline status",
                    ),
                )
            )
    return found


def _baseline(prose: str, text: str, thread: Thread) -> list[tuple[int, LintFinding]]:
    for m in _BASELINE.finditer(prose):
        near = prose[max(0, m.start() - _NEAR) : m.end() + _NEAR]
        if not ID_IN_TEXT.search(near) and not _HAS_NUMBER.search(near):
            return [
                (
                    m.start(),
                    LintFinding(
                        "baseline-without-value",
                        "'the baseline' is named without its value or id",
                        _where(text, m.start()),
                        f"write its id and number: {_the_baseline(thread)}",
                    ),
                )
            ]
    return []


def _the_baseline(thread: Thread) -> str:
    names = [item.id for item in thread.of_kind("baseline") if item.stands]
    metric = next(iter(thread.metrics), "METRIC")
    return ", ".join([*names[-1:], f"{{{{baseline.{metric}}}}}"])


def _missing_n(
    prose: str, text: str, thread: Thread, what: str, predicate: str
) -> list[tuple[int, LintFinding]]:
    found = []
    for m in re.finditer(r"(?:[^\n]+(?:\n(?!\s*\n|\s*[-*+#|]|\s*\d+[.)]\s)[^\n]+)*)", prose):
        paragraph = m[0]
        hit = _COMPARES.search(paragraph)
        if (
            hit
            and not _SAYS_N.search(paragraph)
            and (what == "claim" or re.search(r"\d|\{\{", ID_IN_TEXT.sub("", paragraph)))
        ):
            at, named = m.start() + hit.start(), f"{paragraph} {predicate}"
            found.append(
                (
                    at,
                    LintFinding(
                        "no-n",
                        f"'{hit[0]}' without the number of runs behind it",
                        _where(text, at),
                        f"add n: (n={_n_of(named, thread)})",
                    ),
                )
            )
    return found


def _n_of(said: str, thread: Thread) -> str:
    """A citation of the number of runs: of the experiment and the metric that are named, else of the
    last and its first."""
    ids = set(map(experiment_of, ID_IN_TEXT.findall(said)))
    named = [e for shown in ids if (e := thread.experiments.get(shown)) and _is_measured(e)]
    if not named and any(f"{name}(" in said for name in thread.metrics):  # by config
        return "…"
    # Asked of the last alone: a thread may have very many.
    newest = () if named else reversed(thread.experiments.values())
    chosen = max(named, key=lambda e: e.uid, default=None) or next(
        filter(_is_measured, newest), None
    )
    if chosen is None:
        return "…"
    metrics = list(dict.fromkeys(name for run in chosen.runs for name in run.metrics))
    metric = next((name for name in metrics if f"{name}(" in said), metrics[0])
    return f"{{{{{chosen.id}.{metric}.n}}}}"


def _is_measured(experiment: Experiment) -> bool:
    return any(run.metrics for run in experiment.runs)


def _links(text: str, thread: Thread) -> list[tuple[int, LintFinding]]:
    links = list(_BRANCH_LINK.finditer(text))
    if not links:
        return []  # a seal names very much: none is read where no text asks
    tags = {str(s.body.get("tag", "")) for s in thread.of_kind("snapshot")} - {""}
    found = []
    for m in links:
        ref = m["ref"]
        pinned = re.match(r"[0-9a-f]{7,64}(?:/|$)", ref) or any(
            ref == t or ref.startswith(t + "/") for t in tags
        )
        if not pinned:
            found.append(
                (
                    m.start(),
                    LintFinding(
                        "branch-link",
                        f"a link to {ref.split('/')[0]!r}, which moves",
                        _where(text, m.start()),
                        "link to a commit: /blob/<full sha>/… (press y on the page), or to a sealed tag",
                    ),
                )
            )
    return found


def _ticked(text: str) -> list[tuple[int, LintFinding]]:
    fences = [s for s in code_spans(text) if text.startswith(("```", "~~~"), s[0])]
    return [
        (
            m.start(),
            LintFinding(
                "ticked-reference",
                f"`{m[1]}` in code does not link",
                _where(text, m.start()),
                f"write {m[1]}",
            ),
        )
        for m in _TICKED.finditer(text)
        if not any(a <= m.start() < b for a, b in fences)
    ]


def fix_format(text: str) -> str:
    """Rewrites that change no meaning: line ends, literal ``\\n`` in a text that has no line break,
    trailing spaces, and issue references out of their back-ticks so that they link. Doing it twice
    is doing it once."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text.strip() and text.count("\\n") >= 2 and "`" not in text:
        text = text.replace("\\n", "\n")
    text = re.sub(r"(?<=\S)[ \t]+$", "", text, flags=re.M)
    fences = [s for s in code_spans(text) if text.startswith(("```", "~~~"), s[0])]
    return _TICKED.sub(lambda m: m[0] if any(a <= m.start() < b for a, b in fences) else m[1], text)
