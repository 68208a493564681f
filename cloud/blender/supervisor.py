"""Keeps one Blender child at work for the front: limits, kills, replaces it and restores the scene.

The scene's truth is the last snapshot in the front's store, not the child's memory: whatever ends a child, the next
one opens that file, so a user loses at most the step that failed. A spare child, imported and with its GPU warm,
stands ready. All methods belong to the front's event loop.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from cloud.blender.cache import PodCache
from cloud.blender.frames import Message
from cloud.blender.ground import Ground
from cloud.blender.history import answer_snapshots
from cloud.blender.intake import STEPS, Intake, SenselessAnswer
from cloud.blender.isolation.sandbox import NoSandbox
from cloud.blender.lookup import ApiIndex
from cloud.blender.process import BlenderProcess, ChildDied
from cloud.blender.store import EMPTY_SCENE, NoFile, PodStore, Snapshot, StoreFull
from cloud.errors import Prompt2MeshError

logger = logging.getLogger(__name__)

_FIRST_SPARE_DELAY_S = 2.0
_START_LIMIT_S = 60.0
_START_ATTEMPTS, _FAITHFUL_ATTEMPTS = 4, 2


class StepLost(Prompt2MeshError):
    """The call ended without an answer; the message says why, and how the scene stands now."""

    code, http_status = "step_lost", 500


class BlenderDied(StepLost):
    """Blender ended in the middle of the call: by the call's own doing, or because something killed it."""

    retryable = True


class BlenderNotStarting(Prompt2MeshError):
    """No child could be brought to answer."""

    code, http_status, retryable = "blender_not_starting", 503, True


