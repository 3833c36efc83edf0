"""Of honest sentences few are refused, and of overclaims nearly all: measured on both.

The overclaims (``tests/data/overclaims.txt``) are said of a predicate that says next to nothing. The
honest sentences are those of real logbooks, read where they lie. A sentence is honest when its
numbers are in the record: so each number that was measured is cited here as its author would have
to, each setting is one of the thread's, and all that is left (names, counts, dates, steps, words)
stands as it was written.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from leadline.core.evidence.gloss import Borne, overclaims
from leadline.core.evidence.of_thread import evidence_of, runs_of_subject
from leadline.core.evidence.predicate import parse
from leadline.core.record.thread import Thread
from leadline.core.text.unbound import unbound_numbers
from leadline.testing.builders import ThreadBuilder

DATA = Path(__file__).parents[1] / "data"
OVERCLAIMS = (
    "overclaims.txt",
    "overclaims_more.txt",
    "overclaims_other_scripts.txt",
    "overclaims_fresh.txt",
)
LOGBOOKS = Path(__file__).parents[2].parent / "shared/data/logbooks"
OTHERS = LOGBOOKS.parent / "append-only"
TRIVIAL = "loss(arm=new) > 0"
FORMS = ("", "loss(arm=new) < loss(arm=old)", TRIVIAL)


def refused(texts: Iterable[str], thread: Thread, form: str = "") -> dict[str, list[str]]:
    """The texts of which something would be refused, and what: as the words of a claim of ``form``,
    or of a text that names no claim."""
    borne = []
    if form:
        found = evidence_of(thread, {"predicate": form})
        borne = [
            Borne(parse(form), found, lambda s: runs_of_subject(thread, s), metrics=thread.metrics)
        ]

    def of(text: str) -> list[str]:
        numbers = unbound_numbers(text, thread, {}, form)
        words = overclaims(text, borne, lambda: thread.runs, own=bool(form))
        return [n["number"] for n in numbers] + [w.word for w in words]

    return {text: found for text in texts if (found := of(text))}


def arms() -> Thread:
    b = ThreadBuilder(metrics=[("loss", "", "lower"), ("time_ms", "ms", "lower")])
    for seed in (1, 2, 3):
        same = {"seed": seed, "batch": 32, "workers": 4, "lr": 0.01}
        b.run("", {"loss": 1.0 + seed / 100}, {"arm": "new", **same})
        b.run("", {"loss": 2.0 + seed / 100}, {"arm": "old", **same})
    return b.thread()


@pytest.mark.parametrize("name", OVERCLAIMS)
@pytest.mark.parametrize("form", [TRIVIAL, ""])
def test_overclaims_are_refused(form: str, name: str) -> None:
    texts = (DATA / name).read_text(encoding="utf-8").splitlines()
    missed = set(texts) - refused(texts, arms(), form).keys()
    assert len(texts) >= 60 and len(missed) <= 0.05 * len(texts), missed


@pytest.mark.parametrize("form", ["loss(arm=new) < loss(arm=old)", ""])
def test_what_speaks_of_no_effect_is_let_through(form: str) -> None:
    """Plain words of somebody at work: how something is made, what was tried, what others say."""
    texts = (DATA / "honest_fresh.txt").read_text(encoding="utf-8").splitlines()
    stopped = refused(texts, arms(), form)
    assert len(texts) == 60 and len(stopped) <= 0.07 * len(texts), stopped


def test_overclaims_of_each_field_are_refused_where_the_form_compares_nothing() -> None:
    """From paper prose to idiom; what compares is judged by the form, so only of a claim's own words."""
    texts = (DATA / "overclaims_fields.txt").read_text(encoding="utf-8").splitlines()
    missed = set(texts) - refused(texts, arms(), TRIVIAL).keys()
    assert len(texts) > 200 and len(missed) <= 0.05 * len(texts), missed


@pytest.mark.parametrize("form", ["loss(arm=new) < loss(arm=old)", ""])
def test_glosses_that_say_what_was_done_are_let_through(form: str) -> None:
    texts = (DATA / "honest_glosses.txt").read_text(encoding="utf-8").splitlines()
    stopped = refused(texts, arms(), form)
    assert len(texts) > 150 and len(stopped) <= 0.02 * len(texts), stopped


@pytest.mark.parametrize("form", ["loss(arm=new) < loss(arm=old)", ""])
def test_what_is_denied_planned_left_open_or_known_is_let_through(form: str) -> None:
    texts = (DATA / "honest.txt").read_text(encoding="utf-8").splitlines()
    stopped = refused(texts, arms(), form)
    assert len(texts) >= 90 and len(stopped) <= 0.02 * len(texts), stopped


def unseen(writer: str, what: str) -> list[str]:
    path = DATA / "unseen" / f"{writer}_{what}.txt"
    return path.read_text(encoding="utf-8").splitlines()


@cache
def refused_unseen(writer: str, what: str, form: str = "") -> dict[str, list[str]]:
    return refused(unseen(writer, what), arms(), form)


@pytest.mark.parametrize("writers", ["d", "e", "dez"])
def test_sentences_that_nothing_was_learned_from_are_told_apart(writers: str) -> None:
    """Worse than this it is not; the figures are in ``docs/design/words.md``."""
    over, honest = (sum(len(unseen(w, what)) for w in writers) for what in ("over", "honest"))
    for_words = [
        said
        for writer in writers
        for said in refused_unseen(writer, "honest").values()
        if not all(any(map(str.isdigit, word)) for word in said)
    ]
    for form in FORMS:
        found = sum(len(refused_unseen(writer, "over", form)) for writer in writers)
        assert found >= 0.95 * over, form
    assert len(for_words) <= 0.02 * honest, for_words


