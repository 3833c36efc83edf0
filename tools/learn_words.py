"""Learn the weights by which a sentence is judged (core/text/learned_weights.py) from the sentences in
tests/data and tests/data/words, and from honest prose of real logbooks where it lies beside the
project; write into docs/design/words.md what is refused of sentences that were not learned from.
With --check, fail when the weights are not what these give; without the logbooks, when their digest
is not that of the sentences. With --unseen, print how much the whole check, with all its other rules,
refuses of the sentences in tests/data/unseen, of which nothing is ever learned.

A file of sentences is one writer's overclaims or honest ones, one a line. The figures leave one
writer in so many out, with the logbooks, and the threshold is set on them: two of a hundred honest
sentences lie above it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from base64 import b85encode
from pathlib import Path
from zlib import compress

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one order of adding, so one result

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from leadline.core.text.learned import features_of, key_of  # noqa: E402
from leadline.core.text.strong_words import COMPARES, strong_words  # noqa: E402

sys.path.insert(0, str(ROOT / "tests" / "unit"))
import test_gloss_corpora as PROSE  # noqa: E402

DATA = ROOT / "tests" / "data"
WEIGHTS = ROOT / "src" / "leadline" / "core" / "text" / "learned_weights.py"
FEATURES = WEIGHTS.with_name("learned.py")
PAGE = ROOT / "docs" / "design" / "words.md"
BEGIN = "<!-- made by tools/learn_words.py: do not edit -->\n"
END = "<!-- end -->\n"
STALE = "core/text/learned_weights.py is not what the sentences give: python tools/learn_words.py"
EARLIER = {  # corpora of before, whose sentences speak of an arm "new" and one "old"
    "overclaims.txt": 1,
    "overclaims_more.txt": 1,
    "overclaims_fresh.txt": 1,
    "overclaims_fields.txt": 1,
    "honest.txt": 0,
    "honest_fresh.txt": 0,
    "honest_glosses.txt": 0,
}
DOUBTS = 0.05  # how strongly large weights are held down
OF_A_WRITER = 3.0  # against a sentence of the earlier corpora
KEPT = 34_500  # features
FOLDS = 6
FEW = 0.3  # of a feature, as if it had been seen so often in each sort of sentence
HONEST_REFUSED = 0.02
PASSES = 200


class Sentence:
    def __init__(self, text: str, says_more: int, writer: str) -> None:
        self.text, self.says_more, self.writer = text, says_more, writer


def read() -> list[Sentence]:
    found = []
    for name, says_more in EARLIER.items():
        texts = _lines(DATA / name)
        if name == "overclaims_fields.txt":  # a comparison is judged by the form of the claim
            texts = [text for text in texts if {w.kind for w in strong_words(text)} - {COMPARES}]
        found += [Sentence(text, says_more, "earlier") for text in texts]
    for path in sorted((DATA / "words").glob("*_*.txt")):
        writer, _, what = path.stem.partition("_")
        found += [Sentence(text, int(what == "over"), writer) for text in _lines(path)]
    return found


def of_logbooks() -> list[Sentence]:
    """What real logbooks say, where they lie beside this project: they are not part of it."""
    if not PROSE.LOGBOOKS.is_dir():
        return []
    more = _lines(DATA / "says_more.txt")
    found = []
    for path in PROSE.LOGS:
        texts = [text for text in dict.fromkeys(PROSE.prose_of(path)) if PROSE.long_enough(text)]
        said, _ = PROSE.in_its_thread(texts)
        honest = [text for text in said if not any(part in text for part in more)]
        found += [Sentence(text, 0, path.stem) for text in honest]
    return found + [Sentence(text, 0, "headings") for text in PROSE.headings()]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def digest() -> str:
    """Of all that the weights come from and that is part of the project."""
    of = [f"{s.writer}\t{s.says_more}\t{s.text}" for s in read()]
    of += [
        FEATURES.read_text(encoding="utf-8"),
        f"{DOUBTS} {OF_A_WRITER} {KEPT} {HONEST_REFUSED} {FEW}",
    ]
    return hashlib.sha256("\n".join(of).encode()).hexdigest()[:16]


def rows(found: list[set[int]], column: dict[int, int]) -> sparse.csr_matrix:
    """One row a sentence: its features, each by the square root of how many it has."""
    values, columns, ends = [], [], [0]
    for of in found:
        known = sorted(column[h] for h in of if h in column)
        columns += known
        values += [len(of) ** -0.5] * len(known)
        ends.append(len(columns))
    return sparse.csr_matrix((values, columns, ends), shape=(len(found), len(column)))


def fit(x: sparse.csr_matrix, says_more: np.ndarray, counts: np.ndarray) -> np.ndarray:
    sign, across = 2 * says_more - 1, x.T.tocsr()

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        z = sign * (x @ b)
        slope = -counts * sign * np.exp(-np.logaddexp(0, z))
        return (
            counts * np.logaddexp(0, -z)
        ).sum() + 0.5 * DOUBTS * b @ b, across @ slope + DOUBTS * b

    start = np.zeros(x.shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": PASSES}).x


def how_much_each_tells(
    x: sparse.csr_matrix, says_more: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Of each feature: how much more often the one sort of sentence has it, 1 on average. Features
    scaled by it are learned from with most regard to those that tell the sorts apart."""
    has = (x > 0).T.astype(float)
    more, less = FEW + has @ (counts * says_more), FEW + has @ (counts * (1 - says_more))
    ratio = np.abs(np.log(more / more.sum()) - np.log(less / less.sum()))
    return ratio / ratio.mean()


