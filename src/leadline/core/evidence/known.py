"""The evidence of claims and hypotheses for who may ask for it: what computes it is loaded when something is
computed."""

from __future__ import annotations

from leadline.core.evidence.found import Evidence, Sentence, said_of
from leadline.core.typed import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leadline.core.record.bodies import JudgedBody
    from leadline.core.record.kept import Judged
    from leadline.core.record.thread import Item, Thread


def evidence_for(thread: Thread) -> Callable[[Item], Evidence]:
    """The evidence of any claim or hypothesis of ``thread`` as it is now; each is computed once."""
    known: dict[tuple[str, int], Evidence] = {}

    def of(item: Item) -> Evidence:
        from leadline.core.evidence.of_thread import evidence_of  # noqa: PLC0415  start-up: 8 ms

        key = (item.uid, thread.record_count)
        if key not in known:
            known[key] = evidence_of(thread, cast("JudgedBody", item.body), item.uid)
        return known[key]

    return of


def labels_for(thread: Thread) -> Callable[[Item], Evidence]:
    """As ``evidence_for``, for who asks for ``label``, ``counted``, ``missing`` and the sentence
    alone: of a kept thread they are known."""
    whole = evidence_for(thread)

    def of(item: Item) -> Evidence:
        known = thread.kept.label(item.uid) if thread.kept is not None else None
        if known is None:
            return whole(item)
        said = Sentence(said_of(known.label), known.brief, tuple(known.parts))
        return Evidence(known.label, counted=known.counted, missing=known.missing, sentence=said)

    return of


def labels_of_claims(thread: Thread) -> Iterable[tuple[str, Evidence | Judged]]:
    """The id and the evidence of every standing claim, as ``labels_for`` knows it, in order."""
    if thread.kept is not None:
        return thread.kept.labels()
    found = evidence_for(thread)
    return ((claim.id, found(claim)) for claim in thread.claims if claim.stands)
