"""The pod's eight MCP tools: who answers each. What the model is told of them: `told`.

Every failure that the model can mend is a result with `is_error`; only a tool that does not exist is a protocol error.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http import REQUEST_CANCELLED
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from cloud.blender import arguments as given
from cloud.blender.answers import as_failure, as_result, media_type_of, pictures_of
from cloud.blender.arguments import Arguments, parse_arguments
from cloud.blender.calls import CallCancelled, CallKey, Calls, Progress, reported
from cloud.blender.endpoint import SESSION_HEADER
from cloud.blender.frames import Message
from cloud.blender.policy import refusal
from cloud.blender.project_history import history_of
from cloud.blender.resources import PictureShelf
from cloud.blender.store import Snapshot
from cloud.blender.told import TOLD, listed_tools
from cloud.errors import Prompt2MeshError

SEED_META_KEY = "prompt2mesh/seed"

# Parsing longer code would hold up the front; the policy is for clear messages only, the sandbox is the boundary.
_POLICY_LIMIT_CHARACTERS = 512 * 1024

logger = logging.getLogger(__name__)


class Refused(Prompt2MeshError):
    """The policy refuses the code; nothing ran."""

    code, http_status = "refused", 422


class Blender(Protocol):
    """Who answers: the supervisor of the child, which also knows the API and the history."""

    async def call(self, tool: str, arguments: dict[str, Any], limit_s: float | None = None) -> Message:
        """The child's answer. A cancelled call ends the child and brings up another."""
        ...

    async def lookup(self, query: str) -> Message:
        """What the API index knows."""
        ...

    async def snapshots(self, asked: dict[str, str], project: Sequence[Snapshot] | None) -> Message:
        """The history, or a change of it: the project's, or all of the pod's (None)."""
        ...


class ToolDesk:
    """Answers `tools/list` and `tools/call`."""

    def __init__(self, blender: Blender, calls: Calls, pictures: PictureShelf) -> None:
        self._blender = blender
        self._calls = calls
        self._pictures = pictures
        self._listed = ListToolsResult(tools=listed_tools())

    async def list_tools(self, _: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        """All tools, on one page. Raises: MCPError: a cursor, which was never given."""
        if params and params.cursor:
            raise MCPError(INVALID_PARAMS, "There is no such page: all tools are on the first.")
        return self._listed

    async def call_tool(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """The tool's result, or its failure. Raises: MCPError: no such tool; the client took the call back."""
        told = TOLD.get(params.name)
        if told is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name[:60]!a}; there are: {', '.join(TOLD)}.")
        logger.info("tool call", extra={"tool": params.name})
        try:
            arguments = parse_arguments(params.name, told.takes, params.arguments or {})
            return await self._answer(context, params.name, arguments)
        except Prompt2MeshError as error:
            return as_failure(error)
        except CallCancelled:
            raise MCPError(REQUEST_CANCELLED, "The call was cancelled.") from None

    async def _answer(self, context: ServerRequestContext[Any], tool: str, arguments: Arguments) -> CallToolResult:
        progress = Progress(arguments.timeout_s if isinstance(arguments, given.RunPython) else None)
        work = self._work(context, tool, arguments, progress)
        if context.meta and "progress_token" in context.meta:
            async with reported(progress, context.session.report_progress):
                answer = await self._calls.run(_key(context), work)
        else:
            answer = await self._calls.run(_key(context), work)
        result = as_result(answer)
        if tool == "look" and not result.is_error:
            kind = media_type_of(answer)
            result.structured_content["pictures"] = [self._pictures.add(kind, data) for data in pictures_of(answer)]
        return result

    def _work(
        self, context: ServerRequestContext[Any], tool: str, arguments: Arguments, progress: Progress
    ) -> Coroutine[Any, Any, Message]:
        """What answers the call. The front answers `lookup` itself, so that one waits for nobody."""
        match arguments:
            case given.Lookup(query=query):
                return self._blender.lookup(query)
            case given.Snapshots():
                project = history_of(context.meta)
                return self._in_turn(progress, lambda: self._blender.snapshots(arguments.model_dump(), project))
            case given.RunPython():
                return self._run_python(arguments, progress, seed_of(context))
            case given.Look():
                passed = arguments.model_dump(exclude={"format"}) | {"picture_format": arguments.format}
            case _:
                passed = arguments.model_dump()
        return self._in_turn(progress, lambda: self._blender.call(tool, passed))

    async def _run_python(self, step: given.RunPython, progress: Progress, seed: int) -> Message:
        """Raises: Refused: by the policy, before anything ran."""
        if len(step.code) <= _POLICY_LIMIT_CHARACTERS and (why := await asyncio.to_thread(refusal, step.code)):
            raise Refused(why)
        passed = step.model_dump(exclude={"timeout_s"}) | {"seed": seed}
        # Where the client names no limit, the pod's own holds.
        limit_s = step.timeout_s if "timeout_s" in step.model_fields_set else None
        return await self._in_turn(progress, lambda: self._blender.call("run_python", passed, limit_s=limit_s))

    async def _in_turn(self, progress: Progress, ask: Callable[[], Coroutine[Any, Any, Message]]) -> Message:
        return await self._calls.in_turn(progress, ask)


def seed_of(context: ServerRequestContext[Any]) -> int:
    """What chance is seeded with: a number that the backend sends for each project, beside the arguments; else 0."""
    seed = (context.meta or {}).get(SEED_META_KEY)
    return seed if type(seed) is int and 0 <= seed < 2**32 else 0


def _key(context: ServerRequestContext[Any]) -> CallKey | None:
    """By what a later `notifications/cancelled` can name this call. Newer clients just close the connection."""
    if context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS or context.request_id is None:
        return None
    headers = context.request.headers if context.request is not None else {}
    return CallKey(headers.get(SESSION_HEADER, ""), context.request_id)
