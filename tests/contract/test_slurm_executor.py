"""Slurm keeps the contract: a real controller and two real nodes on loopback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

from leadline.adapters.executors.slurm import SlurmExecutor
from leadline.core.errors import LeadlineError
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract, wait_until
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

    def test_what_slurm_refuses_is_said_and_nothing_is_started(
        self, attempt: Any, slurm_client: Slurm
    ) -> None:
        for words, said in (
            (("--partition=nowhere",), "partition"),
            ((PARTITION, "--gres=gpu:9"), "configuration"),
            ((PARTITION, "--gres=abacus:1"), "gres"),
        ):
            one = attempt(["echo", "once"])
            with pytest.raises(LeadlineError) as caught:
                SlurmExecutor("slurm", words).begin(one.dir, {})
            error = caught.value
            assert (error.code, error.kind) == ("slurm-refused", "environment") and error.next
            assert said in error.what.lower(), error.what
            assert one.submit().finish()["state"] == "done"
        with pytest.raises(LeadlineError) as caught:
            SlurmExecutor("slurm", ("--array=1-9",))
        assert caught.value.code == "sbatch-option"

    def test_a_python_that_is_not_there_is_told(self, attempt: Any, slurm_client: Slurm) -> None:
        one = attempt(["echo", "once"])
        executor = SlurmExecutor("slurm", (PARTITION,), python="/no/such/python")
        handle = executor.begin(one.dir, {})
        wait_until(lambda: executor.poll([(one.dir, handle)])[one.dir] == "gone")
        assert b"/no/such/python" in one.output("supervisor.err") and one.output() == b""
