"""A project with something to show, and links to it, for tests of shared scenes."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import psycopg

from cloud.db.engine import Database, libpq_url
from cloud.jobs import queries
from cloud.jobs.events import Picture
from tests.api.rows import give_file, give_steps
from tests.conftest import RunningApi

MODEL = b"glTF of the finished scene"
PREVIEW = b"picture of the finished scene"
SECRET = "a lighthouse for my uncle Ambrose"


@dataclass(frozen=True)
class Finished:
    """A project whose one job is done; `steps` are its snapshots, the last its scene."""

    project: str
    job: str
    steps: list[str]


async def finish_project(client: httpx2.Client, api: RunningApi, database: Database) -> Finished:
    """A project of two steps with preview and .glb, and a file that no link may reach."""
    project = client.post("/v1/projects", json={"name": SECRET}).json()["id"]
    job = client.post(f"/v1/projects/{project}/jobs", json={"prompt": SECRET}).json()["id"]
    steps = await give_steps(database, api, job, ("first = 1", "second = 2"))
    await give_file(database, api, job, "scene.glb", MODEL)
    await give_file(database, api, job, "script.py", b"print()", kind="script")
    preview = await give_file(database, api, job, "preview.png", PREVIEW, kind="preview")
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job))
        writer.job.result = {"model": "claude", "objects": 7, "triangles": 12_345}
        writer.emit(
            Picture(artifact_id=UUID(preview), name="preview.png", kind="preview", step=2, snapshot_id=UUID(steps[-1]))
        )
    return Finished(project, job, steps)


def finished_project(client: httpx2.Client, api: RunningApi) -> Finished:
    """The same, for who has no event loop."""

    async def make() -> Finished:
        database = Database.connect(api.settings.database_url, pool_size=1)
        try:
            return await finish_project(client, api, database)
        finally:
            await database.aclose()

    return asyncio.run(make())


def make_share(client: httpx2.Client, project: str, **body: Any) -> dict[str, Any]:
    """A new link."""
    answer = client.post(f"/v1/projects/{project}/shares", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def execute(api: RunningApi, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the statement gives."""
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        done = connection.execute(statement.encode(), values)
        return done.fetchall() if done.description else []
