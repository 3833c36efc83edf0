"""The file of a bundle: the same value, a line for each thing, and nothing that moves a cursor."""

from __future__ import annotations

import json
from typing import Any, cast

from leadline.core.plain import seen
from leadline.core.publish.bundle import bundle_pieces, line_of, sealed_claims, sealed_table
from leadline.render.branch.bundle import render_seal_comment


def test_a_bundle_is_json_with_a_line_for_each_experiment():
    bundle: dict[str, Any] = {
        "v": 1,
        "goal": "up \x1b[31m ‮ down",
        "claims": [],
        "experiments": [{"id": "P-001", "runs": []}, {"id": "P-002", "runs": [1.5, float("nan")]}],
        "packages": {"sha256:0": {"numpy": "2.1"}},
    }
    rest = {name: value for name, value in bundle.items() if name != "experiments"}
    experiments = [line_of(cast(Any, experiment)) for experiment in bundle["experiments"]]
    text = "".join(bundle_pieces(cast(Any, rest), experiments))
    assert json.loads(text) == {
        **bundle,
        "experiments": [{"id": "P-001", "runs": []}, {"id": "P-002", "runs": [1.5, "NaN"]}],
    }
    assert sum("P-00" in line for line in text.splitlines()) == 2
    assert all(map(seen, text.splitlines()))


def file_of(**fields: Any) -> list[bytes]:
    bundle: dict[str, Any] = {"at": "", **fields, "what": "repro bundle"}
    text = "".join(bundle_pieces(cast(Any, bundle), []))
    assert json.loads(text) == {**bundle, "experiments": []}
    return text.encode().splitlines(keepends=True)


def test_the_claims_of_a_bundle_are_read_without_the_rest() -> None:
    claims: list[Any] = [{"id": "P-C1", "label": "none"}, {"id": "P-C2", "label": "replicated"}]
    for said in ([], claims[:1], claims):
        lines = iter(file_of(claims=said))
        assert sealed_claims(lines) == said
        assert b"repro bundle" in b"".join(lines)
    other = json.dumps({"claims": claims}, indent=1).encode().splitlines(keepends=True)
    assert sealed_claims(other) is None


CELL = {"n": 2, "mean": 1.5, "sd": None, "median": 1.5, "ratio_to_baseline": None}
ROWS: list[Any] = [
    {
        "experiment": f"P-00{at}",
        "uid": f"U{at}",
        "title": "a ]},[ title",
        "baseline": False,
        "axes": {"k": [at]},
        "metrics": {"loss": CELL},
    }
    for at in (1, 2, 3)
]
COLUMNS: dict[str, Any] = {"axes": ["k"], "metrics": [{"name": "loss", "unit": "[s]"}]}


def test_of_the_table_of_a_bundle_no_more_rows_are_kept_than_are_asked_for() -> None:
    for rows in (ROWS, []):
        file = file_of(claims=[{"id": "P-C1"}], table={**COLUMNS, "rows": rows})
        assert sealed_table(file) == ({**COLUMNS, "rows": rows}, 0)
        assert sealed_table(file, 2) == ({**COLUMNS, "rows": rows[:2]}, len(rows[2:]))


def test_a_table_that_anybody_wrote_otherwise_is_none() -> None:
    table = {**COLUMNS, "rows": ROWS}
    for odd in ({**table, "axes": 1}, {**table, "rows": [{**ROWS[0], "metrics": []}]}):
        assert sealed_table(file_of(table=odd)) is None
    otherwise = json.dumps({"table": table}, indent=1).encode().splitlines(keepends=True)
    for lines in (otherwise, [b' "table": {"axes":"[\n', b"  1,\n"], [b' "table": 1,\n'], []):
        assert sealed_table(lines) is None


def test_the_comment_of_a_seal_says_what_its_record_says_and_no_more() -> None:
    said = render_seal_comment("P-S1", {"id": "P-S1"}, "", {}, "_marker_")
    assert (
        said.startswith("### Sealed P-S1") and said.endswith("_marker_\n") and "Record" not in said
    )
