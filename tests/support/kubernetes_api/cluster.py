"""A whole cluster on loopback: the control plane, the fake kubelet, and the objects that the fleet needs."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.kubernetes_client import KubernetesCluster
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.rules import FleetRules
from tests.blender.pod_process import CACHE
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.control_plane import ControlPlane, running_control_plane

_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class LoopbackCluster:
    """A cluster whose pods run. `kubeconfig` is that of the runner's service account."""

    plane: ControlPlane
    tokens: PodTokens
    kubeconfig: Path
    kubelet: subprocess.Popen[bytes]

    def kill_pod(self, name: str) -> None:
        """The pod's process ends; the cluster is told nothing."""
        self._command(f"kill {name}")

    def lose_node_of(self, name: str) -> None:
        """The pod's machine is gone: it answers no more, nobody closes its connections, nobody confirms its end."""
        self._command(f"dead {name}")

    def delete_pod(self, name: str, grace_s: int = 30) -> None:
        """What an eviction, a drain or a spot reclaim does."""
        path = f"/api/v1/namespaces/{manifests.NAMESPACE}/pods/{name}"
        self.plane.request("DELETE", path, {"gracePeriodSeconds": grace_s})

    def scale(self, replicas: int, limit_s: float = 120) -> None:
        """Set the warm pool, and wait until all its pods are ready."""
        manifests.scale(self.plane, replicas)
        wait_for(lambda: manifests.ready_spares(self.plane) == replicas, f"{replicas} spares", limit_s)

    def clear(self) -> None:
        """No pod is left, warm or claimed."""
        manifests.scale(self.plane, 0)
        self.plane.request("DELETE", f"/api/v1/namespaces/{manifests.NAMESPACE}/pods", {"gracePeriodSeconds": 0})
        wait_for(lambda: not manifests.pods(self.plane), "no pods")

    async def fleet(self, rules: FleetRules | None = None, *, runner: str = "") -> KubernetesFleet:
        """A fleet of its own, as one more runner has it, with the rights of a runner, at work."""
        cluster = await KubernetesCluster.open(manifests.NAMESPACE, kubeconfig=str(self.kubeconfig))
        fleet = KubernetesFleet(cluster, self.tokens, rules, runner=runner)
        await fleet.start()
        return fleet

    def _command(self, line: str) -> None:
        assert self.kubelet.stdin
        self.kubelet.stdin.write(f"{line}\n".encode())
        self.kubelet.stdin.flush()


@contextmanager
def running_cluster(folder: Path, *, replicas: int = 0, light: bool = False) -> Iterator[LoopbackCluster]:
    """A cluster with the warm Deployment; nothing of it is left afterwards."""
    with running_control_plane() as plane:
        manifests.install(plane, replicas=replicas)
        with pods_of(plane, folder, light=light) as cluster:
            yield cluster


@contextmanager
def pods_of(plane: ControlPlane, folder: Path, *, light: bool, start_s: float = 0.0) -> Iterator[LoopbackCluster]:
    """Run the pods of a control plane, as long as it is needed: real Blenders, or what only answers health checks.

    A pod's process begins `start_s` after the pod was made.
    """
    tokens = PodTokens()
    kubeconfig = plane.kubeconfig(plane.token_of(manifests.BACKEND, manifests.ACCOUNT), "runner")
    command = [sys.executable, "-m", "tests.support.kubernetes_api.kubelet"]
    command += ["--kubeconfig", str(plane.admin_kubeconfig), "--folder", str(folder), "--cache-dir", str(CACHE)]
    command += ["--start-s", str(start_s)]
    command += ["--light"] if light else ["--public-key", tokens.public_key_pem]
    with subprocess.Popen(command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as kubelet:
        assert kubelet.stdin
        assert kubelet.stdout
        try:
            assert kubelet.stdout.readline(), "the kubelet did not start"
            yield LoopbackCluster(plane, tokens, kubeconfig, kubelet)
        finally:
            kubelet.stdin.close()
            kubelet.wait(60)


def wait_for(condition: Callable[[], bool], what: str, limit_s: float = 30) -> None:
    """Return once the condition holds. Raises: AssertionError."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {limit_s:.0f} s"
        time.sleep(0.1)
