"""Steps' models for the 3D viewer over HTTP; rows are written as a runner writes them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from cloud.db.engine import Database
from cloud.db.models import Event, Job
from tests.api.rows import give_model, give_steps
from tests.conftest import RunningApi

CODES = ("first = 1", "second = 2")


@pytest.fixture
async def steps(ada: httpx2.Client, api: RunningApi, database: Database, project: str) -> list[str]:
    """The ids of two steps of Ada's project, the last its scene."""
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "two things"}).json()
    return await give_steps(database, api, job["id"], CODES)


@pytest.fixture
async def model(api: RunningApi, database: Database, steps: list[str]) -> str:
    """The model of the first step; the second has none."""
    return await give_model(database, api, steps[0], b"glTF of the first")


def ask(client: httpx2.Client, project: str, path: str, status: int = 200) -> Any:
    answer = client.post(f"/v1/projects/{project}/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_project_and_its_steps_say_which_model_is_theirs(
    ada: httpx2.Client, database: Database, project: str, steps: list[str], model: str
) -> None:
    listed = ada.get(f"/v1/projects/{project}/snapshots").json()["items"]
    assert [one["model_id"] for one in listed] == [None, model]
    assert ada.get(f"/v1/projects/{project}/snapshots/{steps[0]}").json()["model_id"] == model
    moves = ["undo", "redo", f"snapshots/{steps[0]}/restore", "snapshots/empty/restore"]
    expected = [model, None, model, None]
    assert [ask(ada, project, move)["model_id"] for move in moves] == expected
    async with database.sessions() as session:
        told = select(Event.data["model_id"].astext).where(
            Event.project_id == UUID(project), Event.type == "scene.moved"
        )
        assert list(await session.scalars(told.order_by(Event.project_seq))) == expected


def test_a_branch_keeps_the_models_when_its_origin_goes(
    ada: httpx2.Client, project: str, steps: list[str], model: str
) -> None:
    made = ask(ada, project, f"snapshots/{steps[0]}/branch", 201)

    assert ada.delete(f"/v1/projects/{project}").status_code == 204
    assert ada.delete(f"/v1/projects/{project}?purge=true").status_code == 204
    assert made["model_id"] not in (None, model)
    assert ada.get(f"/v1/artifacts/{made['model_id']}/content").content == b"glTF of the first"


def test_a_model_that_there_is_needs_no_job(ada: httpx2.Client, project: str, steps: list[str], model: str) -> None:
    assert ask(ada, project, f"snapshots/{steps[0]}/model") == {"model_id": model, "job": None}


async def test_a_missing_model_is_one_job_however_many_ask(
    ada: httpx2.Client, database: Database, project: str, steps: list[str], model: str
) -> None:
    path = f"snapshots/{steps[1]}/model"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(ada, project, path, 202), range(4)))

    assert {answer["model_id"] for answer in answers} == {None}
    [job_id] = {answer["job"]["id"] for answer in answers}
    async with database.sessions() as session:
        job = await session.get_one(Job, UUID(job_id))
    assert (job.kind, job.request["snapshot_id"], job.request["model"]) == ("export", steps[1], True)
    # It reads a snapshot that it names, so the scene may move meanwhile.
    assert ask(ada, project, "undo")["head_snapshot_id"] == steps[0]
    ada.post(f"/v1/jobs/{job_id}/cancel")
    assert ask(ada, project, path, 202)["job"]["id"] != job_id


def test_a_step_of_another_project_has_no_model_here(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    other = ada.post("/v1/projects", json={"name": "Other"}).json()["id"]
    assert ask(ada, other, f"snapshots/{steps[0]}/model", 404)["code"] == "not_found"
