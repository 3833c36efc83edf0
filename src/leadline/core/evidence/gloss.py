"""The words of an author against what the record bears: numbers that nobody measured, "the best",
"always", "significant", "stable".

A reader remembers the words and not the predicate. So a claim's words are held against its checkable
form and the runs behind it, and those of a decision, an update or a summary against the claims that
they name; what is said over and above is named, word by word, with what can be said instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import inf

from leadline.core.canonical import canonical_json
from leadline.core.compare.comparison import number
from leadline.core.evidence.direction import RELATIVE, contradictions
from leadline.core.evidence.evaluate import ClauseResult
from leadline.core.evidence.found import Evidence
from leadline.core.evidence.predicate import Clause, Predicate, Subject
from leadline.core.record.ranks import rank
from leadline.core.record.run import MetricDef, Run
from leadline.core.text import strong_words as strong
from leadline.core.text.directions import directions
from leadline.core.text.learned import judged, sentences
from leadline.core.text.quantity import number_of
from leadline.core.text.spans import blanked
from leadline.core.text.strong_words import StrongWord, strong_words
from leadline.core.typed import NamedTuple
from leadline.core.values import dataclass, field

_NAMED = 4
# how much plainer a sentence with a strong word must read to be let through; beside a claim, and in
# a language that the weights know nothing of
_DOUBTED, _DOUBTED_MORE = 0.8, 2.0
_COMPARED = (
    0.5  # how much less plain one may read that compares, as the claim does or where none is
)
_SAYS_MORE = "the sentence reads as a verdict, and no claim is named that bears it"
_PLAIN = "say what was done and what was seen, in which runs, or name the claim (P-C1)"
_OF_THE_THREAD = (strong.LABEL, strong.EVERY)  # what one may say of all of it at its end
_OF_ITS_OWN = (
    strong.COMPARES,
    strong.CAUSE,
    strong.ADVICE,
)  # what only a claim's own words may not say
_OF_A_FORM = (*_OF_ITS_OWN, strong.NO_EFFECT)  # what only a form can say
_SAYS_NO_MORE = frozenset(
    """the a an is are has have had than with on of in to at for it more less accurate accuracy loss error
    time throughput memory latency score reaches needs takes gives""".split()  # noqa: SIM905
)
_RUNS = ("run", "runs", "seed", "seeds", "repeat", "repeats", "trial", "trials")


class Overclaim(NamedTuple):
    """``word`` as written at ``position``, ``why`` it is not borne, ``honest``: what can be said,
    or claimed, instead."""

    position: int
    word: str
    why: str
    honest: str


@dataclass
class Borne:
    """What may bear words: a checkable form, its evidence, and which runs its subjects name.
    ``axes``: over which values it is said to hold; ``metrics``: what the thread's are."""

    predicate: Predicate
    evidence: Evidence
    resolve: Callable[[Subject], list[Run]]
    axes: dict[str, list[object]] = field(default_factory=dict)
    metrics: Mapping[str, MetricDef] = field(default_factory=dict)


def overclaims(
    text: str,
    bearing: Sequence[Borne],
    runs: Callable[[], Iterable[Run]],
    named: bool = True,
    own: bool = False,
) -> list[Overclaim]:
    """The strong words of ``text`` that none of ``bearing`` bears, in reading order. ``runs``: all
    of the thread, for what else was tried. ``named``: the text names ``bearing``, which else is no
    more than what stands in the thread; ``own``: it is their own, and may not even compare where
    they do not."""
    found: list[Overclaim] = []
    not_borne, borne_words, compared = [], [], []
    for word in strong_words(text, _names(bearing)):
        if word.kind == strong.BEST and not own and strong.among_tried(word, text):
            continue
        leans_on = bearing if named or word.kind in _OF_THE_THREAD else ()
        lacking = [_JUDGES[word.kind](word, borne, runs) for borne in leans_on]
        if lacking and not all(lacking):
            if word.kind in _OF_ITS_OWN:  # near to plain to the weights
                compared.append(word)
            else:
                borne_words.append((word.start, word.start + len(word.word)))
            continue
        not_borne.append(word)
        if word.kind in _OF_ITS_OWN and not own:
            compared.append(word)
            continue
        why, honest = next((told for told in lacking if told), None) or _without_a_claim(word)
        found.append(Overclaim(word.start, word.word, f"'{word.word}' {why}", honest))
    left = blanked(text, borne_words)
    doubted = -_DOUBTED_MORE if named and bearing else -_DOUBTED
    at_most = {w.start: doubted for w in not_borne if own or w.kind != strong.COMPARES}
    at_most |= {w.start: _COMPARED for w in compared if w.start not in at_most}
    if own and bearing:
        plain = _words_of_the_form(bearing)
        for start, sentence in sentences(text):
            inside = range(start, start + len(sentence))
            if _is_of(sentence, plain) and not any(w.start in inside for w in not_borne):
                at_most = {at: v for at, v in at_most.items() if at not in inside}
                at_most[start] = inf
    by_form = [w.start for w in not_borne if w.kind in _OF_A_FORM and named and bearing]
    found = list(_by_what_was_learned(left, found, at_most, by_form))
    if named and bearing:
        results = [result for borne in bearing for result in borne.evidence.clauses]
        for said, why in contradictions(text, results, bearing[0].metrics, own):
            honest = "say what the form says, or claim the other with --that"
            found.append(Overclaim(said.start, said.word, f"'{said.word}' {why}", honest))
    return sorted(found)


