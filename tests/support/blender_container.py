"""A Blender pod from its image, run by podman as the Deployment's pod spec says. Root on Linux alone.

What differs from a cluster: the network is this machine's (the wall there is a NetworkPolicy, which podman does not
know), the public key lies in a folder instead of a Secret, `/pod` is a folder that tests can look into, no
kubelet asks the probes, and its share of the processors is a large one.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import yaml

from cloud.fleet.pod_tokens import PodTokens
from tests.blender.contained import UID
from tests.blender.pod_process import AUDIENCE, RunningPod

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = ROOT / "k8s" / "base" / "blender" / "deployment.yaml"

# A container may not raise limits that this machine's own container was given.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
_OF_A_CLUSTER = (
    "serviceAccountName",
    "dnsPolicy",
    "dnsConfig",
    "topologySpreadConstraints",
    "priorityClassName",
    "nodeSelector",
    "affinity",
    "tolerations",
    "runtimeClassName",
)
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe", "ports")
_START_LIMIT_S = 120
_CPU = "8"
"""What the pod asks of the processors here: so much that what else runs on the machine does not starve it."""


def built_image() -> str:
    """The image of a user's Blender, built if need be (minutes the first time)."""
    done = subprocess.run(["scripts/images/build", "blender"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.split()[-1]


@dataclass(frozen=True)
class Container:
    """A pod's running container. `folder` holds its keys and the front's files."""

    pod: RunningPod
    name: str
    folder: Path
    listening_s: float
    ready_s: float
    """From the start of the container to the first answer of the front, and of Blender."""

    @property
    def front_pid(self) -> int:
        """The front's process, as this machine numbers it."""
        return int(podman("inspect", "--format", "{{.State.Pid}}", self.name))

    def blenders(self) -> list[psutil.Process]:
        """The children, the oldest first: Python processes that started none."""
        tree = psutil.Process(self.front_pid).children(recursive=True)
        return sorted((p for p in tree if not p.children()), key=lambda p: p.create_time())

    def memory_bytes(self) -> tuple[int, int]:
        """What the container holds, without the page cache: in its control group, and as processes' own pages."""
        front = psutil.Process(self.front_pid)
        own = sum(each.memory_full_info().uss for each in (front, *front.children(recursive=True)))
        return _control_group_bytes(front.pid), own

    def logs(self) -> str:
        """What the front wrote."""
        done = subprocess.run(["podman", "logs", self.name], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr


def podman(*arguments: str) -> str:
    """What the command printed. Raises: CalledProcessError."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr[-2000:]}"
    return done.stdout.strip()


@contextmanager
def running_container(image: str, *options: str) -> Iterator[Container]:
    """The Deployment's pod from `image`, ready; `options` are more arguments of the front's."""
    assert os.geteuid() == 0, "containers are run by root here: run the tests as root, or leave out the heavy ones"
    folder = Path(tempfile.mkdtemp(prefix="p2m-container-", dir="/var/tmp"))
    folder.chmod(0o755)
    tokens, name, port = PodTokens(), folder.name, _free_port()
    for made, owner in (("keys", 0), ("pod", UID)):
        (folder / made).mkdir(mode=0o755)
        os.chown(folder / made, owner, owner)
    (folder / "keys" / "pod.pub").write_text(tokens.public_key_pem)
    (folder / "pod.yaml").write_text(yaml.safe_dump(_pod(image, name, port, folder, options)))
    try:
        began = time.monotonic()
        podman("kube", "play", str(folder / "pod.yaml"))
        base_url = f"http://127.0.0.1:{port}"
        _until_answered(f"{base_url}/healthz", began)
        listening_s = time.monotonic() - began
        ready = httpx2.get(f"{base_url}/readyz", timeout=_START_LIMIT_S)
        assert ready.is_success, ready.text
        pid = int(podman("inspect", "--format", "{{.State.Pid}}", f"{name}-blender"))
        pod = RunningPod(base_url, folder / "pod", tokens, psutil.Process(pid))  # type: ignore[arg-type]
        yield Container(pod, f"{name}-blender", folder, listening_s, time.monotonic() - began)
    finally:
        subprocess.run(["podman", "pod", "rm", "-f", "-t", "5", name], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _pod(image: str, name: str, port: int, folder: Path, options: Sequence[str]) -> dict[str, Any]:
    """The Deployment's pod, without what only a cluster has."""
    template = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]
    spec = {key: value for key, value in template["spec"].items() if key not in _OF_A_CLUSTER}
    (container,) = spec["containers"]
    told = {"--host": "127.0.0.1", "--port": str(port), "--audience": AUDIENCE}
    arguments = [word for word in container["args"] if word.partition("=")[0] not in told]
    container["args"] = [*arguments, *(f"{key}={value}" for key, value in told.items()), *options]
    container |= {"image": image, "imagePullPolicy": "Never", "env": []}
    container["resources"]["requests"]["cpu"] = _CPU
    for probe in _PROBES:
        container.pop(probe, None)
    for volume in spec["volumes"]:
        if volume["name"] in ("public-key", "pod"):
            where = folder / {"public-key": "keys"}.get(volume["name"], "pod")
            volume.pop("secret", None)
            volume.pop("emptyDir", None)
            volume["hostPath"] = {"path": str(where), "type": "Directory"}
    spec |= {"hostNetwork": True, "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _until_answered(url: str, began: float) -> None:
    while True:
        try:
            if httpx2.get(url, timeout=5).is_success:
                return
        except httpx2.HTTPError:
            assert time.monotonic() - began < _START_LIMIT_S, f"{url} does not answer"
            time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def _control_group_bytes(pid: int) -> int:
    """Anonymous memory and tmpfs files of the process's control group (v1 or v2)."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            stat = Path("/sys/fs/cgroup", controllers, path.lstrip("/"), "memory.stat")
            if stat.is_file():
                facts = dict(words.split() for words in stat.read_text().splitlines())
                return int(facts.get("anon") or facts["total_rss"]) + int(facts.get("shmem") or facts["total_shmem"])
    return 0


def _environment() -> dict[str, str]:
    settings = Path(tempfile.gettempdir(), f"p2m-containers-{os.getuid()}.conf")
    settings.write_text(_SETTINGS)
    return {**os.environ, "CONTAINERS_CONF": str(settings)}
