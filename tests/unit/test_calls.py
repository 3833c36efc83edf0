"""What is recorded of a call of a Python function: its config, and the command that makes it again."""

from __future__ import annotations

import contextvars
import inspect
import json
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadline import calls
from leadline.adapters.executors.in_process import InProcessExecutor
from leadline.adapters.executors.registry import load
from leadline.core.errors import LeadlineError
from leadline.core.record.run import IN_PROCESS
from leadline.job import call, log


def measure(n: int, dtype: str = "bf16", *more: int, **rest: Any) -> None:
    """Stands in a file that can be called."""


def told(function: Any, *args: Any, **kwargs: Any) -> tuple[list[str], dict[str, Any]]:
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return calls._command(function, signature, bound.arguments)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)


def test_defaults_and_extra_keywords_are_config_and_command() -> None:
    argv, config = told(measure, 64, lr=1e-3)
    assert config == {"n": 64, "dtype": "bf16", "lr": 1e-3}
    again = ["-m", "leadline.job.call", "test_calls.py", "measure"]
    assert argv == [sys.executable, *again, "--n=64", "--dtype=bf16", "--lr=0.001"]


@pytest.mark.parametrize("args", [(object(),), (float("nan"),), ((1, 2),), (1, "x", 3), ({1: 2},)])
def test_what_no_command_can_say_makes_no_command(args: tuple[Any, ...]) -> None:
    argv, config = told(measure, *args)
    assert argv == sys.orig_argv and "n" in config


def test_of_a_value_that_is_none_of_a_config_its_type_is_kept() -> None:
    assert told(measure, object())[1]["n"] == "<object>"
    assert told(measure, {"a": [Path("x")]})[1]["n"] == {"a": ["x"]}


def test_a_function_within_another_has_no_command() -> None:
    def inner(n: int) -> None: ...

    def only(n: int, /) -> None: ...

    only.__qualname__ = "only"
    assert told(inner, 1)[0] == told(only, 1)[0] == sys.orig_argv


@pytest.mark.parametrize(
    "value", ["bf16", "64", "", "true", "a=b", 'a "b"', 64, None, [1, "2"], 0.5]
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    (word,) = call.words({"k": value})
    assert call._value(word.removeprefix("--").partition("=")[2]) == value


def test_what_is_not_over_when_it_returns_is_no_run() -> None:
    async def later() -> None: ...
    async def each() -> AsyncIterator[int]:
        yield 1

    for function in (later, each, partial(later)):
        with pytest.raises(TypeError, match="use `with"):
            calls.run(function)


def test_who_is_not_called_by_a_run_is_no_part_of_it() -> None:
    """Threads and tasks that began before it or beside it; what it began itself is a part."""
    assert calls._is_within() is False
    try:
        assert calls._is_within() is True
        assert contextvars.copy_context().run(calls._is_within) is True, "as a task begins"
        with pytest.raises(LeadlineError) as refused, ThreadPoolExecutor(1) as pool:
            pool.submit(calls._is_within).result()
        assert refused.value.code == "run-in-run"
    finally:
        calls._leave()
    with ThreadPoolExecutor(8) as pool:
        claimed = [pool.submit(calls._is_within) for _ in range(8)]
    calls._leave()
    assert sum(c.exception() is None and c.result() is False for c in claimed) == 1


def noted(error: Exception) -> Exception:
    error.add_note("a note")
    return error


def unparsed() -> SyntaxError:
    with pytest.raises(SyntaxError) as caught:
        compile("f(", "x.py", "exec")
    return caught.value


@pytest.mark.parametrize(
    "error, ending",
    [
        (None, ("done", "")),
        (SystemExit(0), ("done", "")),
        (SystemExit(3), ("failed", "SystemExit: 3")),
        (KeyboardInterrupt(), ("cancelled", "KeyboardInterrupt")),
        (ValueError("first\nlast"), ("failed", "ValueError: first last")),
        (noted(ValueError("why")), ("failed", "ValueError: why")),
        (unparsed(), ("failed", "SyntaxError: '(' was never closed")),
    ],
)
def test_an_exception_is_an_ending(error: Any, ending: tuple[str, str]) -> None:
    assert calls._ending(error) == ending


# --- the executor ---------------------------------------------------------------------------------


def attempt(tmp_path: Path, name: str = "one") -> str:
    folder = tmp_path / name / "attempt-1"
    folder.mkdir(parents=True)
    spec = {"v": 1, "run": "P-001-r1", "argv": ["x"], "cwd": ".", "env": {"GONE": None}}
    (folder / "spec.json").write_text(json.dumps({**spec, "cookie": "c"}))
    return str(folder)


def test_an_attempt_is_this_process_until_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONE", "here")
    executor = load(IN_PROCESS, None)
    assert isinstance(executor, InProcessExecutor)
    folder = attempt(tmp_path)
    handle = executor.submit(folder, {"process": os.getpid()})
    assert executor.poll([(folder, handle)]) == {folder: "running"}
    assert InProcessExecutor().poll([(folder, {})]) == {folder: "running"}
    assert executor.cancel(folder, handle)["did"] == "nothing"
    assert os.environ["LEADLINE_RUN_DIR"] == folder and "GONE" not in os.environ
    log.log(loss=1)
    executor.finish(folder, "done", "")
    assert os.environ["GONE"] == "here" and "LEADLINE_RUN_DIR" not in os.environ
    assert executor.poll([(folder, handle)]) == {folder: "finished"}
    result = executor.result(folder)
    assert result is not None and result["state"] == "done" and result["wall_s"] >= 0
    assert "max_rss_bytes" not in result["resources"]


def test_the_points_of_the_next_one_are_its_own(tmp_path: Path) -> None:
    executor = InProcessExecutor()
    for name in ("one", "two"):
        folder = attempt(tmp_path, name)
        executor.submit(folder, {"process": os.getpid()})
        log.log(loss=1)
        executor.finish(folder, "done", "")
        assert len(os.listdir(f"{folder}/series")) == 1
    log.log(loss=2)
    assert len(os.listdir(f"{folder}/series")) == 1


def test_one_at_a_time_and_none_for_a_command(tmp_path: Path) -> None:
    executor = InProcessExecutor()
    with pytest.raises(LeadlineError) as refused:
        executor.submit(attempt(tmp_path), {})
    assert refused.value.code == "no-command-in-process"
    first = attempt(tmp_path, "first")
    executor.submit(first, {"process": os.getpid()})
    with pytest.raises(LeadlineError) as second:
        executor.submit(attempt(tmp_path, "second"), {"process": os.getpid()})
    assert second.value.code == "run-in-run"
    executor.finish(first, "failed", "why")
    assert not os.environ.get("LEADLINE_RUN")
