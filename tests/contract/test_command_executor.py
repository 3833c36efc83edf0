"""A launcher described by templates keeps the contract; it hands over no environment."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from leadline.adapters.executors.command import CommandExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import ExecutorContract

FARM = Path(__file__).resolve().parents[1] / "fixtures" / "launcher" / "farm.py"


def options(folder: Path) -> dict[str, str]:
    farm = shlex.join([sys.executable, str(FARM), str(folder)])
    return {
        "submit": f"{farm} submit {{job}} {{log}} {{command}}",
        "state": f"{farm} state {{job}}",
        "cancel": f"{farm} cancel {{job}}",
    }


class TestCommandExecutor(ExecutorContract):
    @pytest.fixture
    def executor_factory(self, tmp_path: Path) -> Callable[[], Executor]:
        return partial(CommandExecutor, "farm", options(tmp_path / "farm"))
