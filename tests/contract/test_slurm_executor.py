"""Slurm keeps the contract: a real controller and two real nodes on loopback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract
from tests.engines import WORKER, Slurm

pytestmark = pytest.mark.long
PARTITION = f"--partition={WORKER}"


class TestSlurmExecutor(EngineContract):
    @pytest.fixture
    def executor_factory(self, slurm_client: Slurm) -> Callable[[], Executor]:
        return partial(SlurmExecutor, "slurm", (PARTITION,))

    @pytest.fixture
    def device_factory(self, slurm_client: Slurm) -> Callable[[], Executor]:
        return partial(SlurmExecutor, "slurm", (PARTITION, "--gres=gpu:1"))

    @pytest.fixture
    def full(self, slurm_client: Slurm) -> Callable[[], AbstractContextManager[object]]:
        return slurm_client.full

    @pytest.fixture
    def out_of_reach(self, slurm_client: Slurm) -> Callable[[], AbstractContextManager[object]]:
        return slurm_client.out_of_reach
