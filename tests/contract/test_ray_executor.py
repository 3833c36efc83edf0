"""Ray keeps the contract: a real head and a second node on loopback, in token mode."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from leadline.adapters.executors.ray import RayExecutor
from leadline.ports.executor import Executor
from leadline.testing.executor_contract import EngineContract
from tests.engines import WORKER, Ray, Relay

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def link(ray: Ray) -> Relay:
    return Relay(ray.port)


class TestRayExecutor(EngineContract):
    @pytest.fixture
    def address(self, ray_client: Ray, link: Relay) -> str:
        return f"http://127.0.0.1:{link.port}"

    @pytest.fixture
    def executor_factory(self, address: str) -> Callable[[], Executor]:
        return partial(RayExecutor, "ray", address, {"CPU": 0.1, WORKER: 1})

    @pytest.fixture
    def device_factory(self, address: str) -> Callable[[], Executor]:
        return partial(RayExecutor, "ray", address, {"CPU": 0.1, "device": 1})

    @pytest.fixture
    def full(self, ray: Ray) -> Callable[[], AbstractContextManager[object]]:
        return ray.full

    @pytest.fixture
    def out_of_reach(self, link: Relay) -> Callable[[], AbstractContextManager[object]]:
        return link.cut
