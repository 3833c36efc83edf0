"""Secrets in the bytes of a file: whether they may enter git's object database, or go to a tracker.

The whole file is searched, a piece at a time, with pieces that overlap. What counts is less than in
a text that somebody types: names beside values are what programs consist of, and a file wrongly left
out makes a code state another one. What a command made is no part of one: where it is no program it
is searched as a text too. A file that differs from the version that HEAD has is judged by
what that does not hold: it adds nothing, so it is not the place to stop it. Of a binary file the
tokens and the values of the environment count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from leadline.core.secrets.environment import MIN_SECRET_CHARS, forms_of
from leadline.core.secrets.named import Given, given_in, is_code_secret, logins_in
from leadline.core.secrets.shapes import COMMON, TOKENS, Shape, whole_token
from leadline.core.secrets.words import drawn, made_up, mixed, random_looking, small
from leadline.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import BinaryIO

PIECE_BYTES = 1 << 20
LARGE_TEXT_BYTES = 256 << 20
LARGE_BINARY_BYTES = 64 << 20
NAMED_BYTES = 8 << 20  # so far into a file, issuers of keys without a shape are looked for by name
OVERLAP_CHARS = 8 * 1024  # no token that is told from others by less is longer
AS_TEXT_BYTES = 1 << 20  # of a file that is no program: so much is searched as a text besides
SAMPLE_BYTES = 8000  # a NUL in it: not a text, as for git
_SHORTEST_TOKEN = 14
_ANY_CASE_CHARS = 12
_PROGRAM = r"(?i:\.(?:pyi?|ipynb|(?:ba)?sh|cc?|cpp|cu|hp?p?|m?js|ts|jl|r|lua|pl|rb|go|rs|java|sql|html|patch|diff))$"
# what a token consists of stays, everything else parts words
_OF_TOKENS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~+/|:=@")
_WORDS_ONLY = bytes(ord(" ") if code not in _OF_TOKENS else code for code in range(256))
_KEY_BLOCK = (
    r"-----BEGIN [A-Z0-9 _-]{0,100}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[ \t]*(?:\r?\n|$)|(?:\\r)?\\n)(?P<body>[A-Za-z0-9+/=\\\s:,-]{0,200})"
)
_WHOLE_BLOCK_CHARS = 40
_PART_OF_BLOCK_CHARS = 12
_OTHERS: tuple[Shape, ...] = (
    ("a private key", ("PuTTY-User-Key-File-",), r"PuTTY-User-Key-File-[0-9]"),
    ("an address with a password", ("://",),
     r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\[\]\"'<>]*:(?P<value>[^\s/@\"'<>{}$%()\\]{12,})@"),
    ("an address with a token", ("@",), r"\bhttps?://(?P<value>[A-Za-z0-9_-]{20,})@"),
    ("an authorization", ("uthorization", "UTHORIZATION"),
     r"(?i:authorization)\\?[\"']?\s*[:=,]\s*\\?[\"']?(?:(?i:bearer|basic|token)\s+)(?P<value>[A-Za-z0-9._~+/=-]{20,})"),
    ("a login", ("-u",), r"(?<![\w-])(?:-u|--user)[ =]+[\"']?[^\s:\"'/]{1,60}:(?P<value>[^\s\"'/\[\]$]{12,})"),
    ("a signed address", ("sig=", "ignature=", "oken=", "key=", "Key="),
     r"(?i:[?&#](?:sig|signature|x-amz-signature|(?:access_?|auth_?)?token|api_?key)=)(?P<value>[A-Za-z0-9%/+=_-]{24,})"),
    ("a cookie", ("ookie:",), r"(?i:\bcookie:)\s*[\w.-]{1,40}=(?P<value>[A-Za-z0-9%/+_-]{16,})"),
    ("the value of a flag", ("-token", "-pass", "-secret", "-api-key"),
     r"--(?:[a-z]+-)?(?:token|password|passphrase|secret|api-key)[ =](?P<value>[A-Za-z0-9_-]{12,})"),
    ("a package registry token", ("_authToken",), r"_authToken\s*=\s*[^\s$]{8,}"),
    ("a storage key", ("ccountKey=",), r"AccountKey=(?P<value>[A-Za-z0-9+/=]{40,})"),
    ("a service account key", ("service_account",),
     r'"type"\s*:\s*"service_account"[\s\S]{0,4000}"private_key"'),
    ("a cluster secret", ("Secret",),
     r"\bkind:\s*[\"']?Secret\b(?:(?!\n---)[\s\S]){0,400}?\n(?:string)?[dD]ata:(?:(?!\n---)[\s\S]){0,400}?:\s*[\"']?(?P<value>[A-Za-z0-9+/]{12,}={0,2})"),
    ("a cluster secret", ("Secret",),
     r"\n?\b(?:string)?[dD]ata:(?:(?!\n---)[\s\S]){0,200}?:\s*[\"']?(?P<value>[A-Za-z0-9+/]{12,}={0,2})(?:(?!\n---)[\s\S]){0,400}?\nkind:\s*[\"']?Secret\b"),
    ("cluster credentials", ("-token",), r"(?m)^\s*(?:id|refresh)-token\s*:\s*(?P<value>\S{16,})"),
)  # fmt: skip


_QUOTES = ("'", '"', "`")


class Found(NamedTuple):
    """``text`` tells one secret from another; nothing may print it."""

    what: str
    text: str


class ContentRules:
    """What to look for besides shapes: the values of an environment. ``passes`` says of a text that
    somebody declared it to be none."""

    def __init__(
        self,
        secrets: Mapping[str, str] | None = None,
        passes: Callable[[str], bool] = lambda text: False,
    ) -> None:
        self._forms: dict[str, str] = {}
        for name, value in (secrets or {}).items():
            if len(value) >= max(MIN_SECRET_CHARS, 8):
                for form in forms_of(value):
                    as_bytes = form.encode("utf-8", "surrogateescape").decode("latin-1")
                    self._forms.setdefault(as_bytes, name)
        self._passes = passes

    def may_pass(self, text: str) -> bool:
        """Whether somebody declared ``text`` to be no secret."""
        return self._passes(text)

    def found_in(self, pieces: Iterable[bytes]) -> Iterator[Found]:
        """Every secret of a file that comes in ``pieces``, some of them more than once."""
        kept, binary, seen_bytes = "", None, 0
        for piece in pieces:
            if piece.count(0) == len(piece):
                continue
            seen_bytes += len(piece)
            if binary is None:
                binary = b"\0" in piece[:SAMPLE_BYTES]
            if b"\0" in piece:  # text of two bytes a letter looks like one with NULs between
                yield from self._tokens(piece.replace(b"\0", b""), binary=True)
            text = kept + piece.decode("latin-1")
            by_issuer = seen_bytes <= NAMED_BYTES
            yield from self._in(text, binary, len(text) - OVERLAP_CHARS, by_issuer)
            kept = text[-2 * OVERLAP_CHARS :]
        if kept:
            yield from self._in(kept, bool(binary), len(kept), seen_bytes <= NAMED_BYTES)

    def _in(self, text: str, binary: bool, until: int, by_issuer: bool) -> Iterator[Found]:
        """What begins before ``until``: behind it, the next piece shows the whole."""
        if until <= 0:
            return
        yield from self._tokens(text.encode("latin-1"), binary, until)
        yield from self._values(text)
        if not binary and not text.isascii():  # what begins further on now is found once more
            text = text.encode("latin-1").decode("utf-8", "replace")
        for what, value, start in _phrases(text, binary, by_issuer):
            if start < until and not self._passes(value):
                yield Found(what, value)

    def _tokens(self, data: bytes, binary: bool, until: int | None = None) -> Iterator[Found]:
        shown = data[:until].translate(_WORDS_ONLY)
        if until is not None and until < len(data) and b" " in shown:
            shown = shown[: shown.rindex(b" ")]  # the next piece has the last word whole
        words = [word for word in shown.split() if len(word) >= _SHORTEST_TOKEN]
        if not words:
            return
        text = b"\n".join(words).decode("latin-1")
        for kind, hints, pattern in (*TOKENS, *COMMON):
            if any(hint in text for hint in hints):
                for match in re.finditer(whole_token(pattern), text):
                    value = match.group()
                    chance = value.endswith("EXAMPLE") or (binary and _by_chance(value))
                    if not chance and not self._passes(value):
                        yield Found(f"a {kind}", value)

    def _values(self, text: str) -> Iterator[Found]:
        if not self._forms:
            return
        lower = small(text)
        for form, name in self._forms.items():
            held = small(form) in lower if len(form) >= _ANY_CASE_CHARS else form in text
            if held and not self._passes(form):
                yield Found(f"the value of ${name}", form)


def _phrases(text: str, binary: bool, by_issuer: bool) -> Iterator[tuple[str, str, int]]:
    if "PRIVATE KEY" in text:
        for block in re.finditer(_KEY_BLOCK, text):
            body = re.sub(r"\\[rn]|\s", "", block["body"]).partition("-----")[0]
            in_code = binary or "\\n" in block.group()
            long_enough = len(body) >= (_WHOLE_BLOCK_CHARS if in_code else _PART_OF_BLOCK_CHARS)
            if (long_enough and len(set(body)) > 6) or not (body or in_code):
                yield "a private key", body[:_WHOLE_BLOCK_CHARS] or block.group(), block.start()
    if binary:
        return
    for what, hints, pattern in _OTHERS:
        if any(hint in text for hint in hints):
            for match in re.finditer(pattern, text):
                value = match.groupdict().get("value", match.group())
                if "value" not in match.groupdict() or (
                    random_looking(value) and not made_up(value)
                ):
                    yield what, value, match.start()
    for what, value, start in logins_in(text):
        if random_looking(value) and not made_up(value):
            yield f"a {what}", value, start
    for given in given_in(text, by_issuer):
        shell = given.name.isupper()
        in_no_order = drawn(given.value) and (shell or not given.loose)
        told = given.quoted or in_no_order or (shell and given.sure and mixed(given.value))
        if is_code_secret(given) and (told or _stands_alone(text, given)):
            yield f"a secret named {given.name[-60:]}", given.value, given.start


def _by_chance(token: str) -> bool:
    """Whether a token among bytes may be names that stand side by side: without a digit, and too
    seldom another case for letters drawn at random."""
    upper = [letter.isupper() for letter in token]
    changes = sum(upper[at] != upper[at - 1] for at in range(1, len(upper)))
    return not any(c.isdigit() for c in token) and changes < len(token) // 4


def only_public(data: bytes) -> bool:
    """Whether a file whose name ends as those of keys do holds certificates and the like alone."""
    blocks = re.findall(rb"-----BEGIN ([A-Z0-9 ]+)-----", data)
    return bool(blocks) and not any(b"PRIVATE" in block for block in blocks)


def _stands_alone(text: str, given: Given) -> bool:
    """Whether a line is the assignment and nothing else, as in an environment file."""
    begin = text.rfind("\n", 0, given.start) + 1
    end = text.find("\n", given.end)
    line = text[begin : end if end >= 0 else len(text)].strip()
    bare = re.sub(r"^(?:(?:export|set|setenv|-|#+|//+|--|;|\*)\s*)*", "", line)
    if bare.startswith(given.name) and bare.endswith(given.value):
        return True
    # a text that is the assignment and nothing else
    name_at = text.rfind(given.name, begin, given.start)
    return text[name_at - 1 : name_at] in _QUOTES and text[given.end : given.end + 1] in (
        *_QUOTES,
        "\\",
    )


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """What a file holds, a piece at a time. Of one larger than any text that a person reads, the
    beginning and the end: there the formats of large files have what is not data."""
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    begin, binary = 0, None
    while piece := file.read(PIECE_BYTES):
        if binary is None:
            binary = b"\0" in piece[:SAMPLE_BYTES]
        yield piece
        begin += len(piece)
        most = LARGE_BINARY_BYTES if binary else LARGE_TEXT_BYTES
        if begin == most // 2 and size_bytes > most:
            file.seek(size_bytes - most // 2)


def text_in(file: BinaryIO, name: str) -> str:
    """What is searched as a text besides, of a file called ``name`` that a command made: the beginning
    and the end of a long one; nothing of a program and of a binary file."""
    if re.search(_PROGRAM, name):
        return ""
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = file.read(AS_TEXT_BYTES if size_bytes <= AS_TEXT_BYTES else AS_TEXT_BYTES // 2)
    if b"\0" in data[:SAMPLE_BYTES]:
        return ""
    if size_bytes > len(data):
        file.seek(size_bytes - AS_TEXT_BYTES // 2)
        data += b"\n" + file.read()
    return data.decode("utf-8", "replace")


def reason_of(found: Iterable[Found]) -> str | None:
    """Why a file with these looks like a secret: the first of them, never its value."""
    first = next(iter(found), None)
    return f"its content holds {first.what}" if first is not None else None
