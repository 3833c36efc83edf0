"""A digest is the same whoever computes it: the interpreter for what is small, the crypto library
for more."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest

from leadline.core.canonical import canonical_json

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
