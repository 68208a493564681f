"""Agents of users', by the real MCP client, on a real API, runner and Blender pod."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.fleet.local import LocalFleet
from cloud.jobs.work import Services
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.api.conftest import sign_in
from tests.blender.pod_process import CACHE
from tests.conftest import RunningApi, serve_api
from tests.jobs.conftest import running
from tests.jobs.resume_bench import turns_in
from tests.support.scripted_messages import Reply, calls, finishes, scripted_messages


@dataclass(frozen=True)
class Person:
    """A user of the API, signed in, with a token for their agent."""

    api: RunningApi
    web: httpx2.Client
    token: str

    @classmethod
    def arrive(cls, api: RunningApi, name: str | None = None) -> "Person":
        web = sign_in(api, name)
        web.timeout = httpx2.Timeout(120)  # the machine may have a Blender and a test run to carry
        return cls(api, web, make_token(web))

    def project(self, name: str = "Scene") -> str:
        """The id of a new project."""
        return self.web.post("/v1/projects", json={"name": name}).json()["id"]

    def steps(self, project: str) -> list[dict[str, Any]]:
        """The project's steps as the web UI gets them, newest first."""
        return self.web.get(f"/v1/projects/{project}/snapshots").json()["items"]

    def jobs(self, project: str) -> list[dict[str, Any]]:
        """The project's jobs, newest first."""
        return self.web.get("/v1/jobs", params={"project_id": project}).json()["items"]


@dataclass(frozen=True)
class Studio:
    """The API with a runner and a pod; `services` are the runner's."""

    api: RunningApi
    services: Services


def make_token(web: httpx2.Client, *scopes: str) -> str:
    """A new API token."""
    asked = {"name": "mcp", "scopes": scopes or ("read", "build")}
    return web.post("/v1/account/tokens", json=asked).json()["token"]


@asynccontextmanager
async def agent(api: RunningApi, token: str, mode: Any = "auto") -> AsyncIterator[Client]:
    """The SDK's client, as a user's agent has it."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=120, trust_env=False) as http,
        Client(streamable_http_client(f"{api.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def ask(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    """A call by an agent that hears of progress, and so is waited for as long as it takes."""

    async def hear(progress: float, total: float | None, message: str | None) -> None: ...

    return await client.call_tool(tool, arguments, progress_callback=hear)


def said(result: CallToolResult) -> str:
    """The answer's texts."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def _answer(body: dict[str, Any]) -> Reply:
    """What our own agent's model says to every prompt: a ball, then the end."""
    ball = calls(("run_python", {"code": "bpy.ops.mesh.primitive_uv_sphere_add()", "title": "A ball"}))
    return finishes("A ball lies there.", not_built=["its shadow"]) if turns_in(body) else ball


@asynccontextmanager
async def open_studio(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Studio]:
    """See `Studio`."""
    database = Database.connect(database_url, pool_size=8)
    fleet = LocalFleet(folder / "pods", spares=0, pod_options=["--cache-dir", str(CACHE)])
    await fleet.start()
    chosen = Settings(data_dir=folder, database_url=database_url, review=False, **settings)
    store = ArtifactStore.local(folder / "artifacts")
    try:
        async with scripted_messages(*[_answer] * 100) as claude:
            models = ModelAccess(
                offline_url="", default_model="claude-sonnet-5-5", api_key="sk-test", base_url=claude.base_url
            )
            services = Services(chosen, database, store, fleet, models)
            with serve_api(chosen) as api:
                async with running(services):
                    yield Studio(api, services)
    finally:
        await fleet.aclose()
        await database.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(database_url: str, tmp_path_factory: Any) -> AsyncIterator[Studio]:
    async with open_studio(database_url, tmp_path_factory.mktemp("studio")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(studio: Studio) -> Person:
    """The one whose pod the module's tests share."""
    return await asyncio.to_thread(Person.arrive, studio.api)
