"""``leadline tried``: what was tried before, over all threads, negative results first."""

from __future__ import annotations

import re

from leadline.core.errors import usage
from leadline.core.ids import experiment_of
from leadline.core.record.search_text import Hit
from leadline.core.text.citation import render as cited
from leadline.core.values import as_dict, dataclass
from leadline.core.view.facts import CITING
from leadline.services.context import Context


@dataclass(frozen=True)
class Tried:
    """One hit. ``times``: how many runs of an experiment ended like this; ``reason_class``: why a
    note calls it negative, "" for the rest."""

    topic: str
    uid: str
    kind: str
    id: str
    negative: bool
    text: str
    times: int
    reason_class: str

    def as_dict(self) -> dict[str, object]:
        data: dict[str, object] = as_dict(self)
        if not self.reason_class:
            del data["reason_class"]
        return data


def tried(context: Context, words: list[str], limit: int) -> tuple[list[Tried], int]:
    """Hits over all threads, negative ones first, shortened to the sentence around the first word."""
    terms = [w for word in words for w in re.findall(r"[^\W_]+|\d+", word)]
    if not terms:
        raise usage("no-words", "no words to look for", do="leadline tried lzma preset")
    found, _ = context.read_model.search(terms, -1)
    alike: dict[tuple[str, str, str], list[Hit]] = {}
    for hit in found:  # repeats of an experiment that ended alike are one hit
        name = experiment_of(hit.id) if hit.kind.startswith("run") else hit.id or hit.uid
        alike.setdefault((hit.topic, name, hit.kind), []).append(hit)
    return [
        Tried(
            topic=first.topic,
            uid=first.uid,
            kind=first.kind,
            id=first.id,
            negative=first.negative,
            text=_around(_resolved(context, first), terms[0]),
            times=1 + len(others),
            reason_class=_reason_class(context, first),
        )
        for first, *others in list(alike.values())[:limit]
    ], len(alike)


def _resolved(context: Context, hit: Hit) -> str:
    """Its text with the numbers that its citations stood for; it is searched as it was written, but
    without their braces."""
    if hit.kind not in CITING:
        return hit.text
    thread = context.store.slice(hit.topic, [hit.id], ())
    item = thread.items.get(hit.id)
    if item is None or "{{" not in item.text:
        return hit.text
    written = " ".join(item.text.replace("{{", "").replace("}}", "").split())
    said = cited(item.text, thread, item.refs, item.body.get("bound"))
    return " ".join(hit.text.split()).replace(written, said)


def _reason_class(context: Context, hit: Hit) -> str:
    if not hit.negative or hit.kind != "note":
        return ""
    note = context.store.slice(hit.topic, [hit.id], ()).items.get(hit.id)
    return str((note.body.get("reason_class") if note else "") or "unclassified")


def _around(text: str, word: str, width: int = 160) -> str:
    flat = " ".join(text.split())
    at = flat.lower().find(word.lower())
    start = max(0, min(at - width // 3, len(flat) - width)) if at >= 0 else 0
    before = "…" if start else ""
    after = "…" if start + width < len(flat) else ""
    return before + flat[start : start + width] + after