class Learned:
    def __init__(self, sentences: list[Sentence]) -> None:
        self.writers = np.array([s.writer for s in sentences])
        self.says_more = np.array([s.says_more for s in sentences], float)
        one = np.isin(self.writers, ["earlier", "headings", *(path.stem for path in PROSE.LOGS)])
        self.counts = np.where(one, 1.0, OF_A_WRITER)
        self.found = [hashed(s.text) for s in sentences]

    def weights(self, of: np.ndarray) -> dict[int, float]:
        """Hash of a feature to its weight, learned from those sentences."""
        seen: dict[int, int] = {}
        for i in np.flatnonzero(of):
            for h in self.found[i]:
                seen[h] = seen.get(h, 0) + 1
        column = {h: i for i, h in enumerate(sorted(h for h, n in seen.items() if n > 1))}
        x = rows([self.found[i] for i in np.flatnonzero(of)], column)
        tells = how_much_each_tells(x, self.says_more[of], self.counts[of])
        b = tells * fit(x @ sparse.diags(tells), self.says_more[of], self.counts[of])
        kept = sorted(column, key=lambda h: -abs(b[column[h]]))[:KEPT]
        return {h: float(b[column[h]]) for h in kept}

    def scores(self, weights: dict[int, float], of: np.ndarray) -> np.ndarray:
        return np.array([score(self.found[i], weights) for i in np.flatnonzero(of)])

    def held_out(self) -> np.ndarray:
        """The score of each sentence by weights that its writer had no part in; of the earlier
        corpora, none."""
        out = np.full(len(self.found), np.nan)
        writers = sorted(set(self.writers) - {"earlier", "plain", "decide"})
        for fold in range(FOLDS):
            of = np.isin(self.writers, writers[fold::FOLDS])
            out[of] = self.scores(self.weights(~of), of)
        return out


def hashed(text: str) -> set[int]:
    return {key_of(f) for f in features_of(text)}


def score(found: set[int], weights: dict[int, float]) -> float:
    return sum(weights.get(h, 0.0) for h in found) / max(1, len(found)) ** 0.5


def threshold(scores: np.ndarray, says_more: np.ndarray) -> float:
    honest = np.sort(scores[(says_more == 0) & ~np.isnan(scores)])
    return float(honest[int((1 - HONEST_REFUSED) * len(honest))])


