"""JSON edited as text: what is put in comes out again, and every other byte stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.agent.json_text import (
    NotEditable,
    drop_elements,
    drop_member,
    put_element,
    put_member,
    read,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
KEY = "leadline-here"


@given(OBJECTS, st.sampled_from([None, 1, 2, 4, "\t"]))
def test_a_member_put_in_is_there_and_taken_out_leaves_what_was(value, indent):
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    put = put_member(text, (KEY,), {"a": [1]})
    assert read(put) == {**value, KEY: {"a": [1]}}
    dropped = drop_member(put, (KEY,))
    assert read(dropped) == value
    if value:
        assert dropped == text


@given(OBJECTS, st.lists(VALUES, max_size=3), st.sampled_from([None, 2]))
def test_an_element_put_in_is_there_and_taken_out_leaves_what_was(value, elements, indent):
    value = {**value, "hooks": {"Stop": elements}}
    text = json.dumps(value, indent=indent)
    put = put_element(text, ("hooks", "Stop"), {"ours": KEY})
    assert read(put)["hooks"]["Stop"] == [*elements, {"ours": KEY}]
    dropped = drop_elements(put, ("hooks", "Stop"), lambda e: e == {"ours": KEY})
    assert read(dropped) == value and (not elements or dropped == text)


def test_what_is_no_strict_json_is_not_edited():
    for text in ("{// a comment\n}", '{"a": 1,}', "[1]", "{", '"x"'):
        with pytest.raises(NotEditable):
            put_member(text, ("a",), 1)


def test_an_empty_file_is_an_empty_object():
    assert read(put_member("", ("a", "b"), 1)) == {"a": {"b": 1}}
