"""Runs the pods of a cluster as containers: init containers, probes, restarts, preStop, SIGTERM and its grace.

A thread for each pod. What it does not do: schedule (this machine is the only node), pull, limit the processor's share,
and enforce NetworkPolicies (the network has no way out; within it all reach all).
"""

import contextlib
import itertools
import logging
import shutil
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from tests.support.kubernetes_api.control_plane import ControlPlane
from tests.support.podman_cluster import containers, volumes
from tests.support.podman_cluster.containers import Network, PodmanFailed, podman
from tests.support.podman_cluster.probes import Probes

NODE = "this-machine"
PRE_STOP = "prompt2mesh.test/pre-stop-s"
"""Annotation: the seconds of the preStop sleep, which an API server of 1.20 does not know yet."""
_LOOK_S = 0.25
log = logging.getLogger(__name__)
_numbers = itertools.count(1)


@dataclass
class Ran:
    """One pod here. `ended` are the exit codes of its containers, in order."""

    key: tuple[str, str]
    folder: Path
    container: str
    address: str = ""
    is_ready: bool = False
    deleting_s: int | None = None
    restarts: int = 0
    stopped_in_s: float | None = None
    killed: bool = False
    started_at: float = field(default_factory=time.monotonic)
    ready_after_s: float | None = None
    failure: str = ""


