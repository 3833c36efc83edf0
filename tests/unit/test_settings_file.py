"""What a file of settings may say, and what a file of the checkout may not."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadline.core.errors import LeadlineError
from leadline.core.ref_name import is_code_ref, ref_problem
from leadline.core.settings import COUNT, FLAG, NUMBER, PATHS, SETTINGS, TEXT, TEXTS, command_for
from leadline.core.settings_file import Read, flat, lines_of_init, read_settings
from leadline.core.tree_path import tree_path_problem

FITTING = {
    TEXT: "text",
    FLAG: False,
    COUNT: 3,
    NUMBER: 1.5,
    TEXTS: ["SOME_NAME"],
    PATHS: ["/dev/npu0"],
}
# What stands for another type of each kind.
WRONG = {
    TEXT: [1, True, ["a"]],
    FLAG: [1, "true", []],
    COUNT: [-1, 1.5, True, "3", [3]],
    NUMBER: [-1, True, "1"],
    TEXTS: ["a", 1, [1]],
    PATHS: ["/a", ["relative"], [1]],
}
NAMES = sorted(SETTINGS)
TRACKED = {name for name, setting in SETTINGS.items() if setting.tracked}


def read(values: dict[str, object], tracked: bool) -> Read:
    text = "\n".join(f'"{name}" = {json.dumps(value)}' for name, value in values.items())
    return read_settings(text.encode(), "leadline.toml" if tracked else "/x/config.toml", tracked)


def refusal(text: bytes, tracked: bool = False) -> LeadlineError:
    with pytest.raises(LeadlineError) as caught:
        read_settings(text, "leadline.toml" if tracked else "/x/config.toml", tracked)
    assert (caught.value.kind, caught.value.code) == ("usage", "bad-settings")
    return caught.value


def test_what_a_checkout_may_say_is_a_short_list() -> None:
    assert {
        "artifact.max_file_bytes",
        "artifact.max_run_bytes",
        "branch_prefix",
        "issue.label",
        "logbook.in_tree",
        "run.expected_devices",
        "run.nuisance",
        "series.compact_points",
        "update.every_hours",
    } == TRACKED


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_says_nothing_else_and_hears_how_this_machine_does(name: str) -> None:
    value = FITTING[SETTINGS[name].kind]
    assert read({name: value}, tracked=False) == Read({name: value}, [])
    found = read({name: value}, tracked=True)
    if name in TRACKED:
        assert found == Read({name: value}, [])
    else:
        assert found.values == {}
        assert name in found.unused[0] and command_for(name) in found.unused[0]


@pytest.mark.parametrize("name", NAMES)
def test_another_type_names_key_expected_type_and_what_was_found(name: str) -> None:
    for value in WRONG[SETTINGS[name].kind]:
        error = refusal(f'"{name}" = {json.dumps(value)}'.encode())
        assert error.what.startswith(f"{name} in /x/config.toml is {value!r} (")
        assert error.why == f"it takes {SETTINGS[name].kind}"


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ("run = 3", "run in leadline.toml is 3 (a number)", "it takes a table"),
        ("[[run]]\nx = 1", "run in leadline.toml is [{'x': 1}] (a list)", "it takes a table"),
        ("[branch_prefix]\na = 1", "branch_prefix in leadline.toml is a table", "it takes a text"),
        (
            "[run.nuisance.a]\nb = 1",
            "run.nuisance in leadline.toml is a table",
            "it takes a list of texts",
        ),
    ],
)
def test_a_table_and_a_value_are_not_taken_for_each_other(text: str, what: str, why: str) -> None:
    error = refusal(text.encode(), tracked=True)
    assert (error.what, error.why) == (what, why)


@pytest.mark.parametrize("text", ["code = 3", "[record_branch]\na = 1", "[run.inputs]\na = 1"])
def test_a_checkout_stops_nobody_by_what_it_has_no_say_in(text: str) -> None:
    assert len(read_settings(text.encode(), "leadline.toml", tracked=True).unused) == 1
    refusal(text.encode())


@pytest.mark.parametrize("text", ['"update.every_hours" = 3\n', "[update]\nevery_hours = 3\r\n"])
def test_the_mark_of_utf_8_before_a_file_is_none_of_its_text(text: str) -> None:
    read = read_settings(text.encode("utf-8-sig"), "leadline.toml", tracked=True)
    assert read == Read({"update.every_hours": 3}, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("record_branch", "a..b"),
        ("record_branch", "--upload-pack=x"),
        ("record_branch", "x:refs/heads/main"),
        ("record_branch", "HEAD"),
        ("record_branch", ""),
        ("branch_prefix", "a b/"),
        ("logbook.folder", ".git/hooks"),
        ("logbook.folder", "a/.GIT./hooks"),
        ("logbook.folder", "g/.g\u200cit/x"),
        ("logbook.folder", "git~1/hooks"),
        ("logbook.folder", "a/../../b"),
        ("logbook.folder", "/etc"),
        ("logbook.folder", "a\\..\\b"),
        ("run.environment", ["*"]),
        ("run.environment", ["A*"]),
        ("run.environment", ["?*"]),
        ("run.environment", ["A=b"]),
        ("run.environment", [""]),
        ("marker", "two\nlines"),
    ],
)
def test_a_value_that_cannot_be_meant_is_an_error(name: str, value: object) -> None:
    assert name in refusal(f'"{name}" = {json.dumps(value)}'.encode()).what


@pytest.mark.parametrize(
    "text",
    [
        b"a = \xff",
        b"a = ",
        b"a = " + b"[" * 100_000,
        b"#" * 3_000_000,
        b"[a.b]\n[a]\nb = 1",
    ],
)
def test_what_is_no_toml_is_an_error(text: bytes) -> None:
    assert "is not valid TOML" in refusal(text, tracked=True).what


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda of: st.lists(of, max_size=2) | st.dictionaries(st.text(max_size=2), of, max_size=2),
    max_leaves=4,
)
LINES = st.builds(
    lambda name, equals, value, end: f"{json.dumps(name, ensure_ascii=False)}{equals}{value}{end}",
    st.sampled_from(["a", "a.b", "ä", "a\\", ""]) | st.integers(),
    st.sampled_from([" = "] * 5 + ["=", " =  "]),
    VALUES.map(lambda value: json.dumps(value, ensure_ascii=False)),
    st.sampled_from(["\n"] * 5 + ["\r\n", "\r", " # why\n", "\v\n", "\n[b]\n", "\n \n", ""]),
)


@given(st.lists(LINES, max_size=3).map("".join))
@example('"a" = "\x7f"\n')
@example('"a" = 1\n"a" = 1\n')
@example('"a" = NaN\n')
def test_lines_of_init_are_what_a_parser_of_toml_reads(text: str) -> None:
    if (said := lines_of_init(text)) is not None:
        assert repr(said) == repr(flat(tomllib.loads(text)))


def test_what_init_writes_needs_no_parser() -> None:
    values = {"a": "", "b": True, "c": 5, "d": ["x", "y"], "forge": "github", "forge.pages": "ö"}
    lines = [
        f'"{name}" = {json.dumps(value, ensure_ascii=False)}' for name, value in values.items()
    ]
    assert lines_of_init("\n".join(lines) + "\n") == values
    assert lines_of_init("\n") == {}


def test_a_name_that_nobody_knows_is_said_and_left_out() -> None:
    found = read({"run.enviroment": 1, "forge.paper_file": "x"}, tracked=False)
    assert found.values == {"forge.paper_file": "x"}, "plug-ins have settings of their own"
    assert "'run.enviroment'" in found.unused[0]
    assert len(read({f"a{n}": 1 for n in range(500)}, tracked=True).unused) < 10


@pytest.mark.parametrize("name", ["leadline/records", "records", "a/b-c_d.e", "österreich"])
def test_names_that_git_takes(name: str) -> None:
    assert ref_problem(name) == "" and is_code_ref(f"refs/leadline/code/{name}")
    assert not is_code_ref(f"refs/heads/{name}") and tree_path_problem(name) == ""


@pytest.mark.parametrize("name", ["../../heads/main", "a:b", "", "a b", "x.lock", "-x", "a\x00b"])
def test_a_code_state_is_kept_nowhere_else(name: str) -> None:
    assert not is_code_ref(f"refs/leadline/code/{name}")
