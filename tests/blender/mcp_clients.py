"""MCP clients for the tests of the pod: the Python SDK's in both eras, and one that sends whatever it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.blender.pod_process import RunningPod

MODERN, LEGACY = "2026-07-28", "2025-11-25"
ERAS = ("auto", "legacy")
"""Modes of the SDK's client: the newest protocol, and the handshake with sessions before it."""


@asynccontextmanager
async def connected(pod: RunningPod, mode: Any = "auto") -> AsyncIterator[Client]:
    """The SDK's client on the pod, as its owner."""
    headers = {"Authorization": f"Bearer {pod.bearer()}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(f"{pod.base_url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def raw_headers(pod: RunningPod, **others: str) -> dict[str, str]:
    """What a well-behaved client sends."""
    headers = {
        "Authorization": f"Bearer {pod.bearer()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": LEGACY,
    }
    return headers | {name.replace("_", "-"): value for name, value in others.items()}


def call_message(tool: str, arguments: dict[str, Any], request_id: Any = 1, **meta: Any) -> dict[str, Any]:
    """A `tools/call` request."""
    params = {"name": tool, "arguments": arguments} | ({"_meta": meta} if meta else {})
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


async def connect_and_call(base_url: str, token: str, mode: Any, tool: str, arguments: dict[str, Any]) -> None:
    """One call by a client of its own: for a process that is killed meanwhile."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(f"{base_url}/mcp", http_client=http), mode=mode) as client,
    ):
        await client.call_tool(tool, arguments)
