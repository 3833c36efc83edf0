"""Who waits for a lock comes before who had it last."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.adapters.files import locked, locked_in_turn
from leadline.adapters.store.event_log import EventLog
from tests.unit.test_run_table import store


def wait_until_held(path: str) -> None:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        while True:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(fd, fcntl.LOCK_UN)
    except BlockingIOError:
        os.close(fd)


def test_who_waits_comes_before_who_had_it(tmp_path: Path) -> None:
    path, turn, came = str(tmp_path / "lock"), str(tmp_path / "turn"), list[str]()

    def other() -> None:
        with locked_in_turn(path, turn):
            came.append("other")

    waiting = threading.Thread(target=other)
    with locked_in_turn(path, turn):
        waiting.start()
        wait_until_held(turn)
    with locked_in_turn(path, turn):
        came.append("again")
    waiting.join()
    assert came == ["other", "again"]


def test_it_is_the_lock_that_others_hold_without_a_turn(tmp_path: Path) -> None:
    path, turn = str(tmp_path / "lock"), str(tmp_path / "turn")
    with locked(path):
        waiting = threading.Thread(target=lambda: locked_in_turn(path, turn).__enter__())
        waiting.start()
        wait_until_held(turn)
        assert waiting.is_alive()
    waiting.join()


@pytest.mark.parametrize(
    "write",
    [
        lambda log: log.merge("t", {"w2-1.jsonl": b""}),
        lambda log: log.replace_damaged("t", "w2-1.jsonl", b"\n"),
    ],
)
def test_whoever_writes_to_a_thread_takes_a_turn(write: Callable[[EventLog], object]) -> None:
    with store() as log:
        write(log)
        assert Path(log.root, "locks", "t+turn.lock").exists()
