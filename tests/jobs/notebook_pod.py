"""A pod in memory for the jobs' tests: its scene is the list of the codes that were run, as a file in the store."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

from cloud.agent.contract import ToolParam, ToolResult
from cloud.fleet.contract import Fleet
from cloud.jobs.pod import EMPTY_SCENE, History
from cloud.storage.store import ArtifactStore
from tests.support.pictures import picture_block

PICTURE = picture_block("WEBP")
EXTENT = [[0.0, 0.0, 0.0], [1.0, 1.0, 2.0]]


class NotebookPod:
    """Stands in for `PodToolbox`. Code with `raise` in it fails and changes nothing."""

    ran: list[str]

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
        self._store = store
        self.scene = scene
        self._codes: list[str] = []
        self.ran = []

    async def __aenter__(self) -> Self:
        if self.scene != EMPTY_SCENE:
            self._codes = json.loads(await self._store.get(self.scene))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def tools(self) -> list[ToolParam]:
        names = ("run_python", "look", "inspect", "snapshots")
        return [{"name": name, "description": name, "input_schema": {"type": "object"}} for name in names]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        match name:
            case "run_python":
                return await self._run(arguments["code"])
            case "import_file":
                return await self._run(f"import {arguments['file']}")
            case "export":
                facts = {"file": "step.glb", "bytes": 9, "triangles": 12 * len(self._codes), "extent": EXTENT}
                return ToolResult([], structured=facts)
            case "look":
                return ToolResult([PICTURE], structured={"views": ["three_quarter"]})
            case "snapshots":
                self._codes, self.scene = [], EMPTY_SCENE
                return ToolResult([{"type": "text", "text": "The scene is empty."}], structured={"sha256": ""})
            case _:
                objects = [{"name": code, "type": "MESH", "triangles": 12} for code in self._codes]
                return ToolResult([{"type": "text", "text": f"{len(objects)}"}], structured={"objects": objects})

    call_surely = call

    def offer_import(self, name: str, sha256: str) -> None:
        pass

    async def difference(self, first: str, second: str) -> ToolResult:
        return ToolResult([], structured={"changed": {"summary": f"{first[:6]} to {second[:6]}"}})

    async def open_scene(self, sha256: str) -> None:
        self.scene = sha256
        self._codes = json.loads(await self._store.get(sha256)) if sha256 != EMPTY_SCENE else []

    async def download_export(self, name: str) -> bytes:
        return json.dumps([name, *self._codes]).encode()

    async def export(self, file_format: str) -> tuple[ToolResult, list[tuple[str, bytes]]]:
        names = [f"scene.{file_format}"] + (["scene.mtl"] if file_format == "obj" else [])
        return ToolResult([]), [(name, json.dumps([name, *self._codes]).encode()) for name in names]

    async def _run(self, code: str) -> ToolResult:
        if "raise" in code:
            error = {"type": "ValueError", "message": "scripted"}
            return ToolResult([{"type": "text", "text": "ValueError"}], is_error=True, structured={"error": error})
        self._codes = [*self._codes, code]
        content = json.dumps(self._codes).encode()
        await self._store.put(content)
        self.scene = hashlib.sha256(content).hexdigest()
        count = len(self._codes)
        facts = {"objects": count, "triangles": 12 * count, "changed": {"summary": f"+{code}"}}
        snapshot = {"sha256": self.scene, "bytes": len(content), "parent": ""}
        return ToolResult([{"type": "text", "text": f"ran {code}"}], structured={**facts, "snapshot": snapshot})
