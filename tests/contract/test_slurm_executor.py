"""Slurm keeps the contract: a real controller and two real nodes on loopback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import ExecutorContract
from tests.engines import Slurm

pytestmark = pytest.mark.long


class TestSlurmExecutor(ExecutorContract):
    @pytest.fixture
    def executor_factory(self, slurm_client: Slurm) -> Callable[[], Executor]:
        return SlurmExecutor
