"""Looks at saved scenes with the product's own eyes: a Blender pod of the evaluation's, isolated as any."""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud.agent.contract import Block, ToolResult
from cloud.agent.toolbox import McpToolbox
from cloud.errors import Prompt2MeshError
from scripts.bench.pod_under_test import PodUnderTest

SIX_VIEWS = ("front", "back", "left", "right", "top", "three_quarter")
_SHEET_PX, _VIEW_PX = 320, 512


@dataclass
class Inspector:
    """One scene at a time, from any thread."""

    pod: PodUnderTest
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def started(cls, folder: Path, cache: Path) -> Iterator["Inspector"]:
        """A pod that ends with the block."""
        with PodUnderTest.started(folder, cache=cache) as pod:
            yield cls(pod)

    def inspect(self, blend: Path, sheet: Path) -> dict[str, Any]:
        """The findings of `check`, and the contact sheet of six views as a file; `inspection_error` if it fails."""
        return self._asked(blend, lambda box: _check_and_draw(box, sheet))

    def six_views(self, blend: Path) -> list[Block]:
        """The six views as blocks of the Messages API, each after its name; none if they cannot be had."""
        return self._asked(blend, _views).get("blocks", [])

    def _asked(self, blend: Path, ask: Any) -> dict[str, Any]:
        async def open_and_ask() -> dict[str, Any]:
            content = await asyncio.to_thread(blend.read_bytes)
            sha256 = hashlib.sha256(content).hexdigest()
            async with self.pod.toolbox() as box:
                await box.upload_snapshot(sha256, content)
                _answered(await box.call("snapshots", {"action": "restore", "sha256": sha256}))
                return await ask(box)

        with self._turn:
            try:
                return asyncio.run(open_and_ask())
            except (Prompt2MeshError, OSError) as error:
                return {"inspection_error": str(error)[:300]}


async def _check_and_draw(box: McpToolbox, sheet: Path) -> dict[str, Any]:
    report = _answered(await box.call("check", {})).structured
    asked = {"views": list(SIX_VIEWS), "shading": "solid", "size": _SHEET_PX, "sheet": True, "format": "webp"}
    for picture in _pictures(_answered(await box.call("look", asked))):
        await asyncio.to_thread(sheet.write_bytes, base64.b64decode(picture["source"]["data"]))
    findings = report.get("findings", [])
    severities = [finding["severity"] for finding in findings]
    return {
        "check": {
            "ok": report.get("ok", False),
            "errors": severities.count("error"),
            "warnings": severities.count("warning"),
            "counts": report.get("counts", {}),
            "messages": [finding["message"] for finding in findings if finding["severity"] != "note"][:8],
        }
    }


async def _views(box: McpToolbox) -> dict[str, Any]:
    asked = {"views": list(SIX_VIEWS), "shading": "material", "size": _VIEW_PX, "format": "webp"}
    pictures = _pictures(_answered(await box.call("look", asked)))
    blocks: list[Block] = []
    for view, picture in zip(SIX_VIEWS, pictures, strict=False):
        blocks += [{"type": "text", "text": f"View: {view}"}, picture]
    return {"blocks": blocks}


def _pictures(result: ToolResult) -> list[Block]:
    return [block for block in result.content if block.get("type") == "image"]


def _answered(result: ToolResult) -> ToolResult:
    if result.is_error:
        raise InspectionFailed(" ".join(str(block.get("text", "")) for block in result.content))
    return result


class InspectionFailed(Prompt2MeshError):
    """The pod could not look at a scene."""

    code = "inspection_failed"