class BlenderSupervisor:
    """Calls go to one child, one at a time, in the order of arrival."""

    def __init__(
        self, ground: Ground, store: PodStore, cache: PodCache, *, call_limit_s: float = 120.0, keep_spare: bool = True
    ) -> None:
        self._ground = ground
        self._store = store
        self._intake = Intake(store)
        self._cache = cache
        self._call_limit_s = call_limit_s
        self._keep_spare = keep_spare
        self._lock = asyncio.Lock()
        self._child: BlenderProcess | None = None
        self._spare: asyncio.Task[BlenderProcess] | None = None
        self._scene = EMPTY_SCENE
        self._tasks: set[asyncio.Task[None]] = set()
        self._api: ApiIndex | None = None
        self._stopping = False
        self.ready_once = False

    @property
    def busy(self) -> bool:
        """A call is at work or Blender is being replaced."""
        return self._lock.locked()

    @property
    def scene(self) -> str:
        """The snapshot that the scene is."""
        return self._scene

    @property
    def store(self) -> PodStore:
        """The pod's files."""
        return self._store

    async def start(self) -> None:
        """Bring up the first child in the background; `call` waits for it."""
        self._in_background(self._warm_up())

    async def stop(self) -> None:
        """End every child. The supervisor is of no use afterwards."""
        self._stopping = True
        tasks = [*self._tasks, *([self._spare] if self._spare else [])]
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        spares = [child for child in ended if isinstance(child, BlenderProcess)]
        for child in (self._child, *spares):
            if child:
                await child.kill()
        self._child = self._spare = None

    async def call(self, tool: str, arguments: dict[str, Any], limit_s: float | None = None) -> Message:
        """The child's answer to a tool call. A cancelled call kills the child that worked on it.

        `limit_s`: seconds that the call may take, once its turn has come; None: what the pod was started with.
        Raises: StepLost: time limit, death of the child, or no room for its files. BlenderNotStarting. NoSandbox.
        """
        limit_s = self._call_limit_s if limit_s is None else limit_s
        async with self._lock:
            child = await self._ready_child()
            try:
                async with asyncio.timeout(limit_s):
                    answer = await self._ask(child, tool, arguments)
                    return await self._kept(tool, arguments, answer)
            except TimeoutError:
                raise await self._step_lost(f"it took longer than {limit_s:g} s and was stopped") from None
            except ChildDied as death:
                raise await self._step_lost(f"{death} while at work", BlenderDied) from death
            except (StoreFull, NoFile, SenselessAnswer) as refused:
                raise await self._step_lost(str(refused).rstrip(".")) from refused
            except asyncio.CancelledError:
                await asyncio.shield(self._drop_child())
                self._in_background(self._warm_up())
                raise

    async def snapshots(self, asked: dict[str, str], project: Sequence[Snapshot] | None) -> Message:
        """The scene's history: list, restore, branch, label, diff. Raises: as `call`, InvalidInput."""
        return await answer_snapshots(self, project=project, **asked)

    async def lookup(self, query: str) -> Message:
        """What Blender's own API says. Raises: as `call`, InvalidInput."""
        if self._api is None:
            self._api = await self._load_api()
        answer = self._api.answer(query)
        return Message({"text": answer.text, "structured": answer.structured})

    async def _load_api(self) -> ApiIndex:
        """The index that was kept, or a new one; it is kept only if no user's code ran where it was made."""
        if kept := await asyncio.to_thread(self._cache.api_index):
            try:
                return await asyncio.to_thread(ApiIndex.from_bytes, kept)
            except ValueError as error:
                logger.warning("kept API index is broken", extra={"why": str(error)})
        built = await self.call("build_api_index", {})
        try:
            index = await asyncio.to_thread(ApiIndex.from_bytes, built.blobs[0])
        except (IndexError, ValueError) as error:
            raise StepLost("Blender's API could not be read; try again, or restore an older snapshot first.") from error
        if self._child and self._child.fresh:
            await asyncio.to_thread(self._cache.keep_api_index, built.blobs[0])
        return index

    async def _ask(self, child: BlenderProcess, tool: str, arguments: dict[str, Any]) -> Message:
        """Ask; once more of another child where the first ended before it took up the request."""
        if tool in STEPS or self._scene != EMPTY_SCENE:  # a scene is a user's too
            child.fresh = False
        try:
            return await child.ask(tool, arguments, self._scene)
        except ChildDied as death:
            if death.started:
                raise
            await self._drop_child()
            child = await self._ready_child()
            child.fresh = False
            return await child.ask(tool, arguments, self._scene)

    async def _kept(self, tool: str, arguments: dict[str, Any], answer: Message) -> Message:
        """Store what the child handed over, and complete the answer. Raises: StoreFull, NoFile, SenselessAnswer."""
        kept = await self._intake.keep(tool, arguments, answer, self._scene)
        if kept.snapshot is not None:
            self._scene = kept.snapshot
        elif tool == "restore" and not answer.header.get("is_error"):
            self._scene = arguments["sha256"]
        if reason := answer.header.get("retire"):
            logger.info("blender child retires", extra={"why": str(reason)[:200]})
            await self._drop_child()
            self._in_background(self._warm_up())
        return kept.answer

    async def _step_lost(self, why: str, kind: type[StepLost] = StepLost) -> StepLost:
        """Replace the child and tell how the scene stands."""
        logger.warning("step lost", extra={"why": why})
        await self._drop_child()
        wanted = self._scene
        await self._ready_child()
        if self._scene != wanted:
            now = f"snapshot {self._scene[:12]}, the one before it" if self._scene else "empty now"
            state = f"The last snapshot could not be opened, so the scene is {now}."
        elif wanted == EMPTY_SCENE:
            state = "The scene is empty, as before this step."
        else:
            state = "The scene is as it was before this step."
        return kind(f"The step did not finish: {why}. A new Blender runs. {state}")

    async def _drop_child(self) -> None:
        child, self._child = self._child, None
        if child:
            await child.kill()

    async def _ready_child(self) -> BlenderProcess:
        """A living child that holds the scene. Raises: BlenderNotStarting, NoSandbox."""
        if self._child and self._child.alive:
            return self._child
        await self._drop_child()
        why = ""
        for attempt in range(_START_ATTEMPTS):
            if attempt >= _FAITHFUL_ATTEMPTS:  # the snapshot itself may be what ends Blender
                self._scene = self._store.parent_of(self._scene) if attempt < _START_ATTEMPTS - 1 else EMPTY_SCENE
            await self._ground.empty_shared_folders()
            child = await self._take_spare() or await BlenderProcess.start(self._ground)
            try:
                async with asyncio.timeout(_START_LIMIT_S):
                    if not self.ready_once:
                        await self._prepare(child, at_leisure=False)
                    await self._open_scene(child)
            except (ChildDied, TimeoutError) as error:
                said = child.last_words().strip()
                why = " ".join([str(error) or f"no answer in {_START_LIMIT_S:g} s", *said.splitlines()[-1:]])
                logger.warning("blender child did not start", extra={"why": why, "scene": self._scene, "said": said})
                await child.kill()
                if said.startswith("bwrap:"):
                    raise NoSandbox(
                        f"Blender cannot be isolated on this machine ({said.splitlines()[0][:200]}); "
                        "`prompt2mesh doctor` tells how to mend that."
                    ) from error
                continue
            except asyncio.CancelledError:
                await asyncio.shield(child.kill())
                raise
            self._child = child
            self._begin_spare(0.0 if self.ready_once else _FIRST_SPARE_DELAY_S)
            self.ready_once = True
            return child
        raise BlenderNotStarting(f"Blender did not start: {why}.")

    async def _open_scene(self, child: BlenderProcess) -> None:
        """Open the scene in a new child; one that does not open gives way to the one before. Raises: ChildDied."""
        while (await child.ask("restore", {"sha256": self._scene}, self._scene)).header.get("is_error"):
            logger.warning("snapshot does not open", extra={"scene": self._scene})
            if self._scene == EMPTY_SCENE:
                raise ChildDied("the empty scene does not open", started=True)
            self._scene = self._store.parent_of(self._scene)

    async def _prepare(self, child: BlenderProcess, *, at_leisure: bool) -> None:
        """Warm a child up, and keep what it made for all later ones: no user's code has run in it."""
        wanted = {"shader_cache": not self._cache.has_shaders, "checks": at_leisure}
        answer = await child.ask("warm_up", wanted)
        if answer.header.get("is_error"):
            logger.warning("blender child is not warm", extra={"why": answer.header.get("text", "")})
        if answer.blobs:
            await asyncio.to_thread(self._cache.keep_shaders, answer.blobs[0])
        if at_leisure and not self._cache.has_api_index:
            built = await child.ask("build_api_index", {})
            if built.blobs:
                await asyncio.to_thread(self._cache.keep_api_index, built.blobs[0])

    async def _warm_up(self) -> None:
        async with self._lock:
            try:
                await self._ready_child()
            except Prompt2MeshError:
                logger.exception("no child; the next call tries again")

    async def _take_spare(self) -> BlenderProcess | None:
        """The spare, as soon as it takes requests: one that is on its way is ahead of a new one."""
        task, self._spare = self._spare, None
        if task is None:
            return None
        try:
            spare = await asyncio.shield(task)
        except asyncio.CancelledError:
            self._spare = task
            raise
        except (ChildDied, Prompt2MeshError, OSError):
            return None
        if spare.alive:
            return spare
        await spare.kill()
        return None

    def _begin_spare(self, delay_s: float) -> None:
        if self._keep_spare and self._spare is None and not self._stopping:
            self._spare = asyncio.create_task(self._start_spare(delay_s))

    async def _start_spare(self, delay_s: float) -> BlenderProcess:
        """A warm child. The first is begun a little later, so that it does not compete with the calls that wait."""
        await asyncio.sleep(delay_s)
        child = await BlenderProcess.start(self._ground)
        try:
            await self._prepare(child, at_leisure=True)
        except BaseException:
            await asyncio.shield(child.kill())
            raise
        return child

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
