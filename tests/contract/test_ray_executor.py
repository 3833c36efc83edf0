"""Ray keeps the contract: a real head and a second node on loopback, in token mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from leadline.adapters.executors.ray import RayExecutor
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import ExecutorContract
from tests.engines import Ray

pytestmark = pytest.mark.long


class TestRayExecutor(ExecutorContract):
    @pytest.fixture
    def executor_factory(self, ray_client: Ray) -> Callable[[], Executor]:
        return partial(RayExecutor, "ray", ray_client.address, {"CPU": 0.1})
