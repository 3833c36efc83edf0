"""The file of a bundle: the same value, a line for each thing, and nothing that moves a cursor."""

from __future__ import annotations

import json
from typing import Any, cast

from leadline.core.canonical import canonical_json
from leadline.core.plain import seen
from leadline.core.publish.bundle import bundle_pieces


def test_a_bundle_is_json_with_a_line_for_each_experiment():
    bundle: dict[str, Any] = {
        "v": 1,
        "goal": "up \x1b[31m ‮ down",
        "claims": [],
        "experiments": [{"id": "P-001", "runs": []}, {"id": "P-002", "runs": [1.5, float("nan")]}],
        "packages": {"sha256:0": {"numpy": "2.1"}},
    }
    rest = {name: value for name, value in bundle.items() if name != "experiments"}
    experiments = map(canonical_json, bundle["experiments"])
    text = "".join(bundle_pieces(cast(Any, rest), experiments))
    assert json.loads(text) == {
        **bundle,
        "experiments": [{"id": "P-001", "runs": []}, {"id": "P-002", "runs": [1.5, "NaN"]}],
    }
    assert sum("P-00" in line for line in text.splitlines()) == 2
    assert all(map(seen, text.splitlines()))