def _by_what_was_learned(
    text: str, found: Sequence[Overclaim], at_most: Mapping[int, float], by_form: Collection[int]
) -> Iterator[Overclaim]:
    """Of ``found`` what only a form could say (positions ``by_form``), and what stands in a sentence
    that says more than a plain one. One with a strong word must read plainer (``at_most``: position to
    score): "the winner-take-all layer" says nothing, "instability is history" has no word of a list."""
    for start, sentence in sentences(text):
        inside = range(start, start + len(sentence))
        listed = [o for o in found if o.position in inside]
        said = judged(sentence)
        limit = min((at_most[at] for at in at_most if at in inside), default=0.0)
        if limit < 0 and any(strong.in_other_languages(sentence)):
            limit = -_DOUBTED_MORE
        if said.score > limit:
            yield from listed
            if not listed and said.words:
                named = ", ".join(f"'{word}'" for _, word in said.words)
                at, word = said.words[0]
                yield Overclaim(start + at, word, f"{named}: {_SAYS_MORE}", _PLAIN)
        else:
            yield from (o for o in listed if o.position in by_form)


Lacking = tuple[str, str] | None


def _names(bearing: Sequence[Borne]) -> set[str]:
    """What the sides are called: their names and the values that they are chosen by."""
    clauses = [clause for borne in bearing for clause in borne.predicate.clauses]
    subjects = [s for c in clauses for s in (c.subject, c.right) if s is not None]
    values = {f"{value}" for s in subjects for _, value in s.selectors}
    return {name for name in values | {s.name for s in subjects} if name.isalpha()}


def _words_of_the_form(bearing: Sequence[Borne]) -> set[str]:
    """What says the form again: sides, what they differ in, the metric."""
    clauses = [clause for borne in bearing for clause in borne.predicate.clauses]
    keys = [key for c in clauses for s in (c.subject, c.right) if s for key, _ in s.selectors]
    parts = re.split(r"[\W_]+", " ".join([*keys, *(c.metric for c in clauses)]))
    return {word.lower() for word in (*_names(bearing), *parts)} | _SAYS_NO_MORE


def _is_of(sentence: str, words: Collection[str]) -> bool:
    """Whether ``sentence`` says which side is lower or higher, in ``words``, and nothing else: what the
    weights know of such words stood in other company."""
    ways = {part for d in directions(sentence) for part in d.word.lower().split()}
    said = re.findall(r"[\w-]+", sentence.lower())
    return bool(ways) and all(word in ways or word in words for word in said)


