"""What every fleet keeps to (`cloud.fleet.contract`). To add one: a harness, and its name in `HARNESSES`."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from cloud.fleet.contract import Endpoint, Fleet
from cloud.fleet.local import LocalFleet
from tests.blender.pod_process import CACHE, processes_with

pytestmark = [pytest.mark.blender, pytest.mark.asyncio(loop_scope="module")]


class FleetHarness(ABC):
    """A fleet under test, and what only its maker can do to it."""

    fleet: Fleet

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

    async def end_pod_from_outside(self, endpoint: Endpoint) -> None:
        """Kill the front."""
        for pid in processes_with(f"--audience {endpoint.pod}"):
            os.kill(pid, signal.SIGKILL)

    async def count_running(self) -> int:
        """Fronts."""
        return len([line for line in processes_with(str(self._root)).values() if "--audience" in line])


HARNESSES = {"local": LocalHarness}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=HARNESSES)
async def harness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FleetHarness]:
    """A fleet that is empty at first; it is shared, so each test has users of its own."""
    made = HARNESSES[request.param](tmp_path_factory.mktemp("fleet"))
    yield made
    await made.fleet.aclose()
    assert await made.count_running() == 0


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
