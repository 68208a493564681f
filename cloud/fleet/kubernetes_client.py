"""The real cluster: Kubernetes' API over its official async client, one namespace of it.

Every call has a time limit and is made again, for some seconds, when the API does not answer, restarts, or says
"later" (429, 5xx; 401 too, because a service account's token is renewed under us).
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from cloud.fleet.cluster import (
    DEPLOYMENT,
    NAME,
    NAME_LABEL,
    ClusterAway,
    ClusterPod,
    ClusterRefused,
    PodChange,
    PodGone,
    PodList,
    RunnerLease,
    VersionConflict,
    WarmDeployment,
)
from cloud.fleet.kubernetes_calls import Later, Missing, ask, changes_in, check
from cloud.fleet.kubernetes_facts import LEASE_PREFIX, WAITING, lease_of, pod_of, warm_of

_CALL_LIMIT_S = 5.0
# The server ends a watch itself; ours is the limit for a connection that is dead and does not say so.
_WATCH_S, _WATCH_LIMIT_S = 30, 40.0
# Nothing in a pod is worth waiting for: its snapshots are in the artifact store.
_GRACE_S = 5
_PAGE = 500
_MERGE = "application/merge-patch+json"
_PODS = f"{NAME_LABEL}={NAME}"
_RUNNERS = {NAME_LABEL: "runner", "app.kubernetes.io/part-of": "prompt2mesh"}


class KubernetesCluster:
    """A `Cluster`. `open` makes it; `aclose` lets go of its connections."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._core = client.CoreV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._coordination = client.CoordinationV1Api(api)

    @classmethod
    async def open(cls, namespace: str, *, kubeconfig: str = "") -> "KubernetesCluster":
        """With the pod's own service account; elsewhere with `kubeconfig`, or the file that KUBECONFIG names.

        Raises: ClusterRefused: there is neither.
        """
        settings = client.Configuration()
        # The API is never behind a proxy of the environment; a kubeconfig names its own where there is one.
        settings.client_session_kwargs = {"trust_env": False}
        try:
            if kubeconfig or not os.environ.get("KUBERNETES_SERVICE_HOST"):
                file = kubeconfig or os.environ.get("KUBECONFIG") or None
                await config.load_kube_config(config_file=file, client_configuration=settings, persist_config=False)
            else:
                config.load_incluster_config(client_configuration=settings)
        except config.ConfigException as error:
            raise ClusterRefused(
                "begin", 0, f"{error} Run in a pod with a service account, or set KUBECONFIG"
            ) from error
        return cls(client.ApiClient(settings), namespace)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._api.close()

    async def list_pods(self) -> PodList:
        """All Blender pods as they are now, read in pages."""
        pods: list[ClusterPod] = []
        token, version = None, ""
        while True:
            page = await ask(
                "list pods",
                lambda token=token: self._core.list_namespaced_pod_without_preload_content(
                    self._namespace, label_selector=_PODS, limit=_PAGE, _continue=token, _request_timeout=_CALL_LIMIT_S
                ),
            )
            pods += [pod_of(item) for item in page["items"]]
            # All pages are of one moment, that of the first.
            version = version or page["metadata"]["resourceVersion"]
            token = page["metadata"].get("continue")
            if not token:
                return PodList(tuple(pods), version)

    async def read_pod(self, name: str) -> ClusterPod:
        """One pod as it is now. Raises: PodGone."""
        try:
            return pod_of(
                await ask(
                    "read a pod",
                    lambda: self._core.read_namespaced_pod_without_preload_content(
                        name, self._namespace, _request_timeout=_CALL_LIMIT_S
                    ),
                )
            )
        except Missing as error:
            raise PodGone(name) from error

    @asynccontextmanager
    async def watch_pods(self, since: str) -> AsyncIterator[AsyncIterator[PodChange]]:
        """The changes after this version, for half a minute at most. Raises: WatchExpired."""
        try:
            response = await self._core.list_namespaced_pod_without_preload_content(
                self._namespace,
                label_selector=_PODS,
                watch=True,
                resource_version=since,
                allow_watch_bookmarks=True,
                timeout_seconds=_WATCH_S,
                _request_timeout=_WATCH_LIMIT_S,
            )
            async with response:
                await check("watch pods", response)
                yield changes_in(response)
        except Later as error:
            raise ClusterAway("watch pods", str(error)) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise ClusterAway("watch pods", repr(error)) from error

    async def patch_pod(
        self,
        pod: ClusterPod,
        *,
        labels: Mapping[str, str | None] | None = None,
        annotations: Mapping[str, str | None] | None = None,
    ) -> ClusterPod:
        """Set labels and annotations if the pod is still of this version. Raises: VersionConflict, PodGone."""
        metadata: dict[str, Any] = {"resourceVersion": pod.resource_version, "uid": pod.uid}
        metadata |= {"labels": dict(labels)} if labels else {}
        metadata |= {"annotations": dict(annotations)} if annotations else {}
        try:
            return pod_of(
                await ask(
                    "patch a pod",
                    lambda: self._core.patch_namespaced_pod_without_preload_content(
                        pod.name,
                        self._namespace,
                        {"metadata": metadata},
                        _content_type=_MERGE,
                        _request_timeout=_CALL_LIMIT_S,
                    ),
                )
            )
        except Missing as error:
            raise PodGone(pod.name) from error

    async def delete_pod(self, pod: ClusterPod, *, any_version: bool = False) -> None:
        """Begin to end the pod. Raises: VersionConflict, PodGone."""
        conditions = {"uid": pod.uid} if any_version else {"uid": pod.uid, "resourceVersion": pod.resource_version}
        try:
            await ask(
                "delete a pod",
                lambda: self._core.delete_namespaced_pod_without_preload_content(
                    pod.name,
                    self._namespace,
                    body={"gracePeriodSeconds": _GRACE_S, "preconditions": conditions},  # type: ignore[arg-type]
                    _request_timeout=_CALL_LIMIT_S,
                ),
            )
        except Missing as error:
            raise PodGone(pod.name) from error

    async def read_warm(self) -> WarmDeployment:
        """The Deployment of spares."""
        try:
            return warm_of(
                await ask(
                    "read the warm Deployment",
                    lambda: self._apps.read_namespaced_deployment_without_preload_content(
                        DEPLOYMENT, self._namespace, _request_timeout=_CALL_LIMIT_S
                    ),
                )
            )
        except Missing as error:
            missing = f"there is no Deployment {DEPLOYMENT!r} in {self._namespace!r}"
            raise ClusterRefused("read the warm Deployment", 404, missing) from error

    async def scale_warm(self, replicas: int, resource_version: str) -> None:
        """Set how many spares there are. Raises: VersionConflict."""
        body = {"metadata": {"resourceVersion": resource_version}, "spec": {"replicas": replicas}}
        try:
            await ask(
                "scale the warm Deployment",
                lambda: self._apps.patch_namespaced_deployment_scale_without_preload_content(
                    DEPLOYMENT, self._namespace, body, _content_type=_MERGE, _request_timeout=_CALL_LIMIT_S
                ),
            )
        except Missing as error:
            raise VersionConflict(DEPLOYMENT) from error

    async def list_leases(self) -> list[RunnerLease]:
        """The runners' Leases."""
        selector = ",".join(f"{name}={value}" for name, value in _RUNNERS.items())
        answer = await ask(
            "list Leases",
            lambda: self._coordination.list_namespaced_lease_without_preload_content(
                self._namespace, label_selector=selector, _request_timeout=_CALL_LIMIT_S
            ),
        )
        return [lease_of(item) for item in answer["items"]]

    async def renew_lease(self, holder: str, *, duration_s: int, waiting: int) -> None:
        """Say that this runner lives; makes its Lease the first time."""
        name = f"{LEASE_PREFIX}{holder}"
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        body = {
            "metadata": {"name": name, "labels": _RUNNERS, "annotations": {WAITING: str(waiting)}},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": duration_s, "renewTime": now},
        }
        try:
            await ask(
                "renew a Lease",
                lambda: self._coordination.patch_namespaced_lease_without_preload_content(
                    name, self._namespace, body, _content_type=_MERGE, _request_timeout=_CALL_LIMIT_S
                ),
            )
        except Missing:
            with suppress(VersionConflict):  # our own first attempt may have made it, and its answer was lost
                await ask(
                    "make a Lease",
                    lambda: self._coordination.create_namespaced_lease_without_preload_content(
                        self._namespace,
                        body,  # type: ignore[arg-type]
                        _request_timeout=_CALL_LIMIT_S,
                    ),
                )

    async def delete_lease(self, holder: str) -> None:
        """This runner lives no more."""
        with suppress(Missing):
            await ask(
                "delete a Lease",
                lambda: self._coordination.delete_namespaced_lease_without_preload_content(
                    f"{LEASE_PREFIX}{holder}", self._namespace, _request_timeout=_CALL_LIMIT_S
                ),
            )