def _without_a_claim(word: StrongWord) -> tuple[str, str]:
    return {
        strong.BEST: (
            "compares with all there is, and no claim is named that does",
            "name the claim (P-C1), or say what it was compared with",
        ),
        strong.EVERY: (
            "says that there is no exception, and no claim is named that was shown to be stable",
            "name the cases that were run",
        ),
        strong.CLEAR: (
            "is more than was shown: no claim is named whose interval excludes no difference",
            "name the claim (P-C1), or say 'observed', with n",
        ),
        strong.SIZE: (
            "says how much, and no claim is named that does",
            "name the claim (P-C1), or cite the difference",
        ),
        strong.LABEL: (
            "is a label, and no claim is named that has it",
            "name the claim (P-C1): its label is computed",
        ),
        strong.PROOF: ("is what no label bears", "say 'is consistent with' or 'supports'"),
        strong.NO_EFFECT: (
            "needs a claim of equivalence (~=), and none is named",
            "say 'no difference was shown', with n",
        ),
        strong.COMPARES: ("compares with something", "claim --that 'METRIC(A) < METRIC(B)'"),
        strong.CAUSE: (
            "says why, and what was measured says only that it is so",
            "say 'with' for 'because of', or 'may come from'",
        ),
        strong.ADVICE: (
            "says what to do, and the checkable form does not compare",
            "say what is to be done by: leadline decide",
        ),
    }[word.kind]


