"""The fleet's states on a cluster in memory: claims, releases, losses, and what the keeper does."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from cloud.fleet.claiming import owner_of
from cloud.fleet.cluster import (
    AUDIENCE,
    CLAIM_LABEL,
    CLAIMED,
    EXPIRES_AT,
    HOLDER,
    LAST_USED_AT,
    OWNER_LABEL,
    USER_ID,
    RunnerLease,
)
from cloud.fleet.times import as_seconds
from tests.fleet.fake_cluster import FakeCluster
from tests.fleet.fleets import QUICK, fleet_on, until


async def test_a_claim_names_owner_holder_audience_and_expiry_and_the_cluster_makes_the_next_spare() -> None:
    cluster = FakeCluster(replicas=2)
    async with fleet_on(cluster, runner="r1") as fleet:
        endpoint = await fleet.acquire("Ann ☃/../b")
        (pod,) = cluster.claimed()
        assert endpoint.pod == pod.name
        assert endpoint.base_url == f"http://{pod.ip}:8765"
        assert pod.labels[CLAIM_LABEL] == CLAIMED
        assert pod.labels[OWNER_LABEL] == owner_of("Ann ☃/../b")
        assert len(pod.labels[OWNER_LABEL]) <= 63
        said = pod.annotations
        assert (said[USER_ID], said[HOLDER], said[AUDIENCE]) == ("Ann ☃/../b", "r1", pod.name)
        assert as_seconds(said[EXPIRES_AT]) == 5e8 + QUICK.lifetime_s
        assert said["karpenter.sh/do-not-disrupt"] == "true"
        assert said["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
        assert len(cluster.pods) == 3


async def test_release_clears_the_holder_and_the_next_acquire_takes_the_same_pod() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster, runner="r1") as fleet:
        first = await fleet.acquire("ann")
        await fleet.release("ann")
        (pod,) = cluster.claimed()
        assert HOLDER not in pod.annotations
        assert as_seconds(pod.annotations[LAST_USED_AT]) == 5e8
        assert (await fleet.acquire("ann")).pod == first.pod
        assert cluster.claimed()[0].annotations[HOLDER] == "r1"


async def test_a_pod_in_use_that_another_runner_let_go_of_is_held_again() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster, runner="r1") as first, fleet_on(cluster, runner="r2") as second:
        pod = (await first.acquire("ann")).pod
        await second.acquire("ann")
        await until(lambda: cluster.pods[pod].annotations[HOLDER] == "r2")
        await second.release("ann")
        await until(lambda: cluster.pods[pod].annotations.get(HOLDER) == "r1")


async def test_a_release_that_the_watch_has_not_brought_yet_is_not_taken_for_a_hold() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster, replace(QUICK, sweep_s=60), runner="r1") as fleet:
        pod = (await fleet.acquire("ann")).pod
        cluster.mute()
        await fleet.release("ann")
        assert (await fleet.acquire("ann")).pod == pod
        assert cluster.pods[pod].annotations[HOLDER] == "r1"


async def test_a_spare_that_does_not_answer_is_ended_and_another_is_given() -> None:
    cluster = FakeCluster(replicas=1)
    (ill,) = cluster.pods.values()
    async with fleet_on(cluster, ill={ill.base_url}) as fleet:
        assert (await fleet.acquire("ann")).pod != ill.name
        assert cluster.deleted == [ill.name]


async def test_a_users_pod_that_does_not_answer_any_more_is_replaced() -> None:
    cluster, ill = FakeCluster(), set[str]()
    async with fleet_on(cluster, ill=ill) as fleet:
        first = await fleet.acquire("ann")
        ill.add(first.base_url)
        assert (await fleet.acquire("ann")).pod != first.pod
        assert cluster.deleted == [first.pod]


async def test_a_pod_that_is_deleted_under_a_job_is_told_of_at_once() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster) as fleet:
        endpoint = await fleet.acquire("ann")
        assert endpoint.gone
        told = asyncio.ensure_future(endpoint.gone())
        await asyncio.sleep(0.05)
        assert not told.done()
        cluster.put(replace(cluster.pods[endpoint.pod], is_going=True))
        await asyncio.wait_for(told, 1)
        assert (await fleet.acquire("ann")).pod != endpoint.pod


@pytest.mark.parametrize("runners", [2, 5])
async def test_runners_that_acquire_for_one_user_at_once_get_one_pod(runners: int) -> None:
    for _ in range(10):
        cluster = FakeCluster(replicas=6)
        async with AsyncExitStack() as stack:
            fleets = [await stack.enter_async_context(fleet_on(cluster)) for _ in range(runners)]
            await asyncio.gather(*(fleet.watches() for fleet in fleets))
            endpoints = await asyncio.gather(*(fleet.acquire("ann") for fleet in fleets))
            assert len({endpoint.pod for endpoint in endpoints}) == 1
            assert len(cluster.claimed()) == 1


async def test_of_two_claims_for_one_user_the_one_that_the_watch_brings_first_stands() -> None:
    cluster = FakeCluster(replicas=2)
    one, other = list(cluster.pods.values())
    async with fleet_on(cluster, runner="r1") as fleet:
        await fleet.watches()
        cluster.leases["r2"] = RunnerLease("r2", "1")
        patch = cluster.patch_pod

        async def overtaken(pod: object, **change: object) -> object:
            """Another runner's claim for Ann is written just before ours, on a pod that we did not choose."""
            cluster.patch_pod = patch
            rival = other if pod.name == one.name else one  # type: ignore[attr-defined]
            claim = {"labels": {CLAIM_LABEL: CLAIMED, OWNER_LABEL: owner_of("ann")}, "annotations": {USER_ID: "ann"}}
            await patch(rival, **claim)  # type: ignore[arg-type]
            return await patch(pod, **change)  # type: ignore[arg-type]

        cluster.patch_pod = overtaken  # type: ignore[assignment]
        endpoint = await fleet.acquire("ann")
        assert [pod.name for pod in cluster.claimed()] == [endpoint.pod]
        assert len(cluster.deleted) == 1
        assert endpoint.pod not in cluster.deleted


