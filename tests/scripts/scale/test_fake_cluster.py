"""The simulator's cluster keeps what `cloud.fleet.cluster` promises, and takes its time."""

import asyncio
from dataclasses import replace

import pytest

from cloud.fleet.cluster import CLAIM_LABEL, CLAIMED, WARM, PodGone, VersionConflict, WatchExpired
from scripts.bench.scale.fake_cluster import ClusterHabits, FakeCluster
from scripts.bench.scale.nodes import NodeHabits
from scripts.bench.scale.virtual_time import VirtualClock, run_virtual

HABITS = ClusterHabits(nodes=NodeHabits(pods=2, spot_life_h=0))


async def cluster_of(replicas: int, habits: ClusterHabits = HABITS, nodes: int = 1) -> FakeCluster:
    """A cluster whose first pods are ready, or wait for a node."""
    cluster = FakeCluster(habits, seed=1, replicas=replicas, clock=VirtualClock(), nodes=nodes)
    cluster.start()
    await asyncio.sleep(40)
    return cluster


def test_of_two_patches_of_one_version_one_wins_and_the_claimed_pod_is_replaced() -> None:
    async def claims() -> None:
        cluster = await cluster_of(1)
        (spare,) = cluster.pods.values()
        claim = {CLAIM_LABEL: CLAIMED}
        both = (cluster.patch_pod(spare, labels=claim) for _ in range(2))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ClusterPod", "VersionConflict"]
        await asyncio.sleep(40)
        assert [pod.labels[CLAIM_LABEL] for pod in cluster.pods.values() if pod.is_ready] == [CLAIMED, WARM]
        with pytest.raises(VersionConflict):
            await cluster.delete_pod(spare)
        await cluster.delete_pod(spare, any_version=True)
        await asyncio.sleep(40)
        with pytest.raises(PodGone):
            await cluster.read_pod(spare.name)
        await cluster.stop()

    run_virtual(claims())


def test_a_watch_gives_every_change_in_order_and_one_that_is_too_old_expires() -> None:
    async def watches() -> None:
        cluster = await cluster_of(1, replace(HABITS, kept_changes=3))
        (spare,) = cluster.pods.values()
        seen = []

        async def watch(since: str) -> None:
            async with cluster.watch_pods(since) as changes:
                async for change in changes:
                    seen.append(int(change.resource_version))

        watching = asyncio.create_task(watch(spare.resource_version))
        for number in range(5):
            spare = await cluster.patch_pod(spare, annotations={"n": str(number)})
        await asyncio.sleep(1)
        watching.cancel()
        assert seen == sorted(seen)
        assert len(seen) == 5
        with pytest.raises(WatchExpired):
            await watch("1")
        await cluster.stop()

    run_virtual(watches())


def test_pods_without_room_wait_for_a_new_node_and_say_why() -> None:
    async def scales() -> None:
        cluster = await cluster_of(2)
        warm = await cluster.read_warm()
        await cluster.scale_warm(4, warm.resource_version)
        with pytest.raises(VersionConflict):
            await cluster.scale_warm(9, warm.resource_version)
        await asyncio.sleep(3)
        assert [bool(pod.why) for pod in cluster.pods.values()] == [False, False, True, True]
        await asyncio.sleep(400)
        assert [pod.is_ready for pod in cluster.pods.values()] == [True] * 4
        assert len(cluster.nodes.nodes) == 2
        later = [pod.ready_at - pod.created_at for pod in cluster.pods.values() if pod.ready_at]
        assert min(later[2:]) > 30 > max(later[:2])
        await cluster.stop()

    run_virtual(scales())


def test_a_spot_node_takes_its_pods_with_it_and_the_spare_comes_back() -> None:
    async def loses() -> tuple[int, int]:
        cluster = await cluster_of(2, replace(HABITS, nodes=NodeHabits(pods=2, spot_life_h=0.2)))
        first = next(iter(cluster.pods))
        await asyncio.wait_for(cluster.until_going(first), 36_000)
        await asyncio.sleep(600)
        ready = sum(pod.is_ready and not pod.is_going for pod in cluster.pods.values())
        await cluster.stop()
        return ready, cluster.nodes.lost

    ready, lost = run_virtual(loses())
    assert lost >= 1
    assert ready >= 1
