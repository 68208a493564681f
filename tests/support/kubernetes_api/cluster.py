"""A whole cluster on loopback: the control plane, the fake kubelet, and the objects that the fleet needs."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.fleet.pod_tokens import PodTokens
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.control_plane import ControlPlane, running_control_plane

_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class TestCluster:
    """A cluster whose pods run. `kubeconfig` is that of the runner's service account."""

    plane: ControlPlane
    tokens: PodTokens
    kubeconfig: Path
    kubelet: subprocess.Popen[bytes]

    def kill_pod(self, name: str) -> None:
        """The pod's process ends; the cluster is told nothing."""
        self._command(f"kill {name}")

    def lose_node_of(self, name: str) -> None:
        """The pod's process ends, and its kubelet with it: nobody will confirm that it is gone."""
        self._command(f"dead {name}")

    def delete_pod(self, name: str, grace_s: int = 30) -> None:
        """What an eviction, a drain or a spot reclaim does."""
        path = f"/api/v1/namespaces/{manifests.NAMESPACE}/pods/{name}"
        self.plane.request("DELETE", path, {"gracePeriodSeconds": grace_s})

    def scale(self, replicas: int, limit_s: float = 120) -> None:
        """Set the warm pool, and wait until all its pods are ready."""
        manifests.scale(self.plane, replicas)
        wait_for(lambda: manifests.ready_spares(self.plane) == replicas, f"{replicas} spares", limit_s)

    def _command(self, line: str) -> None:
        assert self.kubelet.stdin
        self.kubelet.stdin.write(f"{line}\n".encode())
        self.kubelet.stdin.flush()


@contextmanager
def running_cluster(
    folder: Path, *, replicas: int = 0, light: bool = False, cache_dir: Path | None = None, start_s: float = 0.0
) -> Iterator[TestCluster]:
    """A cluster with the warm Deployment; nothing of it is left afterwards."""
    tokens = PodTokens()
    with running_control_plane() as plane:
        manifests.install(plane, replicas=replicas)
        kubeconfig = plane.kubeconfig(plane.token_of(manifests.BACKEND, manifests.ACCOUNT), "runner")
        command = [sys.executable, "-m", "tests.support.kubernetes_api.kubelet"]
        command += ["--kubeconfig", str(plane.admin_kubeconfig), "--folder", str(folder), "--start-s", str(start_s)]
        command += ["--light"] if light else ["--public-key", tokens.public_key_pem]
        command += ["--cache-dir", str(cache_dir)] if cache_dir else []
        with subprocess.Popen(command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as kubelet:
            try:
                assert kubelet.stdout
                assert kubelet.stdout.readline(), "the kubelet did not start"
                yield TestCluster(plane, tokens, kubeconfig, kubelet)
            finally:
                assert kubelet.stdin
                kubelet.stdin.close()
                kubelet.wait(30)


def wait_for(condition: Callable[[], bool], what: str, limit_s: float = 30) -> None:
    """Return once the condition holds. Raises: AssertionError."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {limit_s:.0f} s"
        time.sleep(0.1)
