"""What the fleet asks of a cluster, and nothing more: one namespace's Blender pods, the warm Deployment, and Leases.

`KubernetesCluster` (`kubernetes_client.py`) is the real one. Tests and the simulator bring their own: whatever keeps
to the promises below, in real or in virtual time (implementations wait with asyncio alone).

The promises that the fleet builds on:

- A pod's `resource_version` changes with every write to it, whoever writes; a patch that names an older one changes
  nothing (`VersionConflict`). So of two that patch one version, one wins.
- A watch gives the changes of all pods in the order in which they were made, each at least once, from just after the
  version that it is told. Of two writes, everybody who watches sees the same one first.
- Claiming takes the pod out of the warm Deployment's selector; the cluster then starts another spare by itself.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from cloud.errors import Prompt2MeshError

NAME_LABEL, NAME = "app.kubernetes.io/name", "blender"
CLAIM_LABEL, WARM, CLAIMED = "prompt2mesh.io/claim", "warm", "claimed"
OWNER_LABEL = "prompt2mesh.io/owner"
USER_ID = "prompt2mesh.io/user-id"
CLAIMED_AT = "prompt2mesh.io/claimed-at"
HOLDER = "prompt2mesh.io/holder"
LAST_USED_AT = "prompt2mesh.io/last-used-at"
AUDIENCE = "prompt2mesh.io/audience"
EXPIRES_AT = "prompt2mesh.io/expires-at"
KEPT_FROM_DISRUPTION = {
    "karpenter.sh/do-not-disrupt": "true",
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
}
DEPLOYMENT = "blender"
MCP_PORT = "mcp"


class VersionConflict(Exception):
    """Someone changed the object after the version that was named: read it again and decide again."""


class PodGone(Exception):
    """There is no such pod (any more)."""


class WatchExpired(Exception):
    """The cluster no longer has the changes since that version: list again, then watch from there."""


class ClusterAway(Prompt2MeshError):
    """The cluster's API did not answer, or only with "try later", for all the retries that one call has."""

    code, http_status, retryable = "cluster_away", 503, True

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"The cluster's API does not answer ({what}): {why}")


class ClusterRefused(Prompt2MeshError):
    """The cluster's API does not let us, or does not understand us: no retry helps, but an operator's change may."""

    code, http_status = "cluster_refused", 503

    def __init__(self, what: str, status: int, why: str) -> None:
        self.status = status
        super().__init__(f"The cluster's API refuses ({what}, HTTP {status}): {why}")


@dataclass(frozen=True)
class ClusterPod:
    """A Blender pod as the cluster tells it. Times are in seconds since 1970, by the cluster's clock.

    `ip` is "" until there is one; `port` is that of the container's port named `mcp`. `is_ready` is the cluster's Ready
    condition. `is_going`: it is being deleted or evicted, or it has ended; whatever runs in it ends within seconds.
    `why` says in the cluster's words why it does not run: "" as long as there is nothing to say.
    """

    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    ip: str = ""
    port: int = 0
    phase: str = "Pending"
    is_ready: bool = False
    is_going: bool = False
    created_at: float = 0.0
    ready_at: float | None = None
    why: str = ""

    @property
    def base_url(self) -> str:
        """Where its front listens; "" if it has no address yet."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{self.port}" if self.ip and self.port else ""


@dataclass(frozen=True)
class PodList:
    """All Blender pods at one moment, and the version to watch from."""

    pods: tuple[ClusterPod, ...]
    resource_version: str


@dataclass(frozen=True)
class PodChange:
    """A pod was made or changed (`is_gone` is false), or does not exist any more. Without a pod: only the version."""

    resource_version: str
    pod: ClusterPod | None = None
    is_gone: bool = False


@dataclass(frozen=True)
class WarmDeployment:
    """The Deployment of spares. `why`: what keeps it from making pods, in the cluster's words (a quota); else ""."""

    replicas: int
    resource_version: str
    why: str = ""


@dataclass(frozen=True)
class RunnerLease:
    """A runner's sign of life. `stamp` changes with every renewal; it is compared with itself only.

    `waiting`: for how many users the runner waits for a pod.
    """

    holder: str
    stamp: str
    waiting: int = 0


class Cluster(Protocol):
    """One namespace of a cluster. Every method also raises ClusterAway and ClusterRefused; none waits without end."""

    async def list_pods(self) -> PodList:
        """All Blender pods, warm and claimed, as they are now (not as some cache has them)."""
        ...

    async def read_pod(self, name: str) -> ClusterPod:
        """One pod as it is now. Raises: PodGone."""
        ...

    def watch_pods(self, since: str) -> AbstractAsyncContextManager[AsyncIterator[PodChange]]:
        """The changes after this version, until the connection ends, which it does now and then; watch again then.

        Leaving the context ends it. Raises, also while iterating: WatchExpired.
        """
        ...

    async def patch_pod(
        self,
        pod: ClusterPod,
        *,
        labels: Mapping[str, str | None] | None = None,
        annotations: Mapping[str, str | None] | None = None,
    ) -> ClusterPod:
        """Set labels and annotations (None removes one) if the pod is still of this version.

        A call that was repeated after a lost answer may raise VersionConflict for its own first attempt: read the pod.
        Raises: VersionConflict, PodGone.
        """
        ...

    async def delete_pod(self, pod: ClusterPod, *, any_version: bool = False) -> None:
        """Begin to end the pod, if it is still of this version, or of any. Raises: VersionConflict, PodGone."""
        ...

    async def read_warm(self) -> WarmDeployment:
        """The Deployment of spares."""
        ...

    async def scale_warm(self, replicas: int, resource_version: str) -> None:
        """Set how many spares there are, if the Deployment is still of this version. Raises: VersionConflict."""
        ...

    async def list_leases(self) -> list[RunnerLease]:
        """The runners' Leases, also those that have run out."""
        ...

    async def renew_lease(self, holder: str, *, duration_s: int, waiting: int) -> None:
        """Say that this runner lives; makes its Lease the first time."""
        ...

    async def delete_lease(self, holder: str) -> None:
        """This runner lives no more. No error if there is no such Lease."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
