"""What the front makes of a child's answer: files are stored, words are checked. The child is not trusted.

Of files, the child's own words count for nothing: what an answer names is what was stored.
"""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pydantic import TypeAdapter

from cloud.blender.frames import Message
from cloud.blender.store import PodStore
from cloud.errors import Prompt2MeshError

STEPS = frozenset({"run_python", "import_file"})
"""What makes snapshots, and runs the user's code or reads their files."""

_EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ANY_OBJECT = TypeAdapter(dict[str, Any])
_TEXT_LIMIT_CHARS = 200_000
_WARNING = re.compile(r"^(?:Warning|Error): .+", re.MULTILINE)
_WARNINGS_AT_MOST, _WARNING_CHARS = 20, 300


class SenselessAnswer(Prompt2MeshError):
    """The child's answer is none that our own code gives."""

    code = "senseless_answer"


@dataclass(frozen=True)
class Kept:
    """An answer that can be passed on. `snapshot`: the scene's new snapshot; None: there is none."""

    answer: Message
    snapshot: str | None


class Intake:
    """Takes answers in for one pod."""

    def __init__(self, store: PodStore) -> None:
        self._store = store

    async def keep(self, tool: str, arguments: dict[str, Any], answer: Message, parent: str) -> Kept:
        """Store the answer's files and complete it. `parent`: the snapshot that the call began with.

        Raises: StoreFull, NoFile, SenselessAnswer.
        """
        header, structured, snapshot = answer.header, answer.header.get("structured"), None
        try:
            if not isinstance(structured, dict):
                raise SenselessAnswer("Blender's answer made no sense")
            _check_sendable(structured)
            if tool in STEPS:
                snapshot = await self._keep_snapshot(answer.fds, arguments, structured, parent)
            elif tool == "export":
                await self._keep_exports(answer.fds, structured)
        finally:
            for fd in answer.fds:
                os.close(fd)
        text = str(header.get("text", ""))
        if (output := header.get("output")) and "stdout" in structured:
            text += _with_native_output(structured, output)
        header["text"] = text.encode(errors="replace").decode()[:_TEXT_LIMIT_CHARS]
        return Kept(Message(header, answer.blobs), snapshot)

    async def _keep_snapshot(
        self, fds: Sequence[int], arguments: dict[str, Any], structured: dict[str, Any], parent: str
    ) -> str | None:
        if not fds:
            structured["snapshot"] = None
            return None
        title = str(arguments.get("title") or arguments.get("file") or "")[:200]
        taken = await asyncio.to_thread(
            self._store.take_snapshot, fds[0], parent=parent, title=title, counts=structured
        )
        structured["snapshot"] = {"sha256": taken.sha256, "bytes": taken.bytes, "parent": parent}
        return taken.sha256

    async def _keep_exports(self, fds: Sequence[int], structured: dict[str, Any]) -> None:
        entries, files = structured.get("files"), []
        if not isinstance(entries, list):
            entries = []
        for fd, entry in zip_longest(fds, entries):
            name = entry.get("name") if isinstance(entry, dict) else None
            if fd is None or not isinstance(name, str) or not _EXPORT_NAME.fullmatch(name):
                raise SenselessAnswer("Blender handed over a file without a proper name")
            taken = await asyncio.to_thread(self._store.take_export, fd, name)
            files.append({"name": taken.name, "bytes": taken.bytes, "sha256": taken.sha256})
        structured["files"] = files
        if files:
            structured |= {"file": files[0]["name"], "bytes": files[0]["bytes"], "sha256": files[0]["sha256"]}


def _with_native_output(structured: dict[str, Any], output: str) -> str:
    """Add what was written past Python to the step's output and warnings. Returns: what the text gets of it."""
    structured["stdout"] = f"{structured['stdout']}{output}"
    warnings = structured.get("warnings")
    if isinstance(warnings, list):
        found = [line[:_WARNING_CHARS] for line in _WARNING.findall(output)]
        structured["warnings"] = list(dict.fromkeys([*warnings, *found]))[:_WARNINGS_AT_MOST]
    return f"\nnative output:\n{output}"


def _check_sendable(structured: dict[str, Any]) -> None:
    """Raises: SenselessAnswer: it is nested too deeply to be passed on, or holds text that is none."""
    try:
        _ANY_OBJECT.dump_json(structured)
    except ValueError as error:
        raise SenselessAnswer("Blender's answer made no sense") from error
