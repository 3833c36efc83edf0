"""Secret values of an environment that is gone are found by digests, and lie nowhere."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from leadline.core.secrets.sealed import Sealed, seal, unseal

VALUE = "Sesame/Open 0042"
SECRETS = {"API_KEY": VALUE, "SHORT": "abc"}


def sealed() -> Sealed:
    found = unseal(seal(SECRETS))
    assert found is not None
    return found


def test_a_value_is_found_where_it_stands_however_it_is_written() -> None:
    for written in (VALUE, VALUE.upper(), quote(VALUE, safe="")):
        found = sealed().in_text(f"it is {written}.")
        assert (6, 6 + len(written), "API_KEY") in found, written
    inside = base64.b64encode(b"user:" + VALUE.encode()).decode()
    assert {name for _, _, name in sealed().in_text(inside)} == {"API_KEY"}
    assert sealed().in_text("it is Sesame/Open 0043, or abc") == []


def test_what_is_kept_holds_no_value_and_is_never_the_same() -> None:
    kept = seal(SECRETS)
    assert VALUE.encode() not in kept and kept != seal(SECRETS)


def test_an_environment_that_holds_all_of_it_is_known() -> None:
    assert sealed().is_of(SECRETS) and sealed().is_of({**SECRETS, "MORE": "another value"})
    assert not sealed().is_of({"API_KEY": VALUE[:-1]}) and not sealed().is_of({})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"key": "zz", "forms": []}',
        b'{"key": "00", "forms": [["A", 1]]}',
        b'{"key": "00", "forms": [["A", Infinity, "d"]]}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda data: data[:44].decode("latin-1"),
)
def test_what_nobody_sealed_is_none(data: bytes) -> None:
    assert unseal(data) is None
