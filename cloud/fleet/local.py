"""Blender pods as processes of this machine: one process group a user, and warm spares.

The fleet's pods end with it: by `aclose`, by the parent-death signal where `setpriv` exists, and by
end-of-file on their stdin. Use it from the main thread, whose death that signal watches.
"""

import asyncio
import fcntl
import logging
import secrets
import shutil
import time
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from cloud.fleet.contract import Endpoint, PodNotReady
from cloud.fleet.local_pod import LocalPod
from cloud.fleet.pod_tokens import PodTokens
from cloud.telemetry.metrics import POD_START_S

logger = logging.getLogger(__name__)


class LocalFleet:
    """A `Fleet` of local processes. Under `root`: a folder for each living fleet, and the cache that all pods share.

    `spares` pods are kept warm and unclaimed. A claimed spare is replaced `refill_delay_s` later, so that
    the replacement does not compete with the job that claimed it. A pod has a folder of its own, under a random
    name, and serves one user until it ends: users share no folder but the cache, which no user's code can write to.
    `pod_options` are passed to each pod (`python -m cloud.blender --help`).
    """

    def __init__(
        self,
        root: Path,
        *,
        spares: int = 1,
        call_limit_s: float = 120.0,
        ready_limit_s: float = 60.0,
        refill_delay_s: float = 15.0,
        pod_options: Sequence[str] = (),
    ) -> None:
        self._root = root.resolve()
        self._spares_wanted = spares
        self._call_limit_s = call_limit_s
        self._ready_limit_s = ready_limit_s
        self._refill_delay_s = refill_delay_s
        self._options = tuple(pod_options)
        self._tokens = PodTokens()
        self._folder = self._root / f"fleet-{secrets.token_hex(4)}"
        self._folder_lock: TextIO | None = None
        self._pods: dict[str, LocalPod] = {}
        self._spares: list[asyncio.Task[LocalPod]] = []
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begin the spares in the background. Without it the first `acquire` only takes longer."""
        await asyncio.to_thread(self._prepare_folder)
        self._add_spares()

    async def acquire(self, user_id: str) -> Endpoint:
        """The user's pod, ready. Raises: PodNotReady."""
        async with self._locks.setdefault(user_id, asyncio.Lock()):
            pod = self._pods.get(user_id)
            if pod and await pod.is_healthy():
                return self._endpoint(pod, user_id)
            if pod:
                logger.warning("pod is gone", extra={"pod": pod.name})
                del self._pods[user_id]
                await pod.stop()
            pod = await self._claim()
            self._pods[user_id] = pod
            return self._endpoint(pod, user_id)

    async def release(self, user_id: str) -> None:
        """Keeps the pod: the next `acquire` of this user finds it warm."""

    async def stop(self, user_id: str) -> None:
        """End the user's pod and everything in it. No error if absent."""
        async with self._locks.setdefault(user_id, asyncio.Lock()):
            pod = self._pods.pop(user_id, None)
            if pod:
                await pod.stop()

    async def list(self) -> dict[str, Endpoint]:
        """The pods that live, by user id."""
        return {user_id: self._endpoint(pod, user_id) for user_id, pod in self._pods.items() if pod.alive}

    async def aclose(self) -> None:
        """Stop every pod, spares included; nothing of them is left."""
        self._closed = True
        work = [*self._tasks, *self._spares]
        for task in work:
            task.cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
        pods = [*self._pods.values(), *(pod for pod in ended if isinstance(pod, LocalPod))]
        self._pods, self._spares = {}, []
        await asyncio.gather(*(pod.stop() for pod in pods))
        if self._folder_lock:
            self._folder_lock.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _claim(self) -> LocalPod:
        """A ready pod that nobody owned: a spare, or a new one. Raises: PodNotReady."""
        while self._spares:
            spare = self._spares.pop(0)
            try:
                pod = await asyncio.shield(spare)
            except PodNotReady:
                continue
            except asyncio.CancelledError:
                self._spares.insert(0, spare)
                raise
            self._in_background(self._refill())
            if await pod.is_healthy():
                return pod
            await pod.stop()
        return await self._start_ready_pod()

    async def _start_ready_pod(self) -> LocalPod:
        """A new pod, once it is ready; nothing of it is left otherwise. Raises: PodNotReady."""
        if self._closed:
            raise PodNotReady("(none)", 0, "the fleet is closed.")
        if not self._folder_lock:
            await asyncio.to_thread(self._prepare_folder)
        began = time.monotonic()
        pod = await LocalPod.start(
            self._folder,
            public_key=self._tokens.public_key_pem,
            options=["--call-limit", str(self._call_limit_s), "--cache-dir", str(self._root / "cache"), *self._options],
        )
        try:
            await pod.wait_ready(self._ready_limit_s)
        except (PodNotReady, asyncio.CancelledError) as error:
            if isinstance(error, PodNotReady):
                POD_START_S.labels(outcome=error.code).observe(error.waited_s)
            await asyncio.shield(pod.stop())
            raise
        POD_START_S.labels(outcome="ok").observe(time.monotonic() - began)
        return pod

    def _add_spares(self) -> None:
        """Begin the spares that are missing. One that fails is told by `acquire`, which then starts another."""
        while len(self._spares) < self._spares_wanted and not self._closed:
            self._spares.append(asyncio.create_task(self._start_ready_pod()))

    async def _refill(self) -> None:
        await asyncio.sleep(self._refill_delay_s)
        self._add_spares()

    def _endpoint(self, pod: LocalPod, user_id: str) -> Endpoint:
        return Endpoint(pod.name, pod.base_url, partial(self._tokens.sign, pod=pod.name, user_id=user_id))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _prepare_folder(self) -> None:
        """Take our folder, held by a lock, and remove those whose fleet died without cleaning up."""
        draft = self._folder.with_name(f"new-{self._folder.name}")
        draft.mkdir(parents=True, exist_ok=True)
        self._folder_lock = (draft / "lock").open("w")
        fcntl.flock(self._folder_lock, fcntl.LOCK_EX)
        draft.rename(self._folder)  # under its name it is locked from the first moment
        for folder in self._root.glob("fleet-*"):
            if folder == self._folder:
                continue
            try:
                with (folder / "lock").open("r") as held:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                logger.debug("folder of a living fleet", extra={"folder": folder.name})
