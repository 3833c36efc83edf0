"""A digest is the same whoever computes it: the interpreter for what is small, the crypto library
for more. What is digested is written one way, however it is written quickly."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core import canonical
from leadline.core.canonical import canonical_json
from leadline.core.record.event import ENVELOPE, Record

SIZES = [0, 1, 55, 64, 1000, (1 << 18) - 1, 1 << 18, 1_000_003]


@pytest.mark.parametrize("first", [0, SIZES[-1]])
def test_small_and_large_digests_are_sha256_and_small_ones_load_no_crypto_library(first):
    code = (
        "import sys, json\nfrom leadline.core.canonical import digest_bytes, sha256_for\n"
        f"sizes = sorted({SIZES}, key=lambda size: size != {first})\n"
        "print(json.dumps([[n, digest_bytes(b'a' * n), 'hashlib' in sys.modules] for n in sizes]))\n"
        "hasher = sha256_for(10)(); hasher.update(b'one'); hasher.update(b'two'); print(hasher.hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    answers = json.loads(lines[0])
    for size, digest, _ in answers:
        assert digest == "sha256:" + hashlib.sha256(b"a" * size).hexdigest()
    assert lines[1] == hashlib.sha256(b"onetwo").hexdigest()
    assert answers[0] == [first, answers[0][1], first >= 1 << 18]


def test_what_json_has_no_form_for_gets_one_and_everything_else_stays():
    odd = {1: (float("nan"), 2), "b": [float("-inf"), {"c": True}], "a": None, "ü": 1.5}
    assert canonical_json(odd) == '{"1":["NaN",2],"a":null,"b":["-Infinity",{"c":true}],"ü":1.5}'


_NAMES = st.one_of(
    st.text(max_size=4), st.sampled_from(["\udc80", 'q"\\', "é", "\x00"]), st.integers(0, 3)
)
_NOTES = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2)
_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(["\udc80", "a\ud800b", 'q"\\\n', "\u2028"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(_NAMES, inner, max_size=3),
    ),
    max_leaves=8,
)


def by_the_rules(value: Any) -> str:
    """The form, in words: all that JSON has none for replaced first, then written."""
    plain = canonical._whole(canonical.finite(value))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(_VALUES)
def test_what_needs_no_copy_is_written_as_what_does(value: Any):
    assert canonical_json(value) == by_the_rules(value)


@given(st.dictionaries(st.text(max_size=4), _VALUES, max_size=3), st.text(), st.none() | _NOTES)
def test_a_line_is_the_canonical_form_of_its_envelope(
    body: dict[str, Any], actor: str, seen: dict[str, str] | None
):
    record = Record("01A", "2026-01-01T00:00:00Z", "t", "w1", "note", actor, body, "", seen=seen)
    envelope = {name: getattr(record, name) for name in ENVELOPE}
    for session in ("", "01B"):
        more = {"seen": seen} if seen is not None else {}
        more |= {"session": session} if session else {}
        record = replace(record, session=session)
        assert record.line() == by_the_rules({**envelope, **more}).encode() + b"\n"
