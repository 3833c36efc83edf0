"""What a call of a tool becomes, and what of a long answer an agent reads."""

from __future__ import annotations

import json

import pytest

from leadline.core.errors import LeadlineError
from leadline.mcp.calls import MOST_CHARS, _cut
from leadline.mcp.tools import command_line


def test_a_config_in_parts_is_said_by_dotted_keys():
    words = command_line("run", {"command": ["x"], "set": {"a": {"b": 1, "c": {"d": True}}}}, False)
    assert words == ["run", "--set=a.b=1", "--set=a.c.d=true", "--", "x"]


@pytest.mark.parametrize("text", ["a\0b", "x" * 200_000])
@pytest.mark.parametrize("tool", ["note", "leadline"])
def test_what_no_program_can_be_given_is_refused_in_the_envelope(tool, text):
    given = {"note": {"text": text}, "leadline": {"argv": ["note", text]}}[tool]
    with pytest.raises(LeadlineError) as caught:
        command_line(tool, given, False)
    assert caught.value.code == "bad-arguments"
    assert caught.value.next[0] in ("leadline note --help", "leadline --help")


def test_half_a_character_is_replaced():
    assert command_line("note", {"text": "a\ud800"}, False) == ["note", "a?"]


@pytest.mark.parametrize(
    "data",
    [
        {"runs": [{"id": f"P-{n:03}-r1", "why": "y" * 500, "state": "done"} for n in range(400)]},
        {"text": "x" * 1_000_000},
        {f"key{n}": "y" * 300 for n in range(5000)},
        [[["z" * 9000] * 90] * 90],
    ],
    ids=["runs", "text", "keys", "nested"],
)
def test_of_a_long_answer_the_first_of_everything_is_kept(data):
    envelope = {"ok": True, "data": data, "counts": {"runs": 400}, "next": ["leadline status"]}
    cut = _cut(envelope, len(json.dumps(data)))
    assert len(json.dumps(cut["data"])) <= MOST_CHARS and cut["truncated"]
    assert (cut["counts"], cut["next"]) == (envelope["counts"], envelope["next"])
    if "runs" in data:
        assert cut["data"]["runs"][0] == data["runs"][0]
        assert cut["data"]["runs"][-1] == f"… {401 - len(cut['data']['runs'])} more"


def test_a_short_answer_is_whole():
    envelope = {"ok": True, "data": ["x"] * 500}
    assert _cut(envelope, 3000) is envelope
