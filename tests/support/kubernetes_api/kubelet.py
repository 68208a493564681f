"""Plays the scheduler and every kubelet of a cluster, in a process of its own: pods are processes of this machine.

    python -m tests.support.kubernetes_api.kubelet --kubeconfig FILE --folder DIR (--light | --public-key PEM)

Each pod gets a loopback address of its own, and listens there on the port that its spec calls `mcp`. With
`--public-key` it is a real Blender pod (`python -m cloud.blender`, in bubblewrap), ready once code ran in its Blender;
with `--light` it is a few lines of HTTP in this process that answer the health checks, for tests of races.
Every line that it reads on its stdin is a command: `kill NAME` ends a pod's process from one moment to the next, and
tells the cluster nothing; `dead NAME` stops it where it is, for good: its address answers no more, nobody closes its
connections, and nobody confirms that it is gone, as when a machine is taken away.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import client, config

NODE = "loopback"
_PROJECT = Path(__file__).resolve().parents[3]
_LIMIT_S = 20.0
_WATCH_S = 300


@dataclass
class Ran:
    """A pod that runs here."""

    name: str
    ip: str = ""
    process: asyncio.subprocess.Process | None = None
    server: asyncio.Server | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    is_ending: bool = False


class Kubelet:
    """Runs the pods of one namespace."""

    def __init__(self, arguments: argparse.Namespace, core: client.CoreV1Api) -> None:
        self._arguments = arguments
        self._core = core
        self._pods: dict[str, Ran] = {}
        self._network = f"127.{random.randint(64, 250)}"
        self._next = random.randint(1, 20_000)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Do what the API says, for ever."""
        while True:
            try:
                await self._follow()
            except (aiohttp.ClientError, TimeoutError, ConnectionError, client.ApiException) as error:
                print(f"kubelet: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
                await asyncio.sleep(0.2)

    async def obey(self) -> None:
        """Do what our stdin says; ends with it."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().split():
            ran = self._pods.get(line[1])
            if ran and line[0] == "dead" and ran.process:
                ran.is_ending = True
                os.killpg(ran.process.pid, signal.SIGSTOP)
            elif ran:
                await self._end_process(ran)

    async def stop(self) -> None:
        """End every process that we started."""
        for task in self._tasks:
            task.cancel()
        for ran in list(self._pods.values()):
            for task in ran.tasks:
                task.cancel()
            await self._end_process(ran)

    async def _follow(self) -> None:
        listed = await self._json(self._core.list_namespaced_pod_without_preload_content(self._arguments.namespace))
        for pod in listed["items"]:
            self._see(pod)
        for name in self._pods.keys() - {pod["metadata"]["name"] for pod in listed["items"]}:
            self._later(self._forget(name))
        response = await self._core.list_namespaced_pod_without_preload_content(
            self._arguments.namespace,
            watch=True,
            resource_version=listed["metadata"]["resourceVersion"],
            timeout_seconds=_WATCH_S,
        )
        async with response:
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "DELETED":
                    self._later(self._forget(event["object"]["metadata"]["name"]))
                else:
                    self._see(event["object"])

    def _see(self, pod: dict[str, Any]) -> None:
        name, deleted = pod["metadata"]["name"], pod["metadata"].get("deletionTimestamp")
        ran = self._pods.get(name)
        if deleted and (ran is None or not ran.is_ending):
            ran = self._pods.setdefault(name, Ran(name))
            ran.is_ending = True
            self._later(self._delete(ran, pod["metadata"]["uid"]))
        elif ran is None and not deleted:
            ran = self._pods[name] = Ran(name)
            ran.tasks.append(asyncio.create_task(self._start(ran, pod)))

    async def _start(self, ran: Ran, pod: dict[str, Any]) -> None:
        """Bind the pod, run it, and tell the cluster when it runs and when it is ready."""
        container = pod["spec"]["containers"][0]
        port = next(p["containerPort"] for p in container["ports"] if p["name"] == "mcp")
        if not pod["spec"].get("nodeName"):
            binding = {"metadata": {"name": ran.name}, "target": {"kind": "Node", "name": NODE}}
            await self._surely(
                lambda: self._core.create_namespaced_pod_binding_without_preload_content(
                    ran.name,
                    self._arguments.namespace,
                    binding,  # type: ignore[arg-type]
                    _request_timeout=_LIMIT_S,
                )
            )
        await asyncio.sleep(self._arguments.start_s)
        await (self._start_light(ran, port) if self._arguments.light else self._start_blender(ran, port))
        await self._tell(ran, is_ready=False)
        await self._wait_ready(f"http://{ran.ip}:{port}/readyz")
        await self._tell(ran, is_ready=True)

    async def _start_light(self, ran: Ran, port: int) -> None:
        while ran.server is None:
            ran.ip = self._address()
            try:
                ran.server = await asyncio.start_server(_answer, ran.ip, port)
            except OSError:
                continue

    async def _start_blender(self, ran: Ran, port: int) -> None:
        ran.ip = self._address()
        folder = self._arguments.folder / ran.name
        (folder / "workspace").mkdir(parents=True)
        command = [sys.executable, "-P", "-m", "cloud.blender", "--workspace", str(folder / "workspace")]
        command += ["--host", ran.ip, "--port", str(port), "--audience", ran.name]
        command += ["--public-key", self._arguments.public_key, "--cache-dir", str(self._arguments.cache_dir)]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(_PROJECT)}
        with (folder / "pod.log").open("wb") as log:
            ran.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    async def _wait_ready(self, url: str) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(url, timeout=aiohttp.ClientTimeout(60)) as answer:
                        if answer.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.05)

    async def _tell(self, ran: Ran, *, is_ready: bool) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        state = "True" if is_ready else "False"
        kinds = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": state, "Ready": state}
        status = {
            "phase": "Running",
            "podIP": ran.ip,
            "podIPs": [{"ip": ran.ip}],
            "startTime": now,
            "conditions": [{"type": kind, "status": value, "lastTransitionTime": now} for kind, value in kinds.items()],
        }
        await self._surely(
            lambda: self._core.patch_namespaced_pod_status_without_preload_content(
                ran.name,
                self._arguments.namespace,
                {"status": status},
                _content_type="application/merge-patch+json",
                _request_timeout=_LIMIT_S,
            )
        )

    async def _delete(self, ran: Ran, uid: str) -> None:
        for task in ran.tasks:
            task.cancel()
        await self._end_process(ran)
        await self._surely(
            lambda: self._core.delete_namespaced_pod_without_preload_content(
                ran.name,
                self._arguments.namespace,
                body={"gracePeriodSeconds": 0, "preconditions": {"uid": uid}},  # type: ignore[arg-type]
                _request_timeout=_LIMIT_S,
            )
        )

    async def _forget(self, name: str) -> None:
        if ran := self._pods.pop(name, None):
            for task in ran.tasks:
                task.cancel()
            await self._end_process(ran)

    async def _end_process(self, ran: Ran) -> None:
        if ran.server is not None:
            ran.server.close()
            ran.server = None
        if ran.process is not None:
            process, ran.process = ran.process, None
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await asyncio.to_thread(shutil.rmtree, self._arguments.folder / ran.name, ignore_errors=True)

    def _address(self) -> str:
        self._next += 1
        return f"{self._network}.{self._next // 250 % 250}.{self._next % 250 + 1}"

    async def _surely(self, call: Callable[[], Awaitable[aiohttp.ClientResponse]]) -> None:
        """Make a call until it is heard; that the pod is gone or bound already counts as heard."""
        while True:
            try:
                async with await call() as response:
                    if response.status < 300 or response.status in {404, 409, 422}:
                        return
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            await asyncio.sleep(0.2)

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _json(self, call: Awaitable[aiohttp.ClientResponse]) -> dict[str, Any]:
        async with await call as response:
            response.raise_for_status()
            return await response.json()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The health checks of a pod without a Blender, over kept connections."""
    try:
        while (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _main(arguments: argparse.Namespace) -> None:
    settings = client.Configuration()
    settings.client_session_kwargs = {"trust_env": False}
    await config.load_kube_config(str(arguments.kubeconfig), client_configuration=settings, persist_config=False)
    async with client.ApiClient(settings) as api:
        kubelet = Kubelet(arguments, client.CoreV1Api(api))
        print("{}", flush=True)  # noqa: T201
        running = asyncio.create_task(kubelet.run())
        try:
            await kubelet.obey()
        finally:
            running.cancel()
            await kubelet.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--namespace", default="prompt2mesh-blender")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, default=Path(tempfile.gettempdir()) / "p2m-kubelet-cache")
    parser.add_argument("--public-key", default="")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--start-s", type=float, default=0.0, help="How long a pod takes before its process begins.")
    asyncio.run(_main(parser.parse_args()))