class Kubelet:
    """The only node. `stop` ends all its containers."""

    def __init__(
        self, plane: ControlPlane, network: Network, folder: Path, hosts: Mapping[str, str], api: tuple[str, int]
    ) -> None:
        self.pods: dict[str, Ran] = {}
        self.gone: list[Ran] = []
        self._plane, self._network, self._folder = plane, network, folder
        self._hosts, self._api = hosts, api
        self._seen: dict[tuple[str, str], dict[str, str]] = {}
        self._finished: set[str] = set()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._looking = threading.Thread(target=self._look_on, name="kubelet", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._looking.start()

    def stop(self) -> None:
        """All containers are gone."""
        self._stopping.set()
        self._looking.join(20)
        for thread in self._threads:
            thread.join(30)
        for ran in [*self.pods.values(), *self.gone]:
            podman("rm", "--force", "--time=1", "--ignore", ran.container, check=False)

    def keep_logs(self, folder: Path) -> None:
        """A file for each container of now and of before, with what it has said."""
        folder.mkdir(parents=True, exist_ok=True)
        for log_file in self._folder.glob("*.log"):
            shutil.copy(log_file, folder)
        for ran in list(self.pods.values()):
            (folder / f"{ran.container}.log").write_text(containers.log_of(ran.container))

    def ready(self, namespace: str, selector: Mapping[str, str]) -> list[Ran]:
        """The pods that take requests now."""
        found = []
        for ran in list(self.pods.values()):
            if ran.key[0] == namespace and ran.is_ready and ran.deleting_s is None and self._labels(ran, selector):
                found.append(ran)
        return found

    def _labels(self, ran: Ran, selector: Mapping[str, str]) -> bool:
        labels = self._seen.get(ran.key, {})
        return all(labels.get(key) == value for key, value in selector.items())

    def _look_on(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                listed = self._plane.request("GET", "/api/v1/pods")["items"]
            except httpx2.HTTPError:
                continue
            for pod in listed:
                self._see(pod)
            known = {pod["metadata"]["uid"] for pod in listed}
            for uid in [uid for uid in self.pods if uid not in known]:
                # Deleted without us: nobody waits for its end.
                self.pods[uid].deleting_s = self.pods[uid].deleting_s or 0

    def _see(self, pod: dict[str, Any]) -> None:
        meta = pod["metadata"]
        key = (meta["namespace"], meta["name"])
        self._seen[key] = meta.get("labels", {})
        if meta["uid"] in self._finished:
            if "deletionTimestamp" in meta:
                self._confirm_deletion(key, meta["uid"])
        elif meta["uid"] not in self.pods:
            name = f"{self._network.name}-{meta['name']}-{next(_numbers)}"
            ran = self.pods[meta["uid"]] = Ran(key, self._folder / name, name)
            thread = threading.Thread(target=self._live, args=(ran, pod), name=meta["name"], daemon=True)
            self._threads.append(thread)
            thread.start()
        if "deletionTimestamp" in meta and meta["uid"] in self.pods:
            ran = self.pods[meta["uid"]]
            if ran.deleting_s is None:
                ran.deleting_s = int(meta.get("deletionGracePeriodSeconds") or 0)

    def _live(self, ran: Ran, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        try:
            self._bind(ran, pod)
            for container in pod["spec"].get("initContainers", ()):
                self._run_to_its_end(ran, pod, container)
            self._run_main(ran, pod)
        except Exception:  # noqa: BLE001 - the thread's top: the pod has failed, and says why
            ran.failure = traceback.format_exc()
            log.warning("%s failed: %s", ran.key[1], ran.failure)
        finally:
            self._end(ran, pod)
            self.gone.append(ran)
            self._finished.add(uid)
            self.pods.pop(uid, None)
            if ran.deleting_s is not None:
                self._confirm_deletion(ran.key, uid)
            elif not self._stopping.is_set():
                self._tell(ran, "Failed" if ran.failure else "Succeeded", ready=False)

    def _bind(self, ran: Ran, pod: Mapping[str, Any]) -> None:
        if not pod["spec"].get("nodeName"):
            namespace, name = ran.key
            target = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
            self._plane.request("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/binding", target)

    def _options(self, ran: Ran, pod: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """podman's options, and the words after the image."""

        def read(kind: str, name: str) -> dict[str, Any]:
            return self._plane.request("GET", f"/api/v1/namespaces/{ran.key[0]}/{kind}/{name}")

        variables = volumes.variables_of(container, pod, read)
        options = containers.run_options(pod, container)
        options += volumes.mounts_of(container, pod, ran.folder, self._folder / "claims", read)
        account = pod["spec"].get("serviceAccountName", "default")
        if pod["spec"].get("automountServiceAccountToken") is not False:
            options.append(self._identity(ran, account))
            variables |= {"KUBERNETES_SERVICE_HOST": self._api[0], "KUBERNETES_SERVICE_PORT": str(self._api[1])}
        entry, arguments = volumes.command_of(container, variables)
        file = ran.folder / f"{container['name']}.env"
        # podman's files of variables know no line breaks; keys in PEM have some.
        file.write_text("\n".join(f"{key}={value}" for key, value in variables.items() if "\n" not in value))
        options += [f"--env-file={file}", *(f"--env={k}={v}" for k, v in variables.items() if "\n" in v)]
        options += [f"--network={self._network.name}", f"--hostname={ran.key[1]}", "--dns=127.0.0.1"]
        options += [f"--add-host={name}:{address}" for name, address in self._hosts.items()]
        if entry:
            options.append(f"--entrypoint={entry[0]}")
        return options, [*entry[1:], *arguments]

    def _identity(self, ran: Ran, account: str) -> str:
        token = self._plane.token_of(ran.key[0], account)
        authority = (self._plane.folder / "server.crt").read_text()
        return volumes.identity(ran.folder, token, ran.key[0], authority)

    def _run_to_its_end(self, ran: Ran, pod: Mapping[str, Any], container: Mapping[str, Any]) -> None:
        ran.folder.mkdir(parents=True, exist_ok=True)
        options, words = self._options(ran, pod, container)
        name = f"{ran.container}-{container['name']}"
        try:
            podman("run", "--rm", f"--name={name}", *options, container["image"], *words, limit_s=900)
        except PodmanFailed as error:
            raise PodmanFailed(f"init container {container['name']}: {error}") from error

    def _run_main(self, ran: Ran, pod: Mapping[str, Any]) -> None:
        (container,) = pod["spec"]["containers"]
        ran.folder.mkdir(parents=True, exist_ok=True)
        options, words = self._options(ran, pod, container)
        while not self._is_over(ran):
            containers.start(ran.container, container["image"], options, words)
            ran.address = containers.address_of(ran.container, self._network.name)
            ran.started_at = time.monotonic()
            self._tell(ran, "Running", ready=False)
            code = self._watch(ran, container)
            if code is None or pod["spec"].get("restartPolicy") == "Never":
                if code:
                    raise PodmanFailed(f"exit code {code}: {containers.log_of(ran.container)[-1500:]}")
                return
            ran.restarts += 1
            ran.failure = f"restarted after exit code {code}: {containers.log_of(ran.container)[-1500:]}"
            ran.is_ready = False
            podman("rm", "--force", "--time=1", ran.container)
            time.sleep(min(10, ran.restarts))

    def _watch(self, ran: Ran, container: Mapping[str, Any]) -> int | None:
        """Probe until the pod is to go (None), or its container has ended or is given up (its exit code)."""
        probes = Probes(ran.address, container)
        told, process = False, containers.process_of(ran.container)
        while not self._is_over(ran):
            if not containers.lives(process) and (code := containers.exit_code(ran.container)) is not None:
                return code
            if not probes.look(time.monotonic() - ran.started_at):
                podman("kill", ran.container, check=False)
                return 137
            ran.is_ready = probes.is_ready
            if ran.is_ready and ran.ready_after_s is None:
                ran.ready_after_s = time.monotonic() - ran.started_at
            if told != ran.is_ready:
                told = ran.is_ready
                self._tell(ran, "Running", ready=told)
            time.sleep(_LOOK_S)
        return None

    def _is_over(self, ran: Ran) -> bool:
        return self._stopping.is_set() or ran.deleting_s is not None

    def _end(self, ran: Ran, pod: Mapping[str, Any]) -> None:
        ran.is_ready = False
        grace_s = ran.deleting_s or 0
        sleep_s = float(pod["metadata"].get("annotations", {}).get(PRE_STOP, 0))
        began = time.monotonic()
        if not self._stopping.is_set() and ran.address and grace_s:
            time.sleep(min(sleep_s, grace_s))
        told = time.monotonic()
        podman("stop", f"--time={max(1, int(grace_s - (told - began)))}", ran.container, check=False, limit_s=600)
        ran.stopped_in_s = time.monotonic() - told
        (self._folder / f"{ran.container}.log").write_text(containers.log_of(ran.container))
        with contextlib.suppress(PodmanFailed):  # it was never made
            ran.killed = containers.exit_code(ran.container) == 137 and not self._stopping.is_set()
        podman("rm", "--force", "--time=1", "--ignore", ran.container, check=False)
        shutil.rmtree(ran.folder, ignore_errors=True)

    def _confirm_deletion(self, key: tuple[str, str], uid: str) -> None:
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        with contextlib.suppress(httpx2.HTTPError):  # it is gone already, or is told again at the next look
            self._plane.request("DELETE", f"/api/v1/namespaces/{key[0]}/pods/{key[1]}", body)

    def _tell(self, ran: Ran, phase: str, *, ready: bool) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        state = "True" if ready else "False"
        kinds = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": state, "Ready": state}
        status = {
            "phase": phase,
            **({"podIP": ran.address, "podIPs": [{"ip": ran.address}]} if ran.address else {}),
            "startTime": now,
            "conditions": [{"type": kind, "status": value, "lastTransitionTime": now} for kind, value in kinds.items()],
        }
        namespace, name = ran.key
        try:
            self._plane.request("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status})
        except httpx2.HTTPStatusError as error:
            if error.response.status_code != 404:
                raise
