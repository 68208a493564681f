"""The fleet on a real API server and controller manager (Kubernetes 1.20.2), with the rights of a runner.

The pods only answer health checks: what is tried here is who gets which.
"""

import asyncio
import json
import signal
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from cloud.fleet.cluster import DEPLOYMENT, HOLDER, USER_ID
from cloud.fleet.contract import PodNotReady
from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.cluster import LoopbackCluster, running_cluster, wait_for
from tests.support.kubernetes_api.race import begin, claims_of, race, racer

pytestmark = [pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]

CLAIMED = "prompt2mesh.io/claim=claimed"
POOL = PoolRules(least=0, most=60)


@pytest.fixture(scope="module")
def whole_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCluster]:
    with running_cluster(tmp_path_factory.mktemp("pods"), light=True) as running:
        yield running


@pytest.fixture
def cluster(whole_cluster: LoopbackCluster) -> LoopbackCluster:
    """With no pod, warm or claimed."""
    whole_cluster.clear()
    return whole_cluster


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(cluster: LoopbackCluster) -> AsyncIterator[KubernetesFleet]:
    opened = await cluster.fleet(FleetRules(start_limit_s=60, pool=POOL))
    await opened.watches()
    yield opened
    await opened.aclose()


async def test_200_claims_of_8_racing_runners_get_200_pods(cluster: LoopbackCluster) -> None:
    cluster.scale(200, limit_s=300)
    users = [f"user-{number}" for number in range(200)]
    pods = list[dict[str, Any]]()
    got, _ = await asyncio.to_thread(
        race,
        cluster.kubeconfig,
        [users[n::8] for n in range(8)],
        at_once=8,
        while_held=lambda: pods.extend(manifests.pods(cluster.plane, CLAIMED)),
    )
    assert len({claimed.pod for claimed in got}) == 200
    assert sorted(pod["metadata"]["annotations"][USER_ID] for pod in pods) == sorted(users)
    of_user = {claimed.user: claimed.pod for claimed in got}
    assert {pod["metadata"]["annotations"][USER_ID]: pod["metadata"]["name"] for pod in pods} == of_user


async def test_8_racing_runners_that_claim_for_the_same_users_get_one_pod_each(cluster: LoopbackCluster) -> None:
    cluster.scale(60, limit_s=300)
    users = [f"user-{number}" for number in range(20)]
    pods = list[dict[str, Any]]()
    got, _ = await asyncio.to_thread(
        race,
        cluster.kubeconfig,
        [users] * 8,
        at_once=20,
        while_held=lambda: pods.extend(manifests.pods(cluster.plane, CLAIMED)),
    )
    assert {user: len({claimed.pod for claimed in got if claimed.user == user}) for user in users} == dict.fromkeys(
        users, 1
    )
    owners = [pod["metadata"]["annotations"][USER_ID] for pod in pods]
    assert sorted(owners) == sorted(users)


async def test_a_killed_runner_leaves_no_claimed_pod_for_longer_than_60_s(
    cluster: LoopbackCluster, fleet: KubernetesFleet
) -> None:
    cluster.scale(4)
    mine = await fleet.acquire("mine")
    with racer(cluster.kubeconfig, ["ann", "ben"], runner="victim") as victim:
        assert victim.stdout
        assert victim.stdout.readline()
        begin(victim)
        theirs = {claimed.pod for claimed in await asyncio.to_thread(claims_of, victim, 2)}
        assert len(theirs) == 2
        victim.kill()
        began = time.monotonic()

    def orphans() -> set[str]:
        return {pod["metadata"]["name"] for pod in manifests.pods(cluster.plane, CLAIMED)} & theirs

    assert orphans() == theirs
    await asyncio.to_thread(wait_for, lambda: not orphans(), "orphans are ended", 60)
    assert time.monotonic() - began < 60
    assert mine.pod in {pod["metadata"]["name"] for pod in manifests.pods(cluster.plane, CLAIMED)}


async def test_a_job_that_moves_to_another_runner_takes_the_dead_ones_pod_over(
    cluster: LoopbackCluster, fleet: KubernetesFleet
) -> None:
    cluster.scale(2)
    with racer(cluster.kubeconfig, ["ann"], runner="victim") as victim:
        assert victim.stdout
        assert victim.stdout.readline()
        begin(victim)
        (theirs,) = await asyncio.to_thread(claims_of, victim, 1)
        victim.kill()
    assert (await fleet.acquire("ann")).pod == theirs.pod
    (pod,) = manifests.pods(cluster.plane, CLAIMED)
    assert pod["metadata"]["annotations"][HOLDER] == fleet.runner


async def test_an_api_server_that_restarts_and_forgot_its_history_is_survived(
    cluster: LoopbackCluster, fleet: KubernetesFleet
) -> None:
    cluster.scale(4)
    first = await fleet.acquire("ann")
    doomed = await fleet.acquire("ben")
    assert doomed.gone
    told = asyncio.ensure_future(doomed.gone())
    cluster.plane.end_apiserver(signal.SIGKILL)
    asked = asyncio.create_task(fleet.acquire("cat"))
    assert (await fleet.acquire("ann")).pod == first.pod  # known, and it answers: no API is needed
    await asyncio.to_thread(cluster.plane.start_apiserver)
    cluster.delete_pod(doomed.pod, grace_s=0)
    cluster.plane.compact()
    assert (await asyncio.wait_for(asked, 60)).pod not in {first.pod, doomed.pod}
    await asyncio.wait_for(told, 60)
    assert set(await fleet.list()) == {"ann", "cat"}
    # Nobody's pod was taken for an orphan, when all Leases had stood still.
    await asyncio.sleep(15)
    assert set(await fleet.list()) == {"ann", "cat"}


