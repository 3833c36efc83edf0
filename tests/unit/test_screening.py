"""What is looked for in all that is written: the secrets of an environment as it is at that moment."""

from __future__ import annotations

import random
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.canonical import canonical_json
from leadline.core.secrets import environment
from leadline.core.secrets.redact import Redactor
from leadline.services.screening import Screen
from tests.invented_keys import SHAPES, drawn


def test_an_environment_is_looked_through_again_when_it_has_changed(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    real = environment.secret_values

    def secret_values(env: dict[str, str]) -> dict[str, str]:
        looked.append(len(env))
        return real(env)

    monkeypatch.setattr(environment, "secret_values", secret_values)
    environ = {"HOME": "/home/ada", "DB_PASSWORD": "hunter2-of-ada"}
    screen = Screen(str(tmp_path), environ, lambda text: None)
    for _ in range(3):
        assert screen.redactor().text("it is hunter2-of-ada") == "it is [redacted:env DB_PASSWORD]"
    assert looked == [2]
    environ["DB_PASSWORD"] = "another-of-ada-9"
    assert "another" not in screen.redactor().text("it is another-of-ada-9")
    assert screen.redactor().text("it is hunter2-of-ada") == "it is hunter2-of-ada"
    assert screen.redactor(environ={}).text("it is another-of-ada-9") == "it is another-of-ada-9"
    assert "another" not in screen.redactor().text("it is another-of-ada-9")


KEY = "zThkyw0WFLJveowy4XoN"


@pytest.mark.parametrize(
    "text",
    [
        f"the password is {KEY}",
        f"we used setenv DB_PASSWORD {KEY}",
        f"curl -H 'Authorization: Api-Token {KEY}'",
        f"apiToken,{KEY},x",
        f"train --wandb-key {KEY * 2}",
    ],
)
@pytest.mark.parametrize(
    "around", ["%s\n", "step 1\n" * 70_000 + "%s\n", "%s" + "step 1\n" * 200_000]
)
def test_what_a_command_made_is_searched_as_a_text_where_it_is_no_program(tmp_path, text, around):
    screen = Screen(str(tmp_path), {}, lambda text: None)

    def found(name: str) -> bool:
        return any(KEY in one.text for one in screen.found_in_made(BytesIO(made), name))

    made = (around % text).encode()
    assert found("made.txt") and found("made")
    assert not (text.startswith("the password") and found("made.py"))
    (tmp_path / "made.txt").write_bytes(made)
    screen.declare_file(str(tmp_path / "made.txt"), "made.txt")
    assert not found("made.txt")
    made = b"\0" + made
    assert not found("made.bin")


def test_a_signature_stays_as_it_is_though_a_token_stands_in_it(tmp_path) -> None:
    token = drawn(SHAPES["github-pat"], random.Random(3))
    body = {"heads": {"w1": "sha256:" + "0" * 64}, "signature": f"+{token}+", "signer": token}
    screen = Screen(str(tmp_path), {}, lambda text: None)
    (clean,) = screen.of_records()([("heads-signed", body, canonical_json(body))])
    assert clean == {**body, "signer": "[redacted:github-token]"}


_DRAWN = [
    "hunter2-of-ada",
    "Xk29fLq81mZpQw77RtB3",
    drawn(SHAPES["github-pat"], random.Random(7)),
    "plain words",
    "adam",
    "x",
    "back\\slash",
]
_TEXTS = st.sampled_from([*_DRAWN, "API_TOKEN", "DB_PASSWORD", f"password={_DRAWN[1]}", "k12"])
_NAMES = st.sampled_from(
    ["name", "value", "key", "token", "data", "m", "lr", "password", "env", "a"]
)
_SOME = st.dictionaries(
    _NAMES, _TEXTS | st.integers() | st.floats() | st.lists(_TEXTS, max_size=2), max_size=4
)
_BODIES = st.fixed_dictionaries(
    {"config": _SOME, "argv": st.lists(_TEXTS, max_size=3), "title": _TEXTS, "key": _TEXTS}
)


@given(st.lists(_BODIES, min_size=1, max_size=4))
def test_of_many_records_is_hidden_what_is_hidden_of_each_field_alone(bodies: list[dict[str, Any]]):
    told = list[str]()
    screen = Screen("", {"DB_PASSWORD": "hunter2-of-ada"}, told.append)
    rules = Redactor({"DB_PASSWORD": "hunter2-of-ada"})
    wanted = [{n: v if n == "key" else rules.value(v) for n, v in b.items()} for b in bodies]
    given_ = [("run-planned", body, canonical_json(body)) for body in bodies]
    cleared = screen.of_records()(given_)
    assert repr(cleared) == repr(wanted)  # a NaN equals none
    assert bool(told) == (repr(wanted) != repr(bodies))
    for body, clean in zip(bodies, cleared, strict=True):
        assert (clean is body) == (repr(clean) == repr(body))


def test_a_telling_name_in_every_record_makes_nobody_look_at_each_field(
    monkeypatch: pytest.MonkeyPatch,
):
    made = list[str]()
    real = Screen.redactor
    monkeypatch.setattr(
        Screen, "redactor", lambda self, where="", **k: made.append(where) or real(self, where, **k)
    )
    told = [{"told": {"key": f"row {n}"}, "title": "t", "argv": ["a"]} for n in range(50)]
    cleared = Screen("", {}, made.append).of_records()
    found = cleared([("run-planned", body, canonical_json(body)) for body in told])
    assert [clean is body for clean, body in zip(found, told, strict=True)] == [True] * 50
    assert made == [""]
