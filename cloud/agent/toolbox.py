"""The tools of a user's Blender pod, over MCP, in the shapes of Anthropic's Messages API.

Knows an address and how to make a token, nothing of the fleet that gave them.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import httpx2
from anthropic.lib.tools.mcp import mcp_content
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INVALID_PARAMS, RequestParamsMeta

from cloud.agent.contract import Block, ToolParam, ToolResult
from cloud.errors import InvalidInput, NotFound, Prompt2MeshError, TooLarge

logger = logging.getLogger(__name__)

_CALL_LIMIT_S = 300.0
_LONGEST_STEP_S = 1800.0
# What a pod needs beyond the time limit that a call names: to end the step and open the last snapshot again.
_AFTER_STEP_S = 60.0
# A little less than the pod takes, for what MCP puts around the arguments.
_ARGUMENTS_LIMIT_BYTES = 8 * 2**20 - 4096
_CONNECT_LIMIT_S = 10.0
_SEED_META_KEY = "prompt2mesh/seed"
_HISTORY_META_KEY = "prompt2mesh/snapshots"
# Well above the 15 s in which a pod says on a call's connection that it still works on it.
_SILENCE_LIMIT_S = 60.0
_EVENT_LIMIT_BYTES = 64 * 2**20
_CHUNK_BYTES = 2**20


class ToolboxLost(Prompt2MeshError):
    """The pod is gone or does not answer; acquire another and load the last snapshot into it."""

    code, http_status, retryable = "toolbox_lost", 503, True


def _no_headers() -> Mapping[str, str]:
    return {}


class _FreshHeaders(httpx2.Auth):
    """A new short-lived token for every request, and what else it is to carry."""

    def __init__(self, bearer: Callable[[], str], headers: Callable[[], Mapping[str, str]]) -> None:
        self._bearer = bearer
        self._headers = headers

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers.update(self._headers())
        request.headers["Authorization"] = f"Bearer {self._bearer()}"
        yield request


class McpToolbox:
    """A `Toolbox` and the pod's files. Use as an async context manager.

    If the connection breaks, the MCP client cancels the task that entered, and leaving raises `ToolboxLost`; so
    whoever must tell that cancel from a real one enters in a task of its own. `call_limit_s` is for a pod that does
    not answer at all; the pod itself ends steps that take too long. `seed` is what chance in a step begins with.
    `headers` gives what a request carries besides, in the context of whoever calls: the ids of what it is for.
    """

    def __init__(
        self,
        base_url: str,
        bearer: Callable[[], str],
        *,
        call_limit_s: float = _CALL_LIMIT_S,
        seed: int = 0,
        headers: Callable[[], Mapping[str, str]] = _no_headers,
    ) -> None:
        self._base_url = base_url
        self._seed = seed
        self._call_limit_s = call_limit_s
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            auth=_FreshHeaders(bearer, headers),
            timeout=httpx2.Timeout(max(call_limit_s, _SILENCE_LIMIT_S), connect=_CONNECT_LIMIT_S),
            trust_env=False,
        )
        self._stack = AsyncExitStack()
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises: ToolboxLost."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._http)
            transport = streamable_http_client(
                f"{self._base_url}/mcp",
                http_client=self._http,
                terminate_on_close=False,
                max_sse_event_size=_EVENT_LIMIT_BYTES,
            )
            client = Client(transport, read_timeout_seconds=self._call_limit_s)
            try:
                self._client = await stack.enter_async_context(client)
            except* (MCPError, httpx2.HTTPError, OSError) as errors:
                raise ToolboxLost("The Blender pod does not answer.") from errors
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect. Raises: ToolboxLost: the connection had broken."""
        self._client = None
        # The client's task group knows its own cancel by its sight; anything else it would wrap in a group.
        seen = (kind, error, trace) if isinstance(error, asyncio.CancelledError) else (None, None, None)
        try:
            await self._stack.__aexit__(*seen)
        except* (MCPError, httpx2.HTTPError, OSError) as errors:
            raise ToolboxLost("The connection to the Blender pod broke.") from errors

    async def tools(self) -> list[ToolParam]:
        """The pod's tools, in its order. Raises: ToolboxLost."""
        try:
            listed = await self._connected().list_tools()
        except (MCPError, httpx2.HTTPError, OSError) as error:
            raise ToolboxLost("The Blender pod does not answer.") from error
        return [
            {"name": tool.name, "description": tool.description or "", "input_schema": tool.input_schema}
            for tool in listed.tools
        ]

    async def call(
        self, name: str, arguments: dict[str, Any], *, history: Sequence[Mapping[str, Any]] | None = None
    ) -> ToolResult:
        """Run one tool; what the model can mend comes back as `is_error`. Raises: ToolboxLost.

        `history`: the snapshots that the tool `snapshots` may list and open, newest first; None: all of the pod's.
        """
        if (size := len(json.dumps(arguments, ensure_ascii=False).encode(errors="replace"))) > _ARGUMENTS_LIMIT_BYTES:
            return _failed(
                f"The code is longer than 8 MiB ({size / 2**20:.1f}): nothing ran. Send less at once, in several steps."
            )
        limit_s = wait_limit_s(arguments, self._call_limit_s)
        try:
            told = {_SEED_META_KEY: self._seed} | ({} if history is None else {_HISTORY_META_KEY: [*history]})
            meta: RequestParamsMeta = told  # pyright: ignore[reportAssignmentType]
            result = await self._connected().call_tool(name, arguments, read_timeout_seconds=limit_s, meta=meta)
        except MCPError as error:
            if error.code == INVALID_PARAMS or _is_too_large(error):
                return _failed(error.message)
            raise _lost(name, error) from error
        except (httpx2.HTTPError, OSError) as error:
            raise _lost(name, error) from error
        content: list[Block] = [dict(mcp_content(block)) for block in result.content]  # pyright: ignore[reportArgumentType]
        return ToolResult(content, bool(result.is_error), result.structured_content or {})

    async def download_snapshot(self, sha256: str) -> bytes:
        """The `.blend` of a snapshot. Raises: NotFound, ToolboxLost."""
        data = b"".join([chunk async for chunk in self._download(f"/files/snapshots/{sha256}", sha256)])
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ToolboxLost("The Blender pod sent a snapshot whose content is not the one that was asked for.")
        return data

    async def upload_snapshot(self, sha256: str, data: bytes) -> None:
        """Give the pod a snapshot, to be restored by its hash. Raises: InvalidInput, ToolboxLost."""
        await self._upload(f"/files/snapshots/{sha256}", _chunks(data))

    async def upload_import(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Give the pod a file for `import_file`, under this plain ASCII name. Raises: InvalidInput, ToolboxLost."""
        await self._upload(f"/files/imports/{name}", chunks)

    async def _upload(self, path: str, chunks: AsyncIterator[bytes]) -> None:
        try:
            response = await self._http.put(path, content=chunks)
        except httpx2.HTTPError as error:
            raise ToolboxLost("The Blender pod was lost during an upload.") from error
        if response.status_code in {404, 413, 422}:
            raise InvalidInput(f"The Blender pod does not take the file: {response.text[:200]}")
        if response.is_error:
            raise ToolboxLost(f"The Blender pod refused an upload with {response.status_code}.")

    async def download_export(self, name: str) -> bytes:
        """A file that `export` wrote. Raises: NotFound, ToolboxLost."""
        return b"".join([chunk async for chunk in self._download(f"/files/exports/{name}", name)])

    async def _download(self, path: str, name: str) -> AsyncIterator[bytes]:
        try:
            async with self._http.stream("GET", path) as response:
                if response.status_code == 404:
                    raise NotFound("file", name)
                if response.is_error:
                    raise ToolboxLost(f"The Blender pod refused a download with {response.status_code}.")
                async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                    yield chunk
        except httpx2.HTTPError as error:
            raise ToolboxLost("The Blender pod was lost during a download.") from error

    def _connected(self) -> Client:
        if self._client is None:
            raise ToolboxLost("The toolbox is not connected.")
        return self._client


def wait_limit_s(arguments: dict[str, Any], usual_s: float) -> float:
    """How long to wait for the answer to a call before its pod counts as hung."""
    asked = arguments.get("timeout_s")
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or not asked <= _LONGEST_STEP_S:
        return usual_s
    return max(usual_s, asked + _AFTER_STEP_S)


def _is_too_large(error: MCPError) -> bool:
    return isinstance(error.data, dict) and error.data.get("status") == TooLarge.http_status


def _failed(text: str) -> ToolResult:
    facts = {"type": InvalidInput.code, "message": text, "line": None, "source": ""}
    return ToolResult([{"type": "text", "text": text}], is_error=True, structured={"ok": False, "error": facts})


def _lost(tool: str, error: Exception) -> ToolboxLost:
    logger.warning("pod lost", extra={"tool": tool, "why": repr(error)})
    return ToolboxLost("The Blender pod was lost during a call.")


async def _chunks(data: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
