"""What every fleet keeps to (`cloud.fleet.contract`). To add one: a harness, and its name in `HARNESSES`.

`kubernetes` runs on a real API server and controller manager (1.20.2) and with the rights of a runner; its pods are
real Blenders, as processes of this machine.
"""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from cloud.fleet.contract import Endpoint, Fleet
from cloud.fleet.local import LocalFleet
from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from tests.blender.pod_process import CACHE, processes_with, wait_until
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.cluster import LoopbackCluster, running_cluster

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]


class FleetHarness(ABC):
    """A fleet under test, and what only its maker can do to it."""

    fleet: Fleet

    @classmethod
    @abstractmethod
    def open(cls, root: Path) -> AbstractAsyncContextManager["FleetHarness"]:
        """A fleet with no user's pod; at the end it is closed, and what should be left of it is looked at."""

    @abstractmethod
    async def end_pod_from_outside(self, endpoint: Endpoint) -> None:
        """The pod dies as it would by accident."""

    @abstractmethod
    async def count_running(self) -> int:
        """How many of the fleet's pods exist, by any measure but the fleet's own."""


class LocalHarness(FleetHarness):
    """Processes of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        if CACHE.is_dir():
            (root / "cache").symlink_to(CACHE)
        self.fleet = LocalFleet(root, spares=0)

    @classmethod
    @asynccontextmanager
    async def open(cls, root: Path) -> AsyncIterator["FleetHarness"]:
        """Its pods die with it."""
        harness = cls(root)
        yield harness
        await harness.fleet.aclose()
        assert await harness.count_running() == 0

    async def end_pod_from_outside(self, endpoint: Endpoint) -> None:
        """Kill the front."""
        for pid in processes_with(f"--audience {endpoint.pod}"):
            os.kill(pid, signal.SIGKILL)

    async def count_running(self) -> int:
        """Fronts."""
        return len([line for line in processes_with(str(self._root)).values() if "--audience" in line])


class KubernetesHarness(FleetHarness):
    """Pods of a cluster on loopback."""

    def __init__(self, cluster: LoopbackCluster, fleet: Fleet) -> None:
        self._cluster = cluster
        self.fleet = fleet

    @classmethod
    @asynccontextmanager
    async def open(cls, root: Path) -> AsyncIterator["FleetHarness"]:
        """Its pods stay, and the next fleet finds them."""
        with ExitStack() as stack:
            cluster = await asyncio.to_thread(stack.enter_context, running_cluster(root, replicas=1))
            rules = FleetRules(pool=PoolRules(least=1, most=1))
            fleet = await cluster.fleet(rules)
            harness = cls(cluster, fleet)
            yield harness
            left = await fleet.acquire("eve")
            await fleet.aclose()
            fleet = await cluster.fleet(rules)
            found = await fleet.acquire("eve")
            await fleet.aclose()
            assert found.pod == left.pod

    async def end_pod_from_outside(self, endpoint: Endpoint) -> None:
        """Kill the process; the cluster is told nothing."""
        self._cluster.kill_pod(endpoint.pod)
        ended = partial(wait_until, lambda: not processes_with(f"--audience {endpoint.pod}"), "the front ends")
        await asyncio.to_thread(ended)

    async def count_running(self) -> int:
        """Users' pods, as the API has them."""
        return len(await asyncio.to_thread(manifests.pods, self._cluster.plane, "prompt2mesh.io/claim=claimed"))


HARNESSES: dict[str, type[FleetHarness]] = {"local": LocalHarness, "kubernetes": KubernetesHarness}


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["local", pytest.param("kubernetes", marks=pytest.mark.heavy)]
)
async def harness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FleetHarness]:
    """A fleet that is empty at first; it is shared, so each test has users of its own."""
    async with HARNESSES[request.param].open(tmp_path_factory.mktemp("fleet")) as opened:
        yield opened


async def _status(base_url: str, bearer: str) -> int:
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{base_url}/files/exports/none.glb", headers={"Authorization": f"Bearer {bearer}"})
    return answer.status_code


async def test_a_users_pod_is_ready_stays_theirs_and_opens_to_no_other(harness: FleetHarness) -> None:
    fleet = harness.fleet
    ann = await fleet.acquire("ann")
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{ann.base_url}/readyz")).is_success
    assert not ann.base_url.endswith("/")
    assert await _status(ann.base_url, ann.bearer()) == 404  # let in: there is no such file
    again = await fleet.acquire("ann")
    assert (again.pod, again.base_url) == (ann.pod, ann.base_url)
    ben = await fleet.acquire("ben/../ann ☃")
    assert ben.pod != ann.pod
    assert await _status(ann.base_url, ben.bearer()) in {401, 403}
    assert {"ann", "ben/../ann ☃"} <= set(await fleet.list())
    await fleet.release("ann")
    assert (await fleet.acquire("ann")).base_url
    await fleet.stop("ben/../ann ☃")
    assert "ben/../ann ☃" not in await fleet.list()


async def test_a_pod_that_died_is_replaced_at_the_next_acquire(harness: FleetHarness) -> None:
    first = await harness.fleet.acquire("cat")
    await harness.end_pod_from_outside(first)
    second = await harness.fleet.acquire("cat")
    assert second.pod != first.pod
    assert await _status(second.base_url, second.bearer()) == 404
    await harness.fleet.stop("cat")


async def test_many_tasks_that_acquire_at_once_get_one_pod(harness: FleetHarness) -> None:
    before = await harness.count_running()
    endpoints = await asyncio.gather(*(harness.fleet.acquire("dan") for _ in range(5)))
    assert len({endpoint.pod for endpoint in endpoints}) == 1
    assert await harness.count_running() == before + 1
    await harness.fleet.stop("dan")
    assert await harness.count_running() == before


async def test_stopping_or_releasing_nothing_is_no_error(harness: FleetHarness) -> None:
    await harness.fleet.stop("nobody")
    await harness.fleet.release("nobody")
    assert "nobody" not in await harness.fleet.list()
