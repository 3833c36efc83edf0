"""Ctrl-C at a moment in which something else is cleared up."""

from __future__ import annotations

import pytest

from leadline.cli import main


def test_what_an_interruption_leaves_half_done_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parse(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            object().saved  # type: ignore[attr-defined]  # noqa: B018  as argparse does

    monkeypatch.setattr(main, "_dispatch", parse)
    assert main.main(["status"]) == main.INTERRUPTED
    assert "bug" not in capsys.readouterr().err
