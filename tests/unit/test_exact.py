"""Bytes that are no UTF-8 have a way back out of a record."""

from __future__ import annotations

import os

from leadline.core.record.exact import exact_text, exact_texts


def test_only_texts_that_are_no_utf_8_are_kept_as_bytes() -> None:
    bad = os.fsdecode(b"v\xfe")
    told = exact_texts(["p", bad, "é", "\\xfe"], bad, {"A": bad, "B": "x", "C": None})
    assert told == {"argv.1": "76fe", "cwd": "76fe", "environment.A": "76fe"}
    assert exact_text(told, "argv.1", "v\\xfe") == bad
    assert exact_text(told, "argv.2", "é") == "é"
    assert exact_text({"cwd": "no hex"}, "cwd", "d") == "d"


def test_bytes_that_a_record_would_show_otherwise_are_not_run() -> None:
    told = {"argv.1": b"other".hex(), "argv.2": b"\xfe\0".hex()}
    assert exact_text(told, "argv.1", "total.py") == "total.py"
    assert exact_text(told, "argv.2", "\\xfe") == "\\xfe"
