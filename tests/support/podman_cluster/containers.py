"""podman, for containers as a pod's spec wants them."""

import itertools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
_numbers = itertools.count(1)
# A container in a container may not raise these: it gets what every machine allows.
_LIMITS = ("--ulimit=nofile=16384:16384", "--ulimit=nproc=32768:32768")
_QUIET = ("--log-driver=k8s-file", "--no-healthcheck", "--pull=never", "--cgroups=enabled")


class PodmanFailed(Exception):
    """podman said no; the text is what it said."""


def podman(*words: str, check: bool = True, limit_s: float = 120) -> str:
    """Run podman. Returns: its standard output. Raises: PodmanFailed."""
    done = subprocess.run(["podman", *words], capture_output=True, text=True, timeout=limit_s, check=False)
    if check and done.returncode:
        raise PodmanFailed(f"podman {' '.join(words[:3])} …: {done.stderr.strip()[-800:]}")
    return done.stdout


def ensure_tools() -> None:
    """podman is there, or is installed. Raises: AssertionError: what to install."""
    done = subprocess.run([ROOT / "scripts/images/tools", "podman"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def build_images(*names: str) -> None:
    """The images as the sources are now, in podman's store as localhost/prompt2mesh-NAME:dev."""
    command = [ROOT / "scripts/images/build", "--engine", "buildah", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stderr[-3000:]


class Network:
    """A network of our own without a way out: containers reach each other, and this machine at `gateway`."""

    def __init__(self) -> None:
        self.name = f"p2m-{os.getpid()}-{next(_numbers)}"
        for number in range(80, 120):
            self.prefix = f"10.98.{number}"
            try:
                podman("network", "create", "--internal", "--disable-dns", f"--subnet={self.prefix}.0/24", self.name)
                break
            except PodmanFailed as error:
                if "subnet" not in str(error):
                    raise
        else:
            raise PodmanFailed("no network of 10.98.80.0 to 10.98.119.0 is free")
        self.gateway = f"{self.prefix}.1"
        self.subnet = f"{self.prefix}.0/24"

    def take_gateway(self) -> None:
        """This machine gets the gateway's address on it. Call it once a container runs: then the bridge is there.

        podman gives it to networks with a way out alone.
        """
        bridge = json.loads(podman("network", "inspect", self.name))[0]["network_interface"]
        command = ["ip", "address", "add", f"{self.gateway}/24", "dev", bridge]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PodmanFailed(f"{' '.join(command)}: {done.stderr.strip()}")

    def remove(self) -> None:
        """It is gone, and so is whatever was on it."""
        podman("network", "rm", "--force", "--time=2", self.name, check=False)


def run_options(pod: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
    """The walls and limits that the specs of a pod and its container ask for, as podman's options.

    Raises: AssertionError: the spec lacks a wall that every pod of ours must have.
    """
    inner = container.get("securityContext", {})
    outer = pod["spec"].get("securityContext", {})
    assert inner.get("readOnlyRootFilesystem"), container["name"]
    assert inner.get("capabilities", {}).get("drop") == ["ALL"], container["name"]
    assert inner.get("allowPrivilegeEscalation") is False, container["name"]
    assert outer.get("runAsNonRoot"), container["name"]
    assert outer.get("runAsUser"), container["name"]
    options = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"]
    options += [f"--user={outer['runAsUser']}:{outer['runAsGroup']}", *_LIMITS, *_QUIET]
    if memory := container.get("resources", {}).get("limits", {}).get("memory"):
        bytes_ = memory_bytes(memory)
        options += [f"--memory={bytes_}b", f"--memory-swap={bytes_}b"]
    return options


def memory_bytes(quantity: str) -> int:
    """`512Mi`, `5Gi` and plain numbers, in bytes."""
    for suffix, factor in (("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30)):
        if quantity.endswith(suffix):
            return int(float(quantity.removesuffix(suffix)) * factor)
    return int(quantity)


def inspect(container: str) -> dict[str, Any]:
    """What podman knows of a container. Raises: PodmanFailed: there is none."""
    return json.loads(podman("inspect", "--type=container", container))[0]


def address_of(container: str, network: str) -> str:
    """Its address on the network; "" before it runs and after."""
    return str(inspect(container)["NetworkSettings"]["Networks"][network]["IPAddress"])


def process_of(container: str) -> int:
    """The number of its first process on this machine; 0: it has ended."""
    return int(inspect(container)["State"]["Pid"])


def lives(process: int) -> bool:
    """Whether a process lives. Asking podman instead costs a tenth of a second of the processor."""
    return process > 0 and Path(f"/proc/{process}").exists()


def exit_code(container: str) -> int | None:
    """None while it runs."""
    state = inspect(container)["State"]
    return None if state["Running"] else int(state["ExitCode"])


def start(name: str, image: str, options: Sequence[str], command: Sequence[str]) -> None:
    """Start a container in the background. Raises: PodmanFailed."""
    podman("run", "--detach", f"--name={name}", *options, image, *command)


def log_of(container: str) -> str:
    """What it has said."""
    done = subprocess.run(["podman", "logs", container], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr
