"""The part of an issue body that Leadline derives, between two markers; everything outside belongs to people.

The opening marker carries a digest of the block as it was posted, so that an edit inside the block shows on any forge,
on any machine, without a memory of what was posted. The price is one line of comment in the body.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from leadline.core.canonical import digest_bytes

_OPENING = "<!-- leadline:begin sha256:{digest} (derived from records; write outside this block) -->"
_CLOSING = "<!-- leadline:end -->"
_BLOCK = re.compile(
    r"<!-- leadline:begin sha256:(?P<digest>[0-9a-f]{16})[^>\n]*-->\n(?P<text>.*?)\n?"
    r"<!-- leadline:end -->",
    re.S,
)


class Parts(NamedTuple):
    """``block`` is None when the body has no whole block. ``edited``: somebody changed it after it was posted."""

    before: str
    block: str | None
    after: str
    edited: bool


def wrap(text: str) -> str:
    """``text`` as a block. Markers inside ``text`` (quoted from a log, say) are made inert."""
    inner = _normal(text).replace("<!-- leadline:", "&lt;!-- leadline:")
    return f"{_OPENING.format(digest=_digest(inner))}\n{inner}\n{_CLOSING}"


def split(body: str) -> Parts:
    """The block of ``body`` and what stands around it. Of several blocks the first is Leadline's."""
    body = body.replace("\r\n", "\n")
    found = _BLOCK.search(body)
    if found is None:
        return Parts("", None, body, False)
    inner = found["text"]
    return Parts(body[: found.start()], inner, body[found.end() :], _digest(inner) != found["digest"])


def put(body: str, text: str) -> str:
    """``body`` with its block replaced by ``text``; without a block, the block goes first and all else stays below.
    Doing it twice is doing it once."""
    parts = split(body)
    if parts.block is None:
        return wrap(text) + (f"\n\n{parts.after}" if parts.after.strip() else "\n")
    return parts.before + wrap(text) + parts.after


def holds(body: str, text: str) -> bool:
    """Whether the block of ``body`` is ``text``, as posted."""
    parts = split(body)
    return parts.block is not None and not parts.edited and f"{wrap(text)}" == wrap(parts.block)


def _normal(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def _digest(text: str) -> str:
    return digest_bytes(_normal(text).encode())[7:23]
