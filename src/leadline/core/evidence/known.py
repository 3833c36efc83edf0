"""The evidence of claims and hypotheses for who may ask for it: what computes it is loaded when something is
computed."""

from __future__ import annotations

import json

from leadline.core.evidence.found import Evidence, Sentence, judged, said_of
from leadline.core.record.kept import Judged
from leadline.core.typed import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leadline.core.record.bodies import JudgedBody
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
    alone: of a thread that is looked at they are known."""
    whole = evidence_for(thread)
    read: dict[str, Judged] = {}

    def known(item: Item) -> Judged | None:
        if thread.kept is not None:
            return thread.kept.label(item.uid)
        if thread.told is not None and item.uid not in read:
            said = thread.told_once(item, "label", lambda item: json.dumps(judged(whole(item))))
            read[item.uid] = Judged(*json.loads(said))
        return read.get(item.uid)

    def of(item: Item) -> Evidence:
        found = known(item)
        if found is None:
            return whole(item)
        said = Sentence(said_of(found.label), found.brief, tuple(found.parts))
        return Evidence(found.label, counted=found.counted, missing=found.missing, sentence=said)

    return of


def labels_of_claims(thread: Thread) -> Iterable[tuple[str, Evidence | Judged]]:
    """The id and the evidence of every standing claim, as ``labels_for`` knows it, in order."""
    if thread.kept is not None:
        return thread.kept.labels()
    found = labels_for(thread)
    return ((claim.id, found(claim)) for claim in thread.claims if claim.stands)