async def test_a_watch_whose_version_is_compacted_lists_anew(cluster: LoopbackCluster, fleet: KubernetesFleet) -> None:
    """The API server is asked for changes after version 1, which etcd has forgotten: it says 410."""
    cluster.scale(2)
    first = await fleet.acquire("ann")
    cluster.plane.compact()
    watch, asked_from = fleet._cluster.watch_pods, list[str]()

    def from_the_beginning(since: str) -> object:
        asked_from.append(since)
        return watch("1" if len(asked_from) == 1 else since)

    fleet._cluster.watch_pods = from_the_beginning  # type: ignore[method-assign,assignment]
    await asyncio.to_thread(wait_for, lambda: len(asked_from) >= 2, "the watch is begun anew", 60)
    second = await fleet.acquire("ben")
    assert set(await fleet.list()) == {"ann", "ben"}
    assert first.pod != second.pod


async def test_a_deleted_pod_is_known_lost_at_once_and_replaced(
    cluster: LoopbackCluster, fleet: KubernetesFleet
) -> None:
    cluster.scale(2)
    endpoint = await fleet.acquire("ann")
    assert endpoint.gone
    began = time.monotonic()
    cluster.delete_pod(endpoint.pod, grace_s=30)
    await asyncio.wait_for(asyncio.ensure_future(endpoint.gone()), 10)
    assert time.monotonic() - began < 5
    assert (await fleet.acquire("ann")).pod != endpoint.pod


async def test_a_quota_is_told_to_who_waits(cluster: LoopbackCluster) -> None:
    quotas = f"/api/v1/namespaces/{manifests.NAMESPACE}/resourcequotas"
    manifests.create(cluster.plane, quotas, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
    quota = lambda: cluster.plane.request("GET", f"{quotas}/none").get("status", {}).get("hard")  # noqa: E731
    await asyncio.to_thread(wait_for, lambda: bool(quota()), "the quota is counted")
    fleet = await cluster.fleet(FleetRules(start_limit_s=15, sweep_s=1, pool=POOL))
    try:
        with pytest.raises(PodNotReady, match="exceeded quota"):
            await fleet.acquire("ann")
    finally:
        cluster.plane.request("DELETE", f"{quotas}/none")
        await fleet.aclose()


async def test_the_warm_pool_grows_with_those_who_wait(cluster: LoopbackCluster, fleet: KubernetesFleet) -> None:
    endpoints = await asyncio.gather(*(fleet.acquire(f"user-{number}") for number in range(6)))
    assert len({endpoint.pod for endpoint in endpoints}) == 6


async def test_a_runner_may_do_what_the_fleet_does_and_nothing_else(cluster: LoopbackCluster) -> None:
    """That it may do the rest is what all other tests here show: their fleets have a runner's token."""
    token = json.loads(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
    pods = f"/api/v1/namespaces/{manifests.NAMESPACE}/pods"
    apps, rbac = "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"
    refused = [
        ("GET", f"/api/v1/namespaces/{manifests.NAMESPACE}/secrets"),
        ("GET", f"/api/v1/namespaces/{manifests.BACKEND}/secrets"),
        ("GET", f"/api/v1/namespaces/{manifests.BACKEND}/pods"),
        ("GET", "/api/v1/namespaces/kube-system/pods"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/namespaces"),
        ("GET", "/api/v1/nodes"),
        ("POST", pods),
        ("POST", f"{pods}/any/exec"),
        ("POST", f"{pods}/any/eviction"),
        ("GET", f"{pods}/any/log"),
        ("DELETE", pods),  # of all at once
        ("PATCH", f"{apps}/namespaces/{manifests.NAMESPACE}/deployments/{DEPLOYMENT}"),
        ("GET", f"{apps}/namespaces/{manifests.NAMESPACE}/deployments/other"),
        ("DELETE", f"{apps}/namespaces/{manifests.NAMESPACE}/deployments/{DEPLOYMENT}"),
        ("GET", f"{apps}/namespaces/{manifests.BACKEND}/deployments"),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{manifests.BACKEND}/leases"),
        ("POST", f"{rbac}/namespaces/{manifests.NAMESPACE}/rolebindings"),
        ("POST", f"{rbac}/clusterrolebindings"),
    ]
    trust = ssl.create_default_context(cafile=str(cluster.plane.folder / "server.crt"))
    async with httpx2.AsyncClient(base_url=cluster.plane.url, verify=trust, trust_env=False) as client:
        for method, path in refused:
            answer = await client.request(
                method,
                path,
                json={} if method != "GET" else None,
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
        assert (await client.get(pods, headers={"Authorization": f"Bearer {token}"})).status_code == 200
