"""The part of an issue body that Leadline derives, between two markers; everything outside belongs
to people.

The opening marker carries a digest of the block as it was posted, so that an edit inside the block
shows on any forge, on any machine, without a memory of what was posted. The price is one line of
comment in the body. What stands outside is given back byte for byte: line ends as well, of which a
browser sends another kind than an API client.

>>> body = put("Written by people.", "Derived.")
>>> block_of(body), holds(body, "Derived."), "Written by people." in outside(body)
('Derived.', True, True)
"""

from __future__ import annotations

import re

from leadline.core.canonical import digest_bytes
from leadline.core.patterns import later
from leadline.core.typed import NamedTuple

_OPENING = (
    "<!-- leadline:begin sha256:{digest} (derived from records; write outside this block) -->"
)
_CLOSING = "<!-- leadline:end -->"
_BLOCK = later(
    r"<!-- leadline:begin(?: sha256:(?P<digest>[0-9a-f]{16}))?[^<>\n]*-->[ \t]*\r?\n"
    r"(?P<text>(?:(?!<!-- leadline:begin).)*?)(?:\r?\n)?"
    r"<!-- leadline:end -->",
    re.S,
)


class Parts(NamedTuple):
    """``block`` is None when the body has no whole block. ``edited``: somebody changed it after it
    was posted. ``before`` and ``after`` are the body's own characters; ``block`` has single
    newlines."""

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
    found = _BLOCK.search(body)
    if found is None:
        return Parts("", None, body, False)
    inner = _newlines(found["text"])
    return Parts(
        body[: found.start()], inner, body[found.end() :], _digest(inner) != found["digest"]
    )


def put(body: str, text: str, below: bool = False) -> str:
    """``body`` with its block replaced by ``text``; without a block, the block goes first and all
    else stays below it (``below``: the other way round, for an issue that people wrote). Doing it
    twice is doing it once."""
    parts = split(body)
    if parts.block is not None:
        return parts.before + wrap(text) + parts.after
    if not parts.after.strip():
        return wrap(text) + "\n" + parts.after
    return f"{parts.after}\n\n{wrap(text)}\n" if below else f"{wrap(text)}\n\n{parts.after}"


def outside(body: str) -> str:
    """What of ``body`` belongs to people, the places of the block's edges kept apart."""
    parts = split(body)
    return parts.before + "\0" + parts.after if parts.block is not None else parts.after


def block_of(body: str) -> str:
    """The text of the block, "" without one."""
    return split(body).block or ""


def holds(body: str, text: str) -> bool:
    """Whether the block of ``body`` is ``text``, as posted."""
    parts = split(body)
    return parts.block is not None and not parts.edited and f"{wrap(text)}" == wrap(parts.block)


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _normal(text: str) -> str:
    lines = [line.rstrip() for line in _newlines(text).split("\n")]
    return "\n".join(lines).strip("\n")


def _digest(text: str) -> str:
    return digest_bytes(_normal(text).encode("utf-8", "surrogatepass"))[7:23]


# what the two markers cost
OVERHEAD_CHARS = len(_OPENING.format(digest="0" * 16)) + len(_CLOSING) + 2
