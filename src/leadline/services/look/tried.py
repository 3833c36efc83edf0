"""``leadline tried``: what was tried before, over all threads, negative results first."""

from __future__ import annotations

import re

from leadline.core.errors import usage
from leadline.core.ids import experiment_of
from leadline.core.typed import Any
from leadline.services.context import Context


def tried(context: Context, words: list[str], limit: int) -> tuple[list[dict[str, Any]], int]:
    """Hits over all threads, negative ones first, shortened to the sentence around the first word."""
    terms = [w for word in words for w in re.findall(r"[^\W_]+|\d+", word)]
    if not terms:
        raise usage("no-words", "no words to look for", do="leadline tried lzma preset")
    found, _ = context.store.search(terms, -1)
    hits: dict[tuple[str, str, str], dict[str, Any]] = {}
    for hit in found:  # repeats of an experiment that ended alike are one hit
        name = (
            experiment_of(hit["id"]) if hit["kind"].startswith("run") else hit["id"] or hit["uid"]
        )
        first = hits.setdefault((hit["topic"], name, hit["kind"]), {**hit, "times": 0})
        first["times"] += 1
    shown = list(hits.values())[:limit]
    for hit in shown:
        hit["text"] = _around(hit["text"], terms[0])
        hit["negative"] = bool(hit["negative"])
        if hit["negative"] and hit["kind"] == "note":
            note = context.store.thread(hit["topic"]).items.get(hit["id"])
            hit["reason_class"] = (
                str(note.body.get("reason_class") or "unclassified") if note else "unclassified"
            )
    return shown, len(hits)


def _around(text: str, word: str, width: int = 160) -> str:
    flat = " ".join(text.split())
    at = flat.lower().find(word.lower())
    start = max(0, min(at - width // 3, len(flat) - width)) if at >= 0 else 0
    return (
        ("…" if start else "")
        + flat[start : start + width]
        + ("…" if start + width < len(flat) else "")
    )