def _proof(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    return _without_a_claim(word)


def _label(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    label = borne.evidence.label
    if rank(label) >= rank(word.of):
        return None
    return f"is a label: the computed one is {label}", f"say '{label}', or nothing: it is shown"


def _clear(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    results = borne.evidence.clauses
    compared = [r for r in results if r.clause.right is not None]
    if not compared:
        why = "compares with something, and the checkable form does not"
        return why, "claim --that 'METRIC(A) < METRIC(B)', or leave it out"
    weak = next((r for r in results if not r.supported or r.withheld), None)
    if weak is None:
        return None
    if weak.withheld and weak.supported:
        return f"is more than was shown: {weak.withheld}", "say 'observed', and n"
    if not weak.interval.known:
        reason = f": {weak.interval.reason}" if weak.interval.reason else ""
        return f"needs an interval, and there is none{reason}", "say 'observed', and n"
    span = f"{number(weak.interval.low)} to {number(weak.interval.high)}"
    return (
        f"needs an interval beyond the margin; that of {weak.clause.format()} is {span}",
        f"say 'observed', with the interval {span} and n = {weak.left.n}",
    )


def _size(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    factors = [c.factor for c in borne.predicate.clauses if c.right is not None]
    if not factors or any(factor != 1.0 for factor in factors):
        return _clear(word, borne, runs)
    why = "says how much, and the checkable form says only which way"
    return why, "claim --that 'METRIC(A) < 0.9 * METRIC(B)', or cite the difference"


def _compares(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    for clause in borne.predicate.clauses:
        if clause.right is not None or clause.bound or RELATIVE.search(clause.metric):
            return None
    return (
        "compares with something, and the checkable form does not",
        "claim --that 'METRIC(A) < METRIC(B)', or say what was measured",
    )


def _advice(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    return _compares(word, borne, runs) and _without_a_claim(word)


def _every(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    found = borne.evidence
    axes = [*borne.axes, *(axis for axis, _ in borne.predicate.over)]
    if word.of in _RUNS and found.clauses and all(map(_separate, found.clauses)):
        return None
    if found.label == "stable" and (not word.of or word.of == "case" or _is_axis(word.of, axes)):
        return None
    sizes = "; ".join(c.sizes for c in found.clauses)
    over = f" over {', '.join(axes)}" if axes else ""
    return (
        f"says that there is no exception; the form was judged{over} ({sizes or 'no runs'}), {found.label}",
        "name the cases that were run",
    )


def _is_axis(noun: str, axes: list[str]) -> bool:
    stem = noun.removesuffix("s")
    return any(axis.removesuffix("s").endswith(stem) for axis in axes)


def _separate(result: ClauseResult) -> bool:
    """Every run of the left side satisfies the clause against every run of the right, whose values
    are scaled by its factor already."""
    left, right, op = result.left, result.right, result.clause.op
    if right is None or op == "~=":
        return False
    if left.minimum is None or left.maximum is None:
        return False
    if right.minimum is None or right.maximum is None:
        return False
    return left.maximum < right.minimum if op in ("<", "<=") else left.minimum > right.maximum


def _no_effect(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    results = borne.evidence.clauses
    within = next((r for r in results if r.clause.op == "~=" and r.lasting), None)
    if within is not None:
        low, high = within.interval.low, within.interval.high
        if low is None or high is None or low <= 0.0 <= high:
            return None
        why = f"is less than was shown: a difference of {number(low)} to {number(high)}, within the margin"
        return why, f"say 'within {number(within.tolerance)}'"
    said = [r for r in results if r.clause.op == "~="]
    if said:
        low, high, reach = said[0].interval.low, said[0].interval.high, said[0].tolerance
        why = f"is an equivalence that is not shown: the difference may be {number(low)} to {number(high)}"
        return f"{why}, allowed is +- {number(reach)}", "say 'no difference was shown', with n"
    clause = results[0].clause if results else None
    example = (
        f"{clause.metric}({clause.subject.format()}) ~= ... +- 2%"
        if clause
        else "METRIC(A) ~= METRIC(B) +- 2%"
    )
    known = next((r.interval for r in results if r.interval.known), None)
    left = (
        f"; these runs leave open a difference of {number(known.low)} to {number(known.high)}"
        if known
        else ""
    )
    return (
        "needs a clause that can show it, an equivalence, and not only a difference that was not seen",
        f"claim --that '{example}', or say 'no difference was shown'{left}",
    )


# ---- the best ------------------------------------------------------------------------------------


def _best(word: StrongWord, borne: Borne, runs: Callable[[], Iterable[Run]]) -> Lacking:
    clauses = [c for c in borne.predicate.clauses if c.right is not None and c.op != "~="]
    compared = _compared(clauses, borne.resolve)
    if not compared or not all(r.holds for r in borne.evidence.clauses):
        return (
            "compares with every other value tried, and the checkable form compares with none on one axis",
            "say what it was compared with, or add a clause for each other value",
        )
    metric = clauses[0].metric
    lacking: dict[str, list[str]] = {}
    for key in sorted(compared):
        tried = {
            canonical_json(r.config[key])
            for r in runs()
            if r.is_evidence and metric in r.metrics and key in r.config
        }
        lacking[key] = sorted(tried - compared[key])
    key = min(lacking, key=lambda k: (len(lacking[k]), k))
    n = len(compared[key])
    said = number_of(word.of)
    if said is not None:
        if said == n:
            return None
        return f"of {word.of}: the checkable form compares {n} values of {key}", f"say 'of {n}'"
    repeated = rank(borne.evidence.label) >= rank("replicated")
    if not lacking[key] and word.word.lower().endswith(("est", "worst")) and repeated:
        return None
    if not lacking[key] and not repeated:
        why = f"is more than {borne.evidence.label} evidence bears: it needs replicated"
        return why, f"say 'best of {n}'"
    others = ", ".join(lacking[key][:_NAMED]) + (", …" if len(lacking[key]) > _NAMED else "")
    left = f", not {others}" if others else ", and nothing beyond them"
    return (
        f"is more than this: {n} of {n + len(lacking[key])} tried values of {key} are compared{left}",
        f"say 'best of {n}'" + (f", or add a clause for {key} = {others}" if others else ""),
    )


def _compared(
    clauses: Sequence[Clause], resolve: Callable[[Subject], list[Run]]
) -> dict[str, set[str]]:
    """Config key to the values that are compared on it: the left side's and each right side's."""
    per_key: dict[str, set[str]] = {}
    for i, clause in enumerate(clauses):
        left, right = resolve(clause.subject), resolve(clause.right or Subject())
        keys = {k for run in left for k in run.config}
        pairs = {k: (_one_value(left, k), _one_value(right, k)) for k in keys}
        differ = {
            k: {a, b} for k, (a, b) in pairs.items() if a is not None and b is not None and a != b
        }
        per_key = {
            k: per_key.get(k, set()) | v for k, v in differ.items() if i == 0 or k in per_key
        }
    return per_key


def _one_value(runs: list[Run], key: str) -> str | None:
    values = {
        canonical_json(run.config[key]) for run in runs if run.is_evidence and key in run.config
    }
    return next(iter(values)) if len(values) == 1 else None


_JUDGES: dict[str, Callable[[StrongWord, Borne, Callable[[], Iterable[Run]]], Lacking]] = {
    strong.BEST: _best,
    strong.EVERY: _every,
    strong.CLEAR: _clear,
    strong.SIZE: _size,
    strong.LABEL: _label,
    strong.PROOF: _proof,
    strong.NO_EFFECT: _no_effect,
    strong.COMPARES: _compares,
    strong.CAUSE: _proof,
    strong.ADVICE: _advice,
}