def table(learned: Learned, scores: np.ndarray, at: float) -> str:
    lines = [
        "| writer left out | overclaims | refused | honest | refused |",
        "|---|---|---|---|---|",
    ]
    known = ~np.isnan(scores)
    for writer in [*sorted(set(learned.writers[known])), "all"]:
        of = known & ((learned.writers == writer) | (writer == "all"))
        over, honest = (scores[of & (learned.says_more == what)] > at for what in (1, 0))
        lines.append(
            f"| {writer} | {len(over)} | {_rate(over)} | {len(honest)} | {_rate(honest)} |"
        )
    return "\n".join(lines) + "\n"


def _rate(refused: np.ndarray) -> str:
    return f"{refused.mean():.1%}" if len(refused) else "-"


def file_of(weights: dict[int, float], at: float, of: str) -> str:
    step = max(abs(w) for w in weights.values()) / 127
    steps = {h: round(w / step) for h, w in sorted(weights.items())}
    kept = {h: n for h, n in steps.items() if n}
    apart = np.diff(np.array([0, *kept]))
    assert apart.max() < 1 << 16, "two bytes hold how far a hash is from the one before"
    low, high = apart & 255, apart >> 8
    packed = bytes([*low, *high]) + np.array(list(kept.values()), dtype="i1").tobytes()
    text = b85encode(compress(packed, 9)).decode()
    lines = "\n".join(f'    "{text[i : i + 90]}"' for i in range(0, len(text), 90))
    return (
        '"""Made by tools/learn_words.py: do not edit. What it holds is said in learned.py."""\n\n'
        f'LEARNED_FROM = "{of}"\nSTEP = {step!r}\nTHRESHOLD = {at!r}\nFEATURES = {len(kept)}\n'
        f"PACKED = (\n{lines}\n)\n"
    )


def of_the_unseen() -> str:
    """What is refused in a text that names no claim, and in the words of a claim that compares and
    of one that does not."""
    thread = PROSE.arms()
    lines = [
        "| writer | overclaims | refused | of a claim that compares | of one that does not "
        "| honest | refused | for its words |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted((DATA / "unseen").glob("*_over.txt")):
        over, honest = _lines(path), _lines(path.with_name(path.name.replace("over", "honest")))
        found = " | ".join(
            f"{len(PROSE.refused(over, thread, f)) / len(over):.1%}" for f in PROSE.FORMS
        )
        stopped = PROSE.refused(honest, thread)
        by_words = sum(not all(map(_has_digit, said)) for said in stopped.values())
        shares = f"{len(stopped) / len(honest):.1%} | {by_words / len(honest):.1%}"
        lines.append(f"| {path.name[0]} | {len(over)} | {found} | {len(honest)} | {shares} |")
    return "\n".join(lines)


def _has_digit(said: str) -> bool:
    return any(map(str.isdigit, said))


def main() -> None:
    if "--unseen" in sys.argv:
        print(of_the_unseen())
        return
    beside = of_logbooks()
    if "--check" in sys.argv and not beside:
        if f'"{digest()}"' not in WEIGHTS.read_text(encoding="utf-8"):
            sys.exit(STALE)
        return
    learned = Learned([*read(), *beside])
    scores = learned.held_out()
    at = threshold(scores, learned.says_more)
    weights = learned.weights(np.full(len(scores), fill_value=True))
    made = file_of(weights, round(at, 6), digest())
    if "--check" in sys.argv:
        if WEIGHTS.read_text(encoding="utf-8") != made:
            sys.exit(STALE)
        return
    WEIGHTS.write_text(made, encoding="utf-8")
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    figures = table(learned, scores, at)
    PAGE.write_text(before + BEGIN + figures + END + rest.split(END)[1], encoding="utf-8")
    print(figures)


if __name__ == "__main__":
    main()