async def test_a_claim_whose_answer_was_lost_is_found_again_and_not_made_twice() -> None:
    cluster = FakeCluster(replicas=3, swallows=1)
    async with fleet_on(cluster) as fleet:
        endpoint = await fleet.acquire("ann")
        assert [pod.name for pod in cluster.claimed()] == [endpoint.pod]
        assert cluster.deleted == []


async def test_an_acquire_that_is_cancelled_leaves_no_pod_held() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster, ill=set()) as fleet:
        await fleet.watches()
        for turns in range(1, 12):
            asked = asyncio.create_task(fleet.acquire("ann"))
            for _ in range(turns):
                await asyncio.sleep(0)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            if not asked.cancelled():
                await fleet.release("ann")
            await until(lambda: not any(HOLDER in pod.annotations for pod in cluster.claimed()))


async def test_pods_stay_when_a_runner_ends_and_the_next_one_finds_them() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster) as fleet:
        first = await fleet.acquire("ann")
    assert cluster.leases == {}
    async with fleet_on(cluster) as fleet:
        await fleet.watches()
        assert set(await fleet.list()) == {"ann"}
        assert (await fleet.acquire("ann")).pod == first.pod


async def test_a_runner_that_ends_lets_go_of_a_pod_that_others_write_to_at_that_moment() -> None:
    """A ReplicaSet writes to a pod that was claimed just now: it is its owner no more."""
    cluster = FakeCluster()
    async with fleet_on(cluster, replace(QUICK, sweep_s=60), runner="r1") as fleet:
        pod = (await fleet.acquire("ann")).pod
        cluster.mute()
        cluster.put(cluster.pods[pod])
    assert HOLDER not in cluster.pods[pod].annotations


async def test_a_dead_runners_pod_is_ended_and_a_living_ones_is_not() -> None:
    cluster = FakeCluster(replicas=2)
    async with fleet_on(cluster, runner="r1") as fleet, fleet_on(cluster, runner="r2") as other:
        mine, theirs = await fleet.acquire("ann"), await other.acquire("ben")
        for task in other._tasks:  # r2 is killed
            task.cancel()
        await until(lambda: theirs.pod not in cluster.pods)
        assert mine.pod in cluster.pods


async def test_an_api_that_is_away_is_waited_for_and_kills_nobodys_pod() -> None:
    cluster = FakeCluster(replicas=2)
    async with fleet_on(cluster, runner="r1") as fleet, fleet_on(cluster, runner="r2") as other:
        mine, theirs = await fleet.acquire("ann"), await other.acquire("ben")
        cluster.away()
        asked = asyncio.create_task(fleet.acquire("cat"))
        assert (await fleet.acquire("ann")).pod == mine.pod  # it is known, and answers
        await asyncio.sleep(2 * QUICK.lease_s)
        assert not asked.done()
        cluster.back()
        await asyncio.wait_for(asked, 4)
        await asyncio.sleep(2 * QUICK.sweep_s)
        assert {mine.pod, theirs.pod} <= set(cluster.pods)


async def test_a_watch_that_is_too_old_lists_anew_and_misses_nothing() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster) as fleet:
        first = await fleet.acquire("ann")
        cluster.changes.clear()  # what happens now is never told by a watch
        del cluster.pods[first.pod]
        cluster.changes.clear()
        cluster.forget_history()
        assert first.gone
        await asyncio.wait_for(asyncio.ensure_future(first.gone()), 3)
        assert (await fleet.acquire("ann")).pod != first.pod


async def test_stop_ends_the_pod_even_when_the_api_hears_it_late() -> None:
    cluster = FakeCluster()
    async with fleet_on(cluster) as fleet:
        endpoint = await fleet.acquire("ann")
        cluster.away()
        await fleet.stop("ann")
        assert "ann" not in await fleet.list()
        cluster.back()
        await until(lambda: endpoint.pod not in cluster.pods)
