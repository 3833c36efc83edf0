"""What of a long output is shown where nobody watches: its head as it comes, its last lines, and how
much is between them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from leadline.cli.live import ALL_LINES, HEAD_LINES, TAIL_BYTES, TAIL_LINES, Watching


class _Over:
    """An executor of an attempt that is over."""

    def wait(self, attempts, timeout_s):
        return {attempt: "finished" for attempt, _ in attempts}

    def refresh(self, attempts):
        pass


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def _shown(folder: Path, printed: bytes, last_lines: int | None = None, stream=io.TextIOWrapper):
    (folder / "stdout.log").write_bytes(printed)
    (folder / "stderr.log").write_bytes(b"")
    return _watched(folder, last_lines, stream)


def _watched(folder: Path, last_lines: int | None = None, stream=io.TextIOWrapper) -> bytes:
    target = stream(io.BytesIO(), encoding="utf-8")
    Watching(target, last_lines=last_lines)(_Over(), str(folder), None)
    target.flush()
    return target.buffer.getvalue()


def _lines(count: int) -> bytes:
    return b"".join(b"line %d\n" % n for n in range(count))


@pytest.mark.parametrize("count", [0, 1, HEAD_LINES, HEAD_LINES + TAIL_LINES])
def test_a_short_output_is_shown_byte_for_byte(tmp_path, capsys, count):
    assert _shown(tmp_path, _lines(count)) == _lines(count)
    assert capsys.readouterr().err == ""


def test_a_long_one_by_its_ends_with_one_line_that_says_how_much_is_left_out(tmp_path, capsys):
    shown = _shown(tmp_path, _lines(100_000))
    assert shown == _lines(HEAD_LINES) + b"".join(_lines(100_000).splitlines(True)[-TAIL_LINES:])
    [told] = capsys.readouterr().err.splitlines()
    assert "1.0 MiB of stdout not shown" in told and str(tmp_path / "stdout.log") in told


def test_asked_for_more_or_less_or_all(tmp_path):
    printed = _lines(5000)
    assert _shown(tmp_path, printed, 0) == _lines(HEAD_LINES)
    assert len(_shown(tmp_path, printed, 3000).splitlines()) == HEAD_LINES + 3000
    assert _shown(tmp_path, printed, ALL_LINES) == printed


def test_on_a_terminal_all_of_it(tmp_path):
    assert _shown(tmp_path, _lines(5000), stream=_Terminal) == _lines(5000)


@pytest.mark.parametrize("printed", [b"x" * 500_000, b"x" * 500_000 + b"\n"])
def test_one_endless_line_is_limited_too_and_its_end_is_there(tmp_path, printed):
    shown = _shown(tmp_path, printed)
    assert TAIL_BYTES <= len(shown) < 2 * TAIL_BYTES
    assert printed.endswith(shown[-TAIL_BYTES:])


def test_of_a_file_of_a_terabyte_no_more_is_read_than_is_shown(tmp_path):
    path = tmp_path / "stdout.log"
    path.write_bytes(b"first\n")
    with path.open("r+b") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    shown = _watched(tmp_path)
    assert shown.startswith(b"first\n") and shown.endswith(b"last\n")
