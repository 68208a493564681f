"""What the cluster's JSON says of pods, the Deployment and Leases, as the fleet's own records.

Read by hand and not through the client's models: those check every field of every pod at every change, which costs
milliseconds a pod, for the dozen fields that count here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cloud.fleet.cluster import MCP_PORT, ClusterPod, RunnerLease, WarmDeployment
from cloud.fleet.times import as_seconds

Json = Mapping[str, Any]

WAITING = "prompt2mesh.io/waiting"
LEASE_PREFIX = "runner-"
_SHOWN_CHARS = 240
_NO_NEWS = frozenset({"ContainerCreating", "PodInitializing"})


def pod_of(pod: Json) -> ClusterPod:
    """The record of a pod."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    conditions = _conditions(status)
    phase = str(status.get("phase", ""))
    ready = conditions.get("Ready", {})
    is_ready = ready.get("status") == "True"
    return ClusterPod(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        ip=status.get("podIP") or "",
        port=_port(pod.get("spec") or {}),
        phase=phase,
        is_ready=is_ready,
        is_going=bool(metadata.get("deletionTimestamp"))
        or phase in {"Failed", "Succeeded"}
        or conditions.get("DisruptionTarget", {}).get("status") == "True",
        created_at=as_seconds(metadata.get("creationTimestamp")) or 0.0,
        ready_at=as_seconds(ready.get("lastTransitionTime")) if is_ready else None,
        why="" if is_ready else _why_not_running(status, conditions),
    )


def warm_of(deployment: Json) -> WarmDeployment:
    """The record of the Deployment of spares."""
    failure = _conditions(deployment.get("status") or {}).get("ReplicaFailure", {})
    return WarmDeployment(
        replicas=int((deployment.get("spec") or {}).get("replicas", 0)),
        resource_version=deployment["metadata"]["resourceVersion"],
        why=_told(failure) if failure.get("status") == "True" else "",
    )


def lease_of(lease: Json) -> RunnerLease:
    """The record of a runner's Lease."""
    metadata = lease["metadata"]
    waiting = str((metadata.get("annotations") or {}).get(WAITING, ""))
    return RunnerLease(
        holder=metadata["name"].removeprefix(LEASE_PREFIX),
        stamp=metadata["resourceVersion"],
        waiting=int(waiting) if waiting.isascii() and waiting.isdigit() else 0,
    )


def _port(spec: Json) -> int:
    for container in spec.get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == MCP_PORT:
                return int(port["containerPort"])
    return 0


def _conditions(status: Json) -> dict[str, Json]:
    return {condition.get("type", ""): condition for condition in status.get("conditions") or ()}


def _why_not_running(status: Json, conditions: Mapping[str, Json]) -> str:
    """What the cluster says is wrong: an eviction, no node, a container that does not start; "" if nothing is."""
    if status.get("reason"):
        return _told(status)
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return _told(scheduled)
    for container in _containers(status):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in _NO_NEWS:
            ended = (container.get("lastState") or {}).get("terminated") or {}
            last = f" (it ended with {ended.get('exitCode')}: {ended.get('reason', '')})" if ended else ""
            return _told(waiting) + last
    return ""


def _containers(status: Json) -> Iterable[Json]:
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _told(said: Json) -> str:
    text = ": ".join(str(said[key]) for key in ("reason", "message") if said.get(key))
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"
