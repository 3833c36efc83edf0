"""What is shown holds nothing that moves a cursor, hides or reorders, whatever came in."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.cli import answer
from leadline.cli.answer import Answer, print_answer, print_error
from leadline.core.errors import usage
from leadline.core.plain import as_rows, json_escaped, one_line, plain, shell_words
from tests.hostile import HARM, HARMFUL, LONE, dangerous

TEXTS = st.lists(
    st.one_of(
        st.sampled_from([*HARM.values(), LONE, "\x1b", "\x1b]", "\x9b", "\r\n", "word"]),
        st.text(st.characters(exclude_categories=[])),
    )
).map("".join)


@given(TEXTS)
def test_nothing_of_the_kind_is_left_and_once_is_enough(text: str) -> None:
    shown = plain(text)
    assert not dangerous(shown)
    assert plain(shown) == shown
    assert len(one_line(text).splitlines()) <= 1


@given(TEXTS)
def test_json_says_the_same_and_shows_nothing_of_the_kind(text: str) -> None:
    line = json_escaped(json.dumps({"text": text}, ensure_ascii=False))
    assert not dangerous(line) and len(line.splitlines()) == 1
    assert json.loads(line) == {"text": text}


@pytest.mark.parametrize("name", HARM)
def test_the_words_around_it_stay(name: str) -> None:
    shown = plain(f"before {HARM[name]} after\nnext line")
    assert shown.startswith("before ") and shown.endswith(" after\nnext line")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mloss\x1b[0m 3.2", "loss 3.2"),
        ("see \x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\ now", "see here now"),
        ("\x1b]0;no end\nthe next line", "0;no end\nthe next line"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("half \udcff", "half \ufffd"),
        ("naïve ✓ ⚠️ 漢字", "naïve ✓ ⚠️ 漢字"),
    ],
)
def test_what_programs_write(text: str, shown: str) -> None:
    assert plain(text) == shown


class _Streams:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        self.raw = [io.BytesIO(), io.BytesIO()]
        self.files = [io.TextIOWrapper(raw, encoding, newline="\n") for raw in self.raw]
        monkeypatch.setattr(answer.sys, "stdout", self.files[0])
        monkeypatch.setattr(answer.sys, "stderr", self.files[1])
        self.encoding = encoding

    def said(self) -> list[str]:
        for file in self.files:
            file.flush()
        return [raw.getvalue().decode(self.encoding) for raw in self.raw]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("as_json", [False, True])
def test_an_answer_and_an_error_show_nothing_of_the_kind(
    monkeypatch: pytest.MonkeyPatch, encoding: str, as_json: bool
) -> None:
    text = HARMFUL + LONE + " é漢"
    streams = _Streams(monkeypatch, encoding)
    print_answer(Answer(text, {text: [text]}, next=[text]), as_json, "now")
    print_error(usage("x", text, why=text, do=text, details={text: text}), as_json, "now")
    answer.tell(text)
    stdout, stderr = streams.said()
    assert not dangerous(stdout) and not dangerous(stderr)
    if as_json:
        first, second = map(json.loads, stdout.splitlines())
        assert first["data"] == {text: [text]} and second["error"]["what"] == text
    else:
        assert "colour" in stdout and "colour" in stderr


def test_a_line_end_of_other_readers_begins_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = _Streams(monkeypatch, "utf-8")
    answer.put("a\rb\u2028c\u2029d\r\ne")
    assert streams.said()[0] == "a b c d\ne\n"


def test_only_the_colours_of_a_drawing_are_kept_and_only_where_it_has_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = _Streams(monkeypatch, "utf-8")
    drawn = "\x1b[36mline\x1b[0m \x1b[8mhidden \x1b[2J\x1b]0;x\x07"
    print_answer(Answer(drawn, colours=True), False, "now")
    print_answer(Answer(drawn), False, "now")
    assert streams.said()[0] == "\x1b[36mline\x1b[0m hidden \nline hidden \n"


@pytest.mark.parametrize(
    "text", ["plain", "two words", "it's", "a\nb", "tab\t'\\n", HARMFUL, "é\xad"]
)
def test_a_word_for_a_shell_is_one_row_that_means_the_same(text: str) -> None:
    line = shell_words(["printf", "%s", text])
    assert not dangerous(line) and len(line.splitlines()) == 1
    shell = ["bash", "-c", line]
    said = subprocess.run(shell, capture_output=True, env={"LC_ALL": "C.UTF-8", "PATH": "/bin"})
    assert said.stdout == text.encode()


@pytest.mark.parametrize("text", ["", "a-b=c:/d,e.f@g%h+1", "two words", "it's", "$x", "é", "-"])
def test_a_word_that_can_be_seen_is_quoted_as_the_standard_library_does(text: str) -> None:
    assert shell_words([text, text]) == shlex.join([text, text])


def test_a_byte_that_is_no_character_stays_that_byte() -> None:
    line = shell_words(["printf", "%s", os.fsdecode(b"\xff\x9b2J")])
    assert line.isascii()
    said = subprocess.run(["bash", "-c", line], capture_output=True, env={"LC_ALL": "C.UTF-8"})
    assert said.stdout == b"\xff\x9b2J"


@given(st.lists(TEXTS))
def test_as_many_rows_as_lines(lines: list[str]) -> None:
    shown = as_rows(lines)
    assert len(shown.split("\n")) == max(1, len(lines)) and not dangerous(shown)