def prose_of(path: Path) -> Iterator[str]:
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"^[ \t]*```.*?^[ \t]*```[^\n]*$", "", text, flags=re.S | re.M)
    text = re.sub(r"\n[ \t]+(?![-*] |\d+\. )", " ", text)  # a wrapped line
    for line in map(str.strip, text.splitlines()):
        if line and line[0] not in "#|":
            prose = re.sub(r"^(?:[-*]|\d+\.)\s+", "", line)
            yield from re.split(r"(?<=[.!?;])\s+(?=[A-Z*`(\[])", prose)


def long_enough(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", text)) >= 3


_TYPED = (
    r"(?<![\w.,#/`-])(?:\d+(?:\.\d+)?-)?[-+~]{0,2}(\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?)(?![\w,]*/\d)"
    r"(?P<unit>\s?(?:%|×|x\b|[KMG]B?\b|h\b|[mn]?s\b|minutes?\b|hours?\b|bytes?\b|times\b))?(?P<noun> [A-Za-z])?"
)
_CODE = r"`[^`]*`|https?://\S+|\S+/\S+"
_COUNT = r"\b(\d+)[- ](?:runs?|seeds?)\b"
_SETTING = r"\b([A-Za-z_]+)[= ](\d+)\b(?![.,]\d|\s?%|-)"


def in_its_thread(texts: list[str]) -> tuple[list[str], Thread]:
    """The texts with measured numbers cited, and the thread that has them and the settings."""
    metrics: dict[str, float] = {}
    config: dict[str, object] = {}

    def cited(m: re.Match[str]) -> str:
        value = float(m[1].replace(",", ""))
        counts = m["noun"] and value > 12
        if not (m["unit"] or counts or set(m[1]) & set(".,e")):
            return m[0]
        name = f"m{len(metrics)}"
        metrics[name] = value
        return f"{{{{P-001.{name}}}}}{m['unit'] or ''}{m['noun'] or ''}"

    said, counts = [], set()
    for text in texts:
        counts |= {int(n) for n in re.findall(_COUNT, text, re.I)}
        for key, value in re.findall(_SETTING, re.sub(_CODE, " ", text)):
            if key[0].islower() or key.isupper():
                config[f"{key}.{len(config)}"] = int(value)
        code = [(m.start(), m.end()) for m in re.finditer(_CODE, text)]
        at, parts = 0, []
        for start, end in [*code, (len(text), len(text))]:
            parts += [re.sub(_TYPED, cited, text[at:start]), text[start:end]]
            at = end
        said.append("".join(parts))
    b = ThreadBuilder(metrics=[("loss", "", "lower")])
    b.run("", {"loss": 1.0, **metrics}, config)
    thread = b.thread()
    known = {str(n): {"n": n} for n in counts}
    next(thread.runs).extraction["items"] = known  # type: ignore[typeddict-item]
    return said, thread


LOGS = [*sorted(LOGBOOKS.glob("*.md")), OTHERS / "nanochat_LOG.md"]


@pytest.mark.skipif(not LOGBOOKS.is_dir(), reason=f"the real logbooks are not here: {LOGBOOKS}")
@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_honest_sentences_are_let_through(path: Path) -> None:
    """``says_more.txt``: those that state a result as the best, everywhere or beyond doubt, and name
    no claim; they are to be refused."""
    more = (DATA / "says_more.txt").read_text(encoding="utf-8").splitlines()
    texts = [text for text in dict.fromkeys(prose_of(path)) if long_enough(text)]
    said, thread = in_its_thread(texts)
    stopped = refused(said, thread)
    honest = [text for text in stopped if not any(part in text for part in more)]
    assert len(said) > 20 and len(honest) <= 0.02 * len(said), honest


def headings() -> list[str]:
    with (LOGBOOKS / "heading_lines.tsv").open(encoding="utf-8") as file:
        texts = [row["label"] for row in csv.DictReader(file, delimiter="\t")]
    return [text for text in texts if long_enough(text)]


@pytest.mark.skipif(not LOGBOOKS.is_dir(), reason=f"the real logbooks are not here: {LOGBOOKS}")
def test_labels_of_entries_are_let_through() -> None:
    said, thread = in_its_thread(headings())
    stopped = refused(said, thread)
    assert len(said) >= 40 and len(stopped) <= 1, stopped


@pytest.mark.parametrize(
    "text",
    [
        "we ran a 3-point sweep of the learning rate",
        "the job stopped at the 180-min wall clock",
        "configurations: baseline × 2, new × 2, mixed × 3",
        "the 128/2L head was not tried",
        "new was not as fast as we hoped",
        "we do not know whether old is as good as new",
        "the learning rate is independent of the batch size in this config",
        "code review is free for anybody",
        "the run took no longer than the other",
        "no fewer than three seeds were used",
        "nobody should read this as a general result",
        "the comparison was over 3 seeds",
        "no artifact was saved",
        "the loader is as fast as before the change",
        "accuracy did not drop out of the log",
    ],
)
def test_names_of_settings_and_what_is_denied_are_no_results(text: str) -> None:
    assert not refused([text], arms())


@pytest.mark.parametrize(
    "text", ["a 3-point gain", "a 30-minute speedup", "new × 2 over old, time × 2", "128/2 of them"]
)
def test_a_result_that_looks_like_a_setting_is_one(text: str) -> None:
    assert refused([text], arms())
