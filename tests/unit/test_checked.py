"""What records point at outside themselves."""

from __future__ import annotations

from leadline.core.record.checked import Outside
from leadline.testing.builders import ThreadBuilder

DIGEST_OF = {"run-planned": "sha256:" + "1" * 64, "run-ended": "sha256:" + "2" * 64}


def test_the_list_of_packages_is_pointed_at_by_a_plan_and_by_an_ending() -> None:
    builder = ThreadBuilder()
    builder.run("a", {"time_ms": 1.5})
    outside = Outside.nothing()
    for record in builder.records:
        if record.kind in ("run-planned", "run-ended"):
            record.body["software"] = {"packages_blob": DIGEST_OF[record.kind]}
        outside.add(record)
    assert outside.payloads == set(DIGEST_OF.values())
