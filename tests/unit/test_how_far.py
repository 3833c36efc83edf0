"""A bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadline.cli import how_far
from leadline.cli.commands.sweep import _Progress
from leadline.cli.how_far import NowAndThen
from leadline.cli.live import Watching
from leadline.testing.fake_context import context


def test_off_a_terminal_each_line_waits_twice_as_long_as_the_one_before() -> None:
    now_s = 0.0
    slowly, said = NowAndThen(lambda: now_s), []
    while now_s < 4000:
        now_s += 1
        if slowly.due():
            said.append(now_s)
    assert said == [30, 90, 210, 450, 930, 1530, 2130, 2730, 3330, 3930]


def test_a_run_whose_output_waits_says_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(how_far, "FIRST_S", 0.0)
    (tmp_path / "spec.json").write_text('{"run": "P-001-r1"}')
    (tmp_path / "progress.seen").write_text("1 50 100 2000 0 1000 4 50")
    tell = how_far.teller(context(str(tmp_path)), shown=True)

    class Once:
        answers: Any = iter(("running", "finished"))

        def wait(self, attempts: Any, timeout_s: float) -> dict[str, str]:
            return {str(tmp_path): next(self.answers)}

        def refresh(self, attempts: Any) -> None: ...

    Watching(None, how_far=tell)(Once(), str(tmp_path), {})  # type: ignore[arg-type]
    assert "P-001-r1  [######------] 50/100  0.05/s  no advance" in capsys.readouterr().err


def test_a_sweep_says_how_far_the_cell_under_way_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one long cell runs nothing ends, so no ending would ever tell."""
    monkeypatch.setattr(how_far, "FIRST_S", 0.0)
    far = _Progress(context(str(tmp_path)))
    far.look(3, 10, [])
    assert capsys.readouterr().err == ""
    for n in range(5):
        (tmp_path / str(n)).mkdir()
        (tmp_path / str(n) / "spec.json").write_text(f'{{"run": "P-00{n}-r1"}}')
        (tmp_path / str(n) / "progress.seen").write_text("1 50 100 4e9 0 1000 4 50")
    far.look(3, 10, [str(tmp_path / str(n)) for n in range(5)])
    said = capsys.readouterr().err
    assert "[####--------] 3/10" in said and "P-002-r1  [######------] 50/100" in said
    assert said.rstrip().endswith("; 2 more")
