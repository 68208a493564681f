"""A job's hold on its user's Blender pod: connects, loads the scene, and replaces a pod that is lost."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from cloud.agent.contract import ToolParam, ToolResult
from cloud.agent.toolbox import ToolboxLost, wait_limit_s
from cloud.errors import NotFound
from cloud.fleet.contract import Fleet, PodNotReady
from cloud.jobs.pod_link import PodLink
from cloud.jobs.pod_losses import PodLost, error_type, lost_in_a_call, may_be_tried_again
from cloud.jobs.pod_wait import acquire_told
from cloud.jobs.stood_before import Findings, findings_at, told_apart
from cloud.jobs.watching import watched_tool
from cloud.storage.store import ArtifactStore
from cloud.telemetry.metrics import PODS_LOST

EMPTY_SCENE = ""
GOING_BACK = frozenset({"restore", "branch"})
"""Actions of the tool `snapshots` after which the scene is an older one."""

History = Sequence[Mapping[str, Any]]
"""Snapshots: each with `sha256`, `parent` (a hash), `title`, `label`, `bytes` and `created_at` (in seconds)."""

_HASH = re.compile("[0-9a-f]{6,64}")
# Above the pod's own limit of a step that names none: only a pod that hangs as a whole gets here.
_CALL_LIMIT_S = 240.0
# How often one call is run before its failure is the model's business: what kills a machine's processes at random
# may well hit the second run too.
_TRIES = 3
# How often a call of our own is made with so many tries: what it fails to do costs the whole job.
_ROUNDS = 3
# In a row, without one call that was answered.
_LOSSES_LIMIT = 2 * _TRIES
# A pod is ready in 2 to 5 s, on a busy machine in 20.
_LONG_START_S = 20.0
_RELEASE_LIMIT_S = 5.0

logger = logging.getLogger(__name__)


class PodToolbox:
    """A `Toolbox` that survives the loss of its pod. Use as an async context manager, within one task.

    `seed` is what chance in the scene's code begins with. `scene` is the hash of the snapshot that the pod holds.
    `base` is the scene that an edit began with: `check` tells what stood there before, looking once, when first asked.
    `history` gives the project's snapshots, newest first: the model sees and opens no others, though the pod is for all
    projects of its user, and these also where this pod never had them.
    A step's snapshot is in the artifact store before its result is given out, so whatever the caller has seen can
    be restored.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: ArtifactStore,
        user_id: str,
        scene: str,
        on_wait: Callable[[str], Awaitable[None]],
        *,
        seed: int = 0,
        history: Callable[[], Awaitable[History]] | None = None,
    ) -> None:
        self._fleet = fleet
        self._store = store
        self._user_id = user_id
        self._on_wait = on_wait
        self._seed = seed
        self._history = history
        self._held: set[str] = set()
        self._offered: dict[str, str] = {}
        self._link: PodLink | None = None
        self._losses = 0
        self.scene = scene
        self.base = EMPTY_SCENE
        self._found_before: Findings | None = None

    async def __aenter__(self) -> Self:
        """Get a pod and load the scene. Raises: PodNotReady, PodLost, ArtifactMissing."""
        try:
            await self._connect()
        except BaseException:  # a cancel too: nobody else lets go of what was held by then
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Let go of the pod; it stays warm for the user's next job."""
        await self._disconnect()
        try:
            async with asyncio.timeout(_RELEASE_LIMIT_S):
                await self._fleet.release(self._user_id)
        except TimeoutError:
            logger.warning("the fleet did not take a pod back in time; its reaper will")

    async def tools(self) -> list[ToolParam]:
        """The pod's tools. Raises: PodNotReady, PodLost."""
        while True:
            try:
                return await self._connected().ask(lambda toolbox: toolbox.tools())
            except ToolboxLost:
                await self._replace()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool. If Blender or its pod dies meanwhile it is run again on the same scene, as if for the first
        time; only what ends Blender again and again is a failed call. Raises: PodNotReady, PodLost.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                result = await self._ask(name, arguments)
                if not (tries_left and may_be_tried_again(result)):
                    return await self._told_apart(result) if name == "check" else result
                logger.warning("blender died", extra={"tool": name})
                await self._load_scene()
            except ToolboxLost:
                logger.warning("pod lost", extra={"tool": name})
                await self._replace()
            except TimeoutError:
                logger.warning("pod hangs", extra={"tool": name})
                await self._replace()
                break
        return lost_in_a_call()

    async def _ask(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        told: dict[str, Any] = {}
        async with asyncio.timeout(wait_limit_s(arguments, _CALL_LIMIT_S)):
            if name == "snapshots" and self._history is not None:
                told["history"] = await self._history()
                for key in ("sha256", "other"):
                    await self._bring(arguments.get(key), told["history"])
            elif name == "import_file":
                await self._hand_in(arguments.get("file"))
            with watched_tool(name) as call:
                result = await self._connected().ask(lambda toolbox: toolbox.call(name, arguments, **told))
                call.outcome = "failed" if result.is_error else call.outcome
        await self._follow(name, arguments, result)
        self._losses = 0
        return result

    async def _told_apart(self, checked: ToolResult) -> ToolResult:
        if self.base in (EMPTY_SCENE, self.scene) or not checked.structured.get("findings"):
            return checked
        if self._found_before is None:
            self._found_before = await findings_at(self, self.base)
        return told_apart(checked, self._found_before)

    async def call_surely(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool that changes nothing, again if the pod was lost, and for longer if Blender dies under it.

        Raises: PodNotReady, PodLost.
        """
        rounds_left = _ROUNDS
        while True:
            result = await self.call(name, arguments)
            rounds_left -= 1
            died = rounds_left > 0 and may_be_tried_again(result)
            if not (result.is_error and (died or error_type(result) == PodLost.code)):
                return result

    async def export(self, file_format: str) -> tuple[ToolResult, list[tuple[str, bytes]]]:
        """The scene's files in one format, each with its name; none if the result is an error, or not yet the last.

        Raises: PodNotReady, PodLost.
        """
        while True:
            result = await self.call_surely("export", {"format": file_format, "name": "scene"})
            if result.is_error:
                return result, []
            try:
                return result, [(f["name"], await self.download_export(f["name"])) for f in result.structured["files"]]
            except (ToolboxLost, NotFound):
                logger.warning("export lost", extra={"format": file_format})
                await self._replace()

    def offer_import(self, name: str, sha256: str) -> None:
        """From now on `import_file` finds this content of the store under the name, in whichever pod it runs.

        `name` is plain ASCII, as the pod takes it.
        """
        self._offered[name] = sha256

    async def _hand_in(self, name: object) -> None:
        """Give the pod the file that an import names. Raises: ArtifactMissing, InvalidInput, ToolboxLost."""
        if isinstance(name, str) and name in self._offered:
            sha256 = self._offered[name]
            # Every time: a pod keeps only the last few, and a second import of one file is rare.
            await self._connected().ask(lambda toolbox: toolbox.upload_import(name, self._store.stream(sha256)))

    async def _bring(self, named: object, history: History) -> None:
        """Give the pod the snapshot that a call names by its hash, the beginning of it or its label, if it lacks it."""
        if not isinstance(named, str) or not named:
            return
        is_hash = _HASH.fullmatch(named) is not None
        for entry in history:
            if entry["label"] == named or (is_hash and entry["sha256"].startswith(named)):
                await self._upload(entry["sha256"])
                return

    async def open_scene(self, sha256: str) -> None:
        """The pod holds this snapshot, or the empty scene, from here on.

        Raises: ArtifactMissing, PodNotReady, PodLost.
        """
        self.scene = sha256
        try:
            await self._load_scene()
        except (ToolboxLost, TimeoutError):
            await self._replace()

    async def difference(self, first: str, second: str) -> ToolResult:
        """What leads from one snapshot to another (`diff` of the tool `snapshots`); the pod's scene stays.

        Raises: ArtifactMissing, PodNotReady, PodLost.
        """
        asked = {"action": "diff", "sha256": first or "empty", "other": second or "empty"}
        while True:
            try:
                async with asyncio.timeout(_CALL_LIMIT_S):
                    for sha256 in (first, second):
                        await self._upload(sha256)
                    return await self._connected().ask(lambda toolbox: toolbox.call("snapshots", asked))
            except (ToolboxLost, TimeoutError):
                await self._replace()

    async def _upload(self, sha256: str) -> None:
        """Give the pod the snapshot, if it has it not."""
        if sha256 != EMPTY_SCENE and sha256 not in self._held:
            data = await self._store.get(sha256)
            await self._connected().ask(lambda toolbox: toolbox.upload_snapshot(sha256, data))
            self._held.add(sha256)

    async def _follow(self, name: str, arguments: dict[str, Any], result: ToolResult) -> None:
        """Keep the snapshot that a call left, and remember which scene the pod holds."""
        if taken := result.structured.get("snapshot"):
            if not await self._store.has(taken["sha256"]):
                try:
                    scene = await self._connected().ask(lambda toolbox: toolbox.download_snapshot(taken["sha256"]))
                    await self._store.put(scene)
                except NotFound as error:
                    raise ToolboxLost("The pod has no file of its own snapshot.") from error
            self.scene = taken["sha256"]
            self._held.add(self.scene)
        elif name == "snapshots" and arguments.get("action") in GOING_BACK and not result.is_error:
            self.scene = str(result.structured.get("sha256", EMPTY_SCENE))

    async def _connect(self) -> None:
        while True:
            try:
                endpoint = await acquire_told(self._fleet, self._user_id, self._on_wait)
                self._link = await PodLink.open(endpoint, self._seed)
                self._held = set()
                await self._load_scene()
                return
            except (ToolboxLost, TimeoutError):
                await self._drop()
            except PodNotReady as error:
                # One that has taken its time is not asked for as often as one that was killed as it began.
                self._losses += _TRIES if error.waited_s > _LONG_START_S else 1
                if self._losses >= _LOSSES_LIMIT:
                    raise

    async def _load_scene(self) -> None:
        link, scene = self._connected(), self.scene
        async with asyncio.timeout(_CALL_LIMIT_S):
            await self._upload(scene)
            result = await link.ask(lambda toolbox: toolbox.call("snapshots", {"action": "restore", "sha256": scene}))
        if result.is_error:
            raise ToolboxLost("The pod did not open the scene.")

    async def download_export(self, name: str) -> bytes:
        """A file that `export` wrote. Raises: NotFound, ToolboxLost: try again with another pod."""
        return await self._connected().ask(lambda toolbox: toolbox.download_export(name))

    async def _replace(self) -> None:
        await self._drop()
        await self._connect()

    async def _drop(self) -> None:
        """Give up the pod, with whatever still runs in it. Raises: PodLost: too often."""
        await self._disconnect()
        await self._fleet.stop(self._user_id)
        PODS_LOST.inc()
        self._losses += 1
        if self._losses >= _LOSSES_LIMIT:
            raise PodLost(self._losses)

    async def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _connected(self) -> PodLink:
        if self._link is None:
            raise ToolboxLost("There is no pod.")
        return self._link


__all__ = ["EMPTY_SCENE", "GOING_BACK", "PodLost", "PodToolbox"]
