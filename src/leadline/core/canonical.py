"""Canonical JSON and digests: the byte form that hash chains, keys and equality rest on."""

from __future__ import annotations

import json
import math
import os
import sys

from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO, TypeGuard

PIECE_BYTES = 1 << 20


_encode = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,  # ``finite`` has been through it
).encode


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, UTF-8 as is. NaN and infinities become strings, since JSON has none,
    and bytes of a name that are no UTF-8 (lone surrogates in it) become escapes.

    Raises TypeError for a value without a stable form (an object, a set, a callable).
    """
    text = _written_at_once(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _encode(_whole(finite(value)))
    return text


def _written_at_once(value: Any) -> str:
    """Without a copy where there is nothing to put right in it: most records are written so."""
    if _names_are_texts(value):
        try:
            return _encode(value)
        except ValueError:  # NaN or an infinity
            pass
    return _encode(finite(value))


def _names_are_texts(value: Any) -> bool:
    """Whether it consists of nothing but dicts with texts for names, lists, and what they hold."""
    kind = type(value)
    if kind is dict:
        for name in value:
            if type(name) is not str:
                return False
        value = value.values()
    elif kind is not list:
        return kind in _WRITTEN_AS_THEY_ARE
    for inner in value:
        if type(inner) in _WRITTEN_AS_THEY_ARE:
            continue
        if not _names_are_texts(inner):
            return False
    return True


def _whole(value: Any) -> Any:
    """Where the locale knows no UTF-8 the halves are put together, too."""
    if isinstance(value, str):
        try:
            raw = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half a character that is no byte of a name
            raw = value.encode("utf-8", "backslashreplace")
        return raw.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def nonfinite_word(value: float) -> str:
    """``NaN``, ``Infinity`` or ``-Infinity``: a number that JSON has no number for."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
_WRITTEN_AS_THEY_ARE = _AS_THEY_ARE | {float}


def finite(value: Any) -> Any:
    """``value`` with NaN, +inf and -inf replaced by the strings ``"NaN"``, ``"Infinity"``,
    ``"-Infinity"``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else nonfinite_word(value)
    if isinstance(value, dict):
        # Every record comes through here: what needs no look is not called for.
        return {str(k): v if type(v) in _AS_THEY_ARE else finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [v if type(v) in _AS_THEY_ARE else finite(v) for v in value]
    return value


def object_in(data: bytes | str) -> dict[str, Any]:
    """The object that a small file of ours holds; an empty one for whatever else is in it: what is
    kept there can be made again, and a damaged file is as none."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sha256_for(size_bytes: int) -> Any:
    """``hashlib.sha256``, to hash about so many bytes.

    ``hashlib`` loads the machine's crypto library, which takes 3 ms and pays off from half a
    megabyte on. For less it is the interpreter's own, as ``random`` of the standard library has it:
    the same digests.
    """
    return _hash_for("sha256", ("_sha256", "_sha2"), size_bytes)  # until Python 3.11, and since


def sha1_for(size_bytes: int) -> Any:
    """``hashlib.sha1``, as ``sha256_for``: git's names of contents."""
    return _hash_for("sha1", ("_sha1",), size_bytes)


def md5_for(size_bytes: int) -> Any:
    """``hashlib.md5``, as ``sha256_for``: where git-annex keeps a key."""
    return _hash_for("md5", ("_md5",), size_bytes)


def _hash_for(algorithm: str, modules: tuple[str, ...], size_bytes: int) -> Any:
    if size_bytes < 1 << 18 and "hashlib" not in sys.modules:
        for name in modules:
            try:
                return getattr(__import__(name), algorithm)
            except ImportError:
                continue
    import hashlib  # noqa: PLC0415  start-up: 3.1 ms

    return getattr(hashlib, algorithm)


def is_digest(value: object) -> TypeGuard[str]:
    """Whether it is written as the digest of some content."""
    if not isinstance(value, str) or len(value) != 71 or not value.startswith("sha256:"):
        return False
    return not value[7:].strip("0123456789abcdef")


def digest_bytes(data: bytes) -> str:
    digest: str = sha256_for(len(data))(data).hexdigest()
    return "sha256:" + digest


def digest_of_file(file: BinaryIO, into: BinaryIO | None = None) -> str:
    """The digest of all that is left to read of an open file, a piece at a time; ``into``: written
    there meanwhile."""
    hasher = sha256_for(os.fstat(file.fileno()).st_size)()
    while piece := file.read(PIECE_BYTES):
        hasher.update(piece)
        if into is not None:
            into.write(piece)
    return f"sha256:{hasher.hexdigest()}"


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON of ``value``."""
    return digest_bytes(canonical_json(value).encode())
