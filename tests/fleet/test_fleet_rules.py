"""The pure parts of the Kubernetes fleet: who has to end, who lives, how large the pool is, what JSON says."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import InvalidInput
from cloud.fleet.cluster import (
    CLAIM_LABEL,
    CLAIMED,
    EXPIRES_AT,
    HOLDER,
    LAST_USED_AT,
    OWNER_LABEL,
    ClusterPod,
    RunnerLease,
)
from cloud.fleet.kubernetes_facts import lease_of, pod_of, warm_of
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.reaping import LivingRunners, doomed
from cloud.fleet.times import as_seconds, as_text
from cloud.fleet.warm_pool import PoolRules, PoolSize, poisson_quantile, spares_wanted

NOW = 1_000_000.0


def a_pod(
    name: str = "p", *, owner: str = "u", phase: str = "Running", is_going: bool = False, **said: str
) -> ClusterPod:
    names = {"holder": HOLDER, "used": LAST_USED_AT, "expires": EXPIRES_AT}
    annotations = {names[key]: value for key, value in said.items()}
    labels = {CLAIM_LABEL: CLAIMED, OWNER_LABEL: owner}
    return ClusterPod(name, name, "1", labels, annotations, phase=phase, is_going=is_going)


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (a_pod(holder="alive", used=as_text(NOW - 9000)), None),
        (a_pod(used=as_text(NOW - 899)), None),
        (a_pod(used=as_text(NOW - 900)), "idle"),
        (a_pod(holder="dead", used=as_text(NOW)), "orphan"),
        (a_pod(holder="alive", expires=as_text(NOW)), "expired"),
        (a_pod(holder="alive", expires=as_text(NOW + 1)), None),
        (a_pod(phase="Failed", is_going=True), "ended"),
        (a_pod(used="yesterday"), "idle"),
        (a_pod(used=as_text(NOW), is_going=True), None),
    ],
)
def test_a_pod_ends_for_a_reason(pod: ClusterPod, why: str | None) -> None:
    found = [doom.why for doom in doomed([pod], [pod], now=NOW, living={"alive"}, idle_s=900)]
    assert found == ([why] if why else [])


def test_of_two_pods_of_one_user_the_later_one_ends_unless_it_is_in_use() -> None:
    first, second = a_pod("a", used=as_text(NOW)), a_pod("b", used=as_text(NOW))
    held = a_pod("c", holder="alive")
    found = [doom.pod.name for doom in doomed([], [first, second, held], now=NOW, living={"alive"}, idle_s=900)]
    assert found == ["b"]


async def test_a_runner_dies_when_its_stamp_has_stood_still_for_long_enough() -> None:
    runners = LivingRunners(0.2)
    assert runners.told([RunnerLease("a", "1"), RunnerLease("b", "1")]) == {"a", "b"}
    living: frozenset[str] = frozenset()
    for stamp in range(2, 12):
        await asyncio.sleep(0.03)
        living = runners.told([RunnerLease("a", str(stamp)), RunnerLease("b", "1")])
    assert living == {"a"}


async def test_who_was_cut_off_counts_nobody_dead_at_first() -> None:
    runners = LivingRunners(0.1)
    runners.told([RunnerLease("a", "1")])
    await asyncio.sleep(0.2)
    assert runners.told([RunnerLease("a", "1")]) == {"a"}


@pytest.mark.parametrize(("mean", "share"), [(0.5, 0.9), (3.0, 0.98), (40.0, 0.95), (700.0, 0.99)])
def test_the_pool_is_large_enough_as_often_as_asked_and_not_larger(mean: float, share: float) -> None:
    random.seed(7)
    size = poisson_quantile(mean, share)
    drawn = [_arrivals(mean) for _ in range(4000)]
    found = sum(1 for count in drawn if count < size) / len(drawn)
    one_less = sum(1 for count in drawn if count < size - max(1, round(mean**0.5 / 3))) / len(drawn)
    assert found >= share - 0.02
    assert one_less < share + 0.01


def _arrivals(mean: float) -> int:
    """How many arrive in a time in which `mean` do on average."""
    at, count = random.expovariate(1), 0
    while at < mean:
        count += 1
        at += random.expovariate(1)
    return count


def test_the_pool_follows_demand_within_its_bounds() -> None:
    rules = PoolRules(least=2, most=30, ready_share=0.98)

    def wanted(claims: list[float], start_s: float = 60, waiting: int = 0, room: int | None = None) -> int:
        return spares_wanted(claims, now=NOW, start_s=start_s, waiting=waiting, room=room, rules=rules)

    busy = [NOW - 6 * n for n in range(100)]
    assert wanted([]) == 2
    assert wanted(busy) == poisson_quantile(10 * 21 / 20, 0.98)
    assert wanted(busy, start_s=10) < wanted(busy) < wanted(busy, start_s=120)
    assert wanted([], waiting=9) == 2
    assert wanted(busy, start_s=600) == 30
    assert wanted(busy, room=4) == 4
    assert wanted(busy, room=4, waiting=1) == 3
    assert wanted([NOW - 3000] * 500) == 2


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40))
def test_a_pool_shrinks_only_to_what_was_enough_all_the_time(wishes: list[int]) -> None:
    size = PoolSize(PoolRules(shrink_after_s=5))
    current = 7
    for second, wish in enumerate(wishes):
        before, current = current, size.decide(current, wish, 0, at=float(second))
        assert current >= wish
        if current < before:
            assert second >= 5
            assert current >= max(wishes[second - 5 : second + 1])


def test_who_waits_counts_beyond_the_most_spares_and_no_longer_than_they_wait() -> None:
    size = PoolSize(PoolRules(most=20, shrink_after_s=5))
    assert [size.decide(2, 2, 0, at=float(second)) for second in range(7)] == [2] * 7
    assert size.decide(2, 20, 300, at=7.0) == 320
    assert size.decide(320, 20, 40, at=8.0) == 60
    assert size.decide(60, 3, 0, at=9.0) == 20


def test_a_pods_json_is_told_as_it_is() -> None:
    running = {
        "metadata": {"name": "p", "uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {"containers": [{"ports": [{"name": "mcp", "containerPort": 8765}]}]},
        "status": {
            "phase": "Running",
            "podIP": "fd00::7",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T10:00:20Z"}],
        },
    }
    pod = pod_of(running)
    assert (pod.base_url, pod.is_ready, pod.is_going, pod.why) == ("http://[fd00::7]:8765", True, False, "")
    assert pod.ready_at is not None
    assert pod.ready_at - pod.created_at == 20
    disrupted = {
        **running,
        "status": {**running["status"], "conditions": [{"type": "DisruptionTarget", "status": "True"}]},
    }
    assert pod_of(disrupted).is_going
    deleted = {**running, "metadata": {**running["metadata"], "deletionTimestamp": "2026-11-23T10:00:00Z"}}
    assert pod_of(deleted).is_going


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
                ]
            },
            "Unschedulable: no node",
        ),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "back-off"}}}]},
            "ImagePullBackOff: back-off",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    }
                ]
            },
            "CrashLoopBackOff (it ended with 137: OOMKilled)",
        ),
        (
            {"reason": "Evicted", "message": "node was low on memory", "phase": "Failed"},
            "Evicted: node was low on memory",
        ),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}, ""),
    ],
)
def test_why_a_pod_does_not_run_is_told_in_the_clusters_words(status: dict[str, object], why: str) -> None:
    assert pod_of({"metadata": {"name": "p"}, "status": status}).why == why


def test_the_deployment_and_leases_are_told_as_they_are() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    deployment = {"metadata": {"resourceVersion": "3"}, "spec": {"replicas": 4}, "status": {"conditions": [failure]}}
    assert warm_of(deployment).why == "FailedCreate: exceeded quota"
    lease = {"metadata": {"name": "runner-x", "resourceVersion": "9", "annotations": {"prompt2mesh.io/waiting": "-2"}}}
    assert lease_of(lease) == RunnerLease("x", "9", 0)


def test_times_come_back_as_they_went() -> None:
    assert as_seconds(as_text(NOW + 0.25)) == NOW + 0.25
    assert as_seconds("soon") is None
    assert as_seconds(None) is None


def test_tokens_are_signed_with_the_key_that_is_given() -> None:
    made = PodTokens()
    again = PodTokens.of_pem(made.private_key_pem.replace("\n", "\\n"))
    assert again.public_key_pem == made.public_key_pem
    for wrong in ("", "secret", made.public_key_pem):
        with pytest.raises(InvalidInput, match="pod-keys"):
            PodTokens.of_pem(wrong)
