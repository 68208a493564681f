"""When there is no pod to have: why, for how long, and what is done about it. On a cluster in memory."""

import asyncio
from dataclasses import replace

import pytest

from cloud.fleet.cluster import HOLDER, RunnerLease
from cloud.fleet.contract import PodNotReady, TellsWhy
from tests.fleet.fake_cluster import FakeCluster
from tests.fleet.fleets import QUICK, fleet_on, until


async def test_no_spare_is_told_in_the_clusters_words() -> None:
    cluster = FakeCluster(why="Unschedulable: 0/3 nodes are available")
    async with fleet_on(cluster, replace(QUICK, start_limit_s=0.2)) as fleet:
        with pytest.raises(PodNotReady, match="0/3 nodes are available"):
            await fleet.acquire("ann")
    quota = FakeCluster(quota="FailedCreate: exceeded quota: pods")
    async with fleet_on(quota, replace(QUICK, start_limit_s=0.2)) as fleet:
        with pytest.raises(PodNotReady, match="exceeded quota"):
            await fleet.acquire("ann")


async def test_who_waits_gets_the_pod_that_becomes_ready() -> None:
    cluster = FakeCluster(why="Pulling")
    async with fleet_on(cluster) as fleet:
        asked = asyncio.create_task(fleet.acquire("ann"))
        await asyncio.sleep(0.1)
        assert not asked.done()
        cluster.why = ""
        pod = next(iter(cluster.pods.values()))
        cluster.put(replace(pod, ip="127.0.0.9", port=8765, is_ready=True, why=""))
        assert (await asked).pod == pod.name


async def test_the_limit_of_all_pods_holds_for_all_runners_together_and_is_told() -> None:
    cluster = FakeCluster(replicas=8)
    rules = replace(QUICK, max_pods=3)
    async with fleet_on(cluster, rules) as one, fleet_on(cluster, rules) as two:
        asked = [asyncio.create_task(fleet.acquire(f"{n}")) for n, fleet in enumerate([one, two] * 4)]
        await until(lambda: sum(task.done() for task in asked) == 3)
        await asyncio.sleep(0.2)
        assert len(cluster.claimed()) == 3
        assert isinstance(one, TellsWhy)
        waiting = next(n for n, task in enumerate(asked) if not task.done())
        assert [one, two][waiting % 2].why_waiting(f"{waiting}") == "pod_limit"
        ended = next(n for n, task in enumerate(asked) if task.done())
        await [one, two][ended % 2].stop(f"{ended}")
        await until(lambda: sum(task.done() for task in asked) == 4)
        assert len(cluster.claimed()) == 3
        for task in asked:
            task.cancel()


async def test_at_the_limit_an_idle_pod_makes_room_and_one_in_use_does_not() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster, replace(QUICK, max_pods=2, start_limit_s=0.5)) as fleet:
        busy, idle = await fleet.acquire("busy"), await fleet.acquire("idle")
        await fleet.release("idle")
        await until(lambda: any(HOLDER not in pod.annotations for pod in cluster.claimed()))
        await fleet.acquire("new")
        assert cluster.deleted == [idle.pod]
        assert busy.pod in cluster.pods
        with pytest.raises(PodNotReady, match="P2M_MAX_PODS"):
            await fleet.acquire("one more")


async def test_the_pool_grows_for_who_waits() -> None:
    cluster = FakeCluster(replicas=1, why="Pulling")
    async with fleet_on(cluster) as fleet:
        asked = [asyncio.create_task(fleet.acquire(f"{n}")) for n in range(4)]
        await until(lambda: cluster.replicas >= 4)
        assert cluster.replicas <= QUICK.pool.most
        for task in asked:
            task.cancel()


async def test_the_pool_grows_also_when_all_other_runners_were_killed_just_now() -> None:
    cluster = FakeCluster(replicas=1, why="Pulling")
    cluster.leases["0"] = RunnerLease("0", "1")  # comes before all names that are given, and is never renewed
    async with fleet_on(cluster, replace(QUICK, lease_s=60)) as fleet:
        asked = [asyncio.create_task(fleet.acquire(f"{n}")) for n in range(4)]
        await until(lambda: cluster.replicas >= 4)
        for task in asked:
            task.cancel()
