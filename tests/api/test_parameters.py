"""A scene's parameters over HTTP: what is listed, and what a bad change is told."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from cloud.db.engine import Database
from cloud.db.models import Snapshot
from cloud.jobs import queries
from tests.api.rows import finish_job

CODE = """SEAT_HEIGHT = 0.45  # m, 0.3 to 0.7: height of the seat
LEGS = 3
SEAT_COLOR = (0.5, 0.25, 0.1)
stool(SEAT_HEIGHT, LEGS, SEAT_COLOR)
"""


async def give_steps(database: Database, project: str, job_id: str, *codes: str) -> list[str]:
    """The job has made steps of this code, one on the other, and ended. Returns: their snapshots' ids."""
    ids: list[UUID] = []
    async with database.sessions.begin() as session:
        writer = await queries.open_writer(session, UUID(job_id))
        for number, code in enumerate(codes, 1):
            snapshot = Snapshot(
                id=uuid4(), user_id=writer.job.user_id, project_id=UUID(project), job_id=writer.job.id, step=number,
                parent_id=ids[-1] if ids else None, title=f"Step {number}", code=code, sha256="0" * 64, bytes=1,
            )  # fmt: skip
            session.add(snapshot)
            await session.flush()
            ids.append(snapshot.id)
        await writer.move_head(ids[-1])
    await finish_job(database, job_id)
    return [str(each) for each in ids]


@pytest.fixture
def job_id(ada: httpx2.Client, project: str) -> str:
    return ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a stool"}).json()["id"]


async def test_parameters_are_listed_with_type_range_and_value(
    ada: httpx2.Client, database: Database, project: str, job_id: str
) -> None:
    ids = await give_steps(database, project, job_id, CODE, "LEGS = 4\nWITH_BALL = True\nstool(LEGS, WITH_BALL)\n")
    listed = ada.get(f"/v1/projects/{project}/parameters").json()
    assert listed["head_snapshot_id"] == ids[1]
    assert listed["items"][0] == {
        "id": "SEAT_HEIGHT", "name": "SEAT_HEIGHT", "label": "Seat height", "type": "number", "value": 0.45,
        "min": 0.3, "max": 0.7, "unit": "m", "description": "height of the seat", "step": 1, "step_title": "Step 1",
        "snapshot_id": ids[0],
    }  # fmt: skip
    values = {item["id"]: (item["type"], item["value"]) for item in listed["items"]}
    assert values == {
        "SEAT_HEIGHT": ("number", 0.45), "LEGS": ("count", 3), "SEAT_COLOR": ("colour", [0.5, 0.25, 0.1]),
        "LEGS_2": ("count", 4), "WITH_BALL": ("switch", True),
    }  # fmt: skip


async def test_a_change_is_a_job_and_keeps_its_values(
    ada: httpx2.Client, database: Database, project: str, job_id: str
) -> None:
    ids = await give_steps(database, project, job_id, CODE, "BALL_RADIUS = 0.1\nball(BALL_RADIUS)\n")
    change: dict[str, Any] = {"values": {"BALL_RADIUS": 0.2}, "expected_head": ids[1]}
    answer = ada.post(f"/v1/projects/{project}/parameters", json=change)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"], job["prompt"]) == ("parameters", "queued", "a stool, with BALL_RADIUS = 0.2")
    again = ada.post(f"/v1/projects/{project}/parameters", json=change)
    assert (again.status_code, again.json()["code"]) == (409, "scene_busy")
    ada.post(f"/v1/jobs/{job['id']}/cancel")


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"values": {}}, 422, "Name at least one parameter and its new value, such as SEAT_HEIGHT."),
        ({"values": {"SEAT": 1}}, 422, "This scene has no parameter 'SEAT'; it has SEAT_HEIGHT, LEGS, SEAT_COLOR."),
        ({"values": {"LEGS": "four"}}, 422, "LEGS is a count: give a whole number."),
        ({"values": {"SEAT_HEIGHT": 7}}, 422, "SEAT_HEIGHT must lie between 0.3 and 0.7 m."),
        ({"values": {"LEGS": 3}}, 422, "Nothing would change: the parameters have these values already."),
        ({"values": {"LEGS": 4}, "expected_head": str(UUID(int=1))}, 409, "The scene has been changed meanwhile"),
    ],
)
async def test_a_bad_change_is_told_in_a_sentence(
    ada: httpx2.Client, database: Database, project: str, job_id: str, body: Any, status: int, sentence: str
) -> None:
    await give_steps(database, project, job_id, CODE)
    answer = ada.post(f"/v1/projects/{project}/parameters", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


def test_an_empty_project_has_no_parameters_and_says_so(ada: httpx2.Client, project: str) -> None:
    for answer in (
        ada.get(f"/v1/projects/{project}/parameters"),
        ada.post(f"/v1/projects/{project}/parameters", json={"values": {"A": 1}}),
    ):
        assert answer.status_code == 409
        assert answer.json()["detail"] == "The project has no scene yet, so it has no parameters; build one first."


async def test_parameters_of_another_user_are_not_found(
    ada: httpx2.Client, eve: httpx2.Client, database: Database, project: str, job_id: str
) -> None:
    await give_steps(database, project, job_id, CODE)
    assert eve.get(f"/v1/projects/{project}/parameters").status_code == 404
    assert eve.post(f"/v1/projects/{project}/parameters", json={"values": {"LEGS": 4}}).status_code == 404


async def test_undo_of_a_change_brings_back_the_scene_before_it(
    ada: httpx2.Client, database: Database, project: str, job_id: str
) -> None:
    old = await give_steps(database, project, job_id, CODE, "BALL_RADIUS = 0.1\nball(BALL_RADIUS)\n")
    change = ada.post(f"/v1/projects/{project}/parameters", json={"values": {"LEGS": 4}}).json()["id"]
    new = await give_steps(
        database, project, change, CODE.replace("LEGS = 3", "LEGS = 4"), "BALL_RADIUS = 0.1\nball(BALL_RADIUS)\n"
    )
    undone = ada.post(f"/v1/projects/{project}/undo")
    assert undone.json()["head_snapshot_id"] == old[1]
    redone = ada.post(f"/v1/projects/{project}/redo")
    assert redone.json()["head_snapshot_id"] == new[1]
