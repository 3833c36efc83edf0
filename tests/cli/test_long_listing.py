"""A listing of many runs in JSON is written a part at a time, and is the same JSON."""

from __future__ import annotations

import json

import pytest

from leadline.cli import answer
from leadline.cli.answer import Answer, JsonLines, print_answer

ROWS = [{"id": f"P-{n:03}", "text": text} for n, text in enumerate(("a", "ü ‮", '"data": [', "1"))]


@pytest.mark.parametrize("count", [0, 1, 2, 4])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_members_that_are_json_already_are_written_as_others(
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    count: int,
    encoding: str,
) -> None:
    monkeypatch.setattr(answer, "WRITTEN_AT_ONCE", 2)
    answer.sys.stdout.reconfigure(encoding=encoding)
    said = []
    for data in (
        ROWS[:count],
        JsonLines(json.dumps(row, ensure_ascii=False) for row in ROWS[:count]),
    ):
        print_answer(Answer("", data, {"runs": count}), True, "now")
        answer.sys.stdout.flush()
        said.append(capsysbinary.readouterr().out)
    assert said[0] == said[1]
    assert json.loads(said[0])["data"] == ROWS[:count]
