"""What records point at outside themselves."""

from __future__ import annotations

from leadline.core.record.checked import Outside
from leadline.testing.builders import ThreadBuilder


def test_the_list_of_packages_is_pointed_at_by_a_plan_and_by_an_ending() -> None:
    builder = ThreadBuilder()
    builder.run("a", {"time_ms": 1.5})
    outside = Outside(set(), set(), set())
    for record in builder.records:
        if record.kind in ("run-planned", "run-ended"):
            record.body["software"] = {"packages_blob": f"sha256:{record.kind}"}
        outside.add(record)
    assert {"sha256:run-planned", "sha256:run-ended"} <= outside.payloads
