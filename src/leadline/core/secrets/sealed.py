"""Values of an environment that is gone, known by keyed digests alone.

Whoever ends a run may not have the environment that it had. Its secret values must lie nowhere, so
what is kept until the end is the digest of each form of each value, keyed by random bytes: enough to
find it in a text again. It goes when the run is recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

from leadline.core.canonical import object_in, sha256_for
from leadline.core.secrets.environment import MIN_SECRET_CHARS, forms_of
from leadline.core.secrets.words import small
from leadline.core.typed import NamedTuple


class SealedForm(NamedTuple):
    name: str
    length: int
    digest: str


class Sealed:
    """Finds what was sealed by ``seal``."""

    def __init__(self, key: bytes, forms: Iterable[SealedForm]) -> None:
        self._key = key
        self._by_length: dict[int, dict[str, str]] = {}
        for form in forms:
            self._by_length.setdefault(form.length, {})[form.digest] = form.name

    def is_of(self, secrets: Mapping[str, str]) -> bool:
        """Whether ``secrets`` hold every value that was sealed."""
        here = {digest_of(self._key, small(form)) for v in secrets.values() for form in forms_of(v)}
        return all(here >= names.keys() for names in self._by_length.values())

    def in_text(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, name) of each value found. Costs a digest a character and length of value."""
        lower = small(text)
        found = []
        for length, names in self._by_length.items():
            for start in range(len(lower) - length + 1):
                name = names.get(digest_of(self._key, lower[start : start + length]))
                if name is not None:
                    found.append((start, start + length, name))
        return found


def digest_of(key: bytes, text: str) -> str:
    data = key + text.encode("utf-8", "surrogatepass")
    digest: str = sha256_for(len(data))(data).hexdigest()
    return digest[:32]


def seal(secrets: Mapping[str, str]) -> bytes:
    """The values of ``secrets`` as a file may keep them; see ``unseal``."""
    key = os.urandom(32)
    forms = [
        SealedForm(name, len(form), digest_of(key, small(form)))
        for name, value in secrets.items()
        if len(value) >= MIN_SECRET_CHARS
        for form in forms_of(value)
    ]
    return json.dumps({"v": 1, "key": key.hex(), "forms": forms}).encode()


def unseal(data: bytes) -> Sealed | None:
    """None where ``data`` is nothing that ``seal`` made."""
    kept = object_in(data)
    try:
        forms = [SealedForm(str(n), int(c), str(d)) for n, c, d in kept["forms"]]
        return Sealed(bytes.fromhex(kept["key"]), forms)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
