"""What a reader of a label has to know beside it: each mark is said in every form of the claim's sentence, and may
bound the label."""

from __future__ import annotations

from leadline.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """``code`` names the kind, for programs. ``short``: at most six words, for the short sentence. ``full``: one
    sentence for the full one. ``caps``: the highest label that the runs bear with it, "" where it bounds none."""

    code: str
    short: str
    full: str
    caps: str = ""
