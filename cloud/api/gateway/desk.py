"""The gateway's tools: what an agent is told of them, and who answers each.

Every failure that the agent can mend is a result with `is_error`; only a tool that does not exist is a protocol error.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from cloud.api.gateway import arguments as given
from cloud.api.gateway.caller import Caller, Visitor
from cloud.api.gateway.job_tools import on_build, on_download, on_job
from cloud.api.gateway.pod_tools import Answer, call_pod
from cloud.api.gateway.scene_tools import on_history, on_parameters, on_projects
from cloud.blender.arguments import Arguments, parse_arguments
from cloud.blender.calls import reported
from cloud.blender.endpoint import SESSION_HEADER
from cloud.blender.told import TOLD, Told, listed_tool
from cloud.db.engine import DATABASE_ERRORS, is_unreachable
from cloud.errors import Prompt2MeshError
from cloud.jobs.calls.requests import caller_key
from cloud.jobs.storable import storable
from cloud.redaction import mask

VISITOR = "p2m.visitor"
"""Where the request's scope holds its `Visitor`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Tool:
    """`builds`: a token that only reads does not see it."""

    told: Told
    answer: Callable[[Caller, Any], Awaitable[Answer]]
    builds: bool = False


def _of_pod(name: str, takes: type[Arguments], *, builds: bool = False) -> _Tool:
    """A tool of the pod, in the pod's words."""

    async def answer(caller: Caller, asked: given.OnProject) -> Answer:
        return await call_pod(caller, name, asked)

    return _Tool(replace(TOLD[name], takes=takes), answer, builds)


_TOOLS: Mapping[str, _Tool] = {
    "projects": _Tool(
        Told(
            "Projects",
            "Your projects: each one scene with its history. list (name: only those with it), create, choose (by name "
            "or id): shows its steps. Other tools take the project's id, its first 8 letters will do, or its name.",
            given.Projects,
        ),
        on_projects,
    ),
    "run_python": _of_pod("run_python", given.RunPython, builds=True),
    "look": _of_pod("look", given.Look),
    "inspect": _of_pod("inspect", given.Inspect),
    "check": _of_pod("check", given.Check),
    "lookup": _of_pod("lookup", given.Lookup),
    "history": _Tool(
        Told(
            "History",
            "The scene's steps: list, undo, redo, or restore the snapshot `to` (id, label, or empty). expected_head: "
            "refuse if the scene is not that snapshot any more.",
            given.History,
            destroys=True,
        ),
        on_history,
    ),
    "parameters": _Tool(
        Told(
            "Parameters",
            "The scene's named numbers and colours. With values ({id: value}) its code runs again with them.",
            given.Parameters,
            destroys=True,
        ),
        on_parameters,
    ),
    "build": _Tool(
        Told(
            "Build",
            "Hand a prompt to Prompt2Mesh's own agent, which may cost the user money. Gives a job id, and its result "
            "if it ends within wait_s.",
            given.Build,
            destroys=True,
        ),
        on_build,
        builds=True,
    ),
    "job": _Tool(
        Told("Job", "wait for a job (up to wait_s), its status, or cancel it.", given.JobAsked, repeatable=True),
        on_job,
    ),
    "download": _Tool(
        Told(
            "Download", "A link to the scene as a file, or the script that makes it.", given.Download, repeatable=True
        ),
        on_download,
    ),
}


async def list_tools(context: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
    """Those that the caller's token may use, on one page. Raises: MCPError: a cursor, which was never given."""
    if params and params.cursor:
        raise MCPError(INVALID_PARAMS, "There is no such page: all tools are on the first.")
    may_build = "build" in _visitor(context).identity.scopes
    return _listed(may_build)


async def call_tool(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
    """The tool's result, or its failure. Raises: MCPError: no such tool."""
    tool = _TOOLS.get(params.name)
    if tool is None:
        raise MCPError(INVALID_PARAMS, f"There is no tool {params.name[:60]!a}; there are: {', '.join(_TOOLS)}.")
    caller = _caller(context)
    try:
        if tool.builds:
            caller.demand_build()
        asked = parse_arguments(params.name, tool.told.takes, storable(params.arguments or {}))
        telling = reported(caller.waiting, context.session.report_progress) if caller.is_told else nullcontext()
        async with telling:
            content, is_error = await tool.answer(caller, asked)
    except Prompt2MeshError as error:
        if error.http_status >= 500:
            logger.warning("tool failed", extra={"tool": params.name, "code": error.code})
        return _failure(str(error))
    except DATABASE_ERRORS as error:
        logger.warning("tool failed", extra={"tool": params.name}, exc_info=not is_unreachable(error))
        return _failure("The server's database does not answer; try again in a moment.")
    except Exception:  # the top of a call: the log has the traceback, the agent a sentence
        logger.exception("tool failed unexpectedly", extra={"tool": params.name})
        return _failure("Something went wrong on our side; the log of the server has it. Try again, or another way.")
    return CallToolResult(content=list(content), is_error=is_error)


@cache
def _listed(may_build: bool) -> ListToolsResult:
    # Once: the library asks for it at every call too.
    tools = [listed_tool(name, tool.told) for name, tool in _TOOLS.items() if may_build or not tool.builds]
    return ListToolsResult(tools=tools)


def _caller(context: ServerRequestContext[Any]) -> Caller:
    visitor = _visitor(context)
    is_told = bool(context.meta and "progress_token" in context.meta)
    key = ""
    # Newer clients just close the connection.
    if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS and context.request_id is not None and context.request:
        session = context.request.headers.get(SESSION_HEADER, "")
        key = caller_key(visitor.credential_id, session, context.request_id)
    return Caller(visitor, key, is_told)


def _visitor(context: ServerRequestContext[Any]) -> Visitor:
    assert context.request is not None, "there is no way in but over HTTP"
    return context.request.scope[VISITOR]


def _failure(sentence: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=mask(sentence))], is_error=True)
