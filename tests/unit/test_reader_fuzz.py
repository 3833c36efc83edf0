"""Mutated files of benchmark tools: whatever they hold, a reader says what is wrong and nothing
breaks. ``LEADLINE_FUZZ=10000`` tries as many."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from leadline.adapters.extractors import registry
from leadline.core.extract.spec import parse_spec
from leadline.ports.extractor import RunFiles

FILES = [
    path
    for path in (Path(__file__).parent.parent / "fixtures" / "benchmarks").rglob("*")
    if path.is_file() and path.suffix != ".sh"
]
ROUNDS = int(os.environ.get("LEADLINE_FUZZ", "400"))
PIECES = (
    *(b"\x00", b"\xff", b"\r", b"\n", b'"', b",", b"{", b"}", b"[", b"]", b"null", b"NaN", b"true"),
    *(b"-1e999", b"1" * 400, b"\xe2\x88\x92", b"\x1b[31m", b"<not counted>", b"n/a", b"<", b"&"),
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(out) + 1)
        end = min(len(out), at + chance.choice((0, 1, 1, 8, 200)))
        how = chance.randrange(4)
        if how == 0:
            out[at:end] = chance.choice(PIECES)
        elif how == 1:
            del out[at:end]
        elif how == 2:
            out[at:at] = out[at:end] * chance.choice((1, 3))
        else:
            numbers = [i for i, byte in enumerate(out) if 48 <= byte < 58]
            if numbers:
                out[chance.choice(numbers)] = chance.choice(b"0123456789-.e,")
    return bytes(out)


@pytest.mark.parametrize("shard", range(4))
def test_a_mutated_file_is_a_result_and_never_an_error(shard: int, tmp_path: Path):
    chance = random.Random(shard)

    for _ in range(ROUNDS // 4):
        source = chance.choice(FILES)
        (tmp_path / "out").write_bytes(mutated(source.read_bytes(), chance))
        spec = parse_spec("reader:benchmark:out")
        result = registry.load("benchmark").read(spec, RunFiles(str(tmp_path)), {})
        json.dumps(result.as_dict(), allow_nan=False)
        blocked = any(problem["blocking"] for problem in result.problems)
        assert result.sources[0]["published"] is not blocked, source
        assert not blocked or not result.metrics, source
