"""Many prompts in one request: each its own project and job, all or none, followed and ended as one."""

import io
import json
import zipfile
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import event, select, text

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.batches import queries
from cloud.jobs.events import StageChanged
from tests.api.rows import emit, fail_job, finish_job, give_file, give_scene, pay, start_job
from tests.conftest import RunningApi

Batch = dict


def make(client: httpx2.Client, *prompts: object, name: str = "Set") -> Batch:
    answer = client.post("/v1/batches", json={"name": name, "items": list(prompts)})
    assert answer.status_code == 202, answer.text
    return answer.json()


def look(client: httpx2.Client, batch: Batch) -> Batch:
    return client.get(f"/v1/batches/{batch['id']}").json()


def job_ids(batch: Batch) -> list[str]:
    return [item["job_id"] for item in batch["items"]]


def count_of(client: httpx2.Client, path: str) -> int:
    return len(client.get(path, params={"limit": 100}).json()["items"])


def test_each_prompt_is_a_project_and_a_job_of_its_own(ada: httpx2.Client) -> None:
    asked = {"prompt": " a table ", "name": "Desk", "model": "offline-modeller", "formats": ["stl"]}

    batch = make(ada, "a chair", asked)

    assert (batch["name"], batch["total"], batch["done"]) == ("Set", 2, 0.0)
    assert batch["counts"] == {"queued": 2, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
    told = [(item["position"], item["prompt"], item["name"], item["state"]) for item in batch["items"]]
    assert told == [(1, "a chair", "a chair", "queued"), (2, "a table", "Desk", "queued")]
    first, second = (ada.get(f"/v1/jobs/{job}").json() for job in job_ids(batch))
    assert (first["formats"], second["formats"], second["model"]) == (["blend", "glb"], ["stl"], "offline-modeller")
    assert (second["batch_id"], second["batch_position"]) == (batch["id"], 2)
    assert first["project_id"] != second["project_id"]
    assert ada.get(f"/v1/projects/{second['project_id']}").json()["name"] == "Desk"
    with ada.stream("GET", f"/v1/jobs/{first['id']}/events") as events:
        assert "job.queued" in next(line for line in events.iter_lines() if line.startswith("event:"))


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/csv; charset=utf-8", "\ufeffprompt\r\na chair\r\na table\r\n"),
        ("application/x-ndjson", '"a chair"\n{"prompt": "a table"}\n'),
        ("application/jsonl", '"a chair"\n\n"a table"'),
        ("text/plain", "a chair\na table\n"),
    ],
)
def test_a_file_is_taken_as_it_is(ada: httpx2.Client, media_type: str, body: str) -> None:
    headers = {"Content-Type": media_type}

    answer = ada.post("/v1/batches", params={"name": "File"}, content=body.encode(), headers=headers)

    assert answer.status_code == 202
    assert answer.json()["name"] == "File"
    assert [item["prompt"] for item in answer.json()["items"]] == ["a chair", "a table"]


@pytest.mark.parametrize(
    ("media_type", "body", "status", "told"),
    [
        ("text/csv", b"prompt\na chair\n  \n", 422, "Line 3: the prompt is empty; say what you want to see built."),
        ("application/json", b'{"items": ["a", ""]}', 422, "Item 2: the prompt is empty"),
        ("application/json", b"{", 400, "The batch is not valid JSON: line 1, column 2"),
        ("application/json", b"", 422, "The batch is empty"),
        ("application/json", b"[]", 422, "The batch must be a JSON object"),
        ("application/xml", b"<a/>", 422, "The body must be a JSON object, sent with Content-Type"),
        ("text/plain", b"a\n" * 501, 422, "The batch has 501 prompts; at most 500 are allowed"),
        ("text/plain", b"x" * 8_001, 422, "Line 1: the prompt has 8,001 characters; at most 8,000"),
        ("application/x-ndjson", b'{"prompt": "a", "\\ud800": 1}', 422, "Line 1: there is no field '\\ud800'"),
    ],
)
def test_a_malformed_batch_says_where_and_why_and_nothing_is_made(
    ada: httpx2.Client, media_type: str, body: bytes, status: int, told: str
) -> None:
    before = count_of(ada, "/v1/batches"), count_of(ada, "/v1/projects")

    answer = ada.post("/v1/batches", content=body, headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(told)
    assert (count_of(ada, "/v1/batches"), count_of(ada, "/v1/projects")) == before


def test_all_faults_are_told_at_once(ada: httpx2.Client) -> None:
    answer = ada.post("/v1/batches", json={"items": ["", "a", 7]}).json()

    assert answer["code"] == "malformed_batch"
    assert answer["detail"].endswith("(1 more in `errors`)")
    assert [error["item"] for error in answer["errors"]] == [1, 3]


def test_the_same_key_makes_one_batch(ada: httpx2.Client) -> None:
    sent = {"json": {"items": ["a chair"]}, "headers": {"Idempotency-Key": "one batch"}}

    first, again = (ada.post("/v1/batches", **sent) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert job_ids(again.json()) == job_ids(first.json())


async def test_progress_tells_states_stages_results_and_cost(
    ada: httpx2.Client, api: RunningApi, database: Database
) -> None:
    batch = make(ada, "a chair", "a unicorn", "a table", "a lamp")
    built, failed, running, _ = job_ids(batch)
    result = {"model": "m", "objects": 3, "triangles": 1200, "seconds": 2.5}
    await pay(database, built, 0.25)
    preview = await give_file(database, api, built, "preview.png", b"png", kind="preview")
    await finish_job(database, built, result)
    await pay(database, failed, 0.5)
    await fail_job(database, failed, "nothing_built", "I cannot build a unicorn.")
    await start_job(database, running)
    await emit(database, running, StageChanged(stage="prepare"), StageChanged(stage="build"))

    now = look(ada, batch)

    assert (now["done"], now["usage"]["usd"], now["usage"]["output_tokens"]) == (0.5, 0.75, 20)
    assert now["counts"] == {"queued": 1, "running": 1, "succeeded": 1, "failed": 1, "cancelled": 0}
    first, second, third, _ = now["items"]
    assert (first["objects"], first["triangles"], first["seconds"], first["usd"]) == (3, 1200, 2.5, 0.25)
    assert first["preview_id"] == preview
    assert second["error"] == {"code": "nothing_built", "message": "I cannot build a unicorn."}
    assert (third["state"], third["stage"]) == ("running", "build")
    listed = next(one for one in ada.get("/v1/batches").json()["items"] if one["id"] == batch["id"])
    assert listed == {name: value for name, value in now.items() if name != "items"}


async def test_a_look_at_a_batch_is_three_queries_however_long_it_is(ada: httpx2.Client, database: Database) -> None:
    me = UUID(ada.get("/v1/me").json()["id"])
    asked: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    for prompts in (["a"], ["a"] * 20):
        batch = make(ada, *prompts)
        await start_job(database, job_ids(batch)[0])
        async with database.sessions() as session:
            asked.clear()
            found = await queries.get_batch(session, me, UUID(batch["id"]))
            items = await queries.items_of(session, found.id)
            await queries.add_stages(session, items)
            assert (len(items), len(asked)) == (len(prompts), 3)
            asked.clear()
            await queries.list_batches(session, me, None, 50)
            assert len(asked) == 3


def test_batches_come_in_pages_newest_first(eve: httpx2.Client) -> None:
    ids = [make(eve, "a chair", name=name)["id"] for name in "abc"]

    first = eve.get("/v1/batches", params={"limit": 2}).json()
    second = eve.get("/v1/batches", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [one["id"] for one in [*first["items"], *second["items"]]] == ids[::-1]
    assert second["next_cursor"] is None


async def test_cancel_ends_what_has_not_ended(ada: httpx2.Client, database: Database) -> None:
    batch = make(ada, "a", "b", "c")
    done, running, queued = job_ids(batch)
    await finish_job(database, done)
    await start_job(database, running)

    answer = ada.post(f"/v1/batches/{batch['id']}/cancel")

    assert answer.status_code == 202
    assert [item["state"] for item in answer.json()["items"]] == ["succeeded", "running", "cancelled"]
    assert ada.get(f"/v1/jobs/{running}").json()["cancel_requested"] is True
    with ada.stream("GET", f"/v1/jobs/{queued}/events") as events:
        assert [line for line in events.iter_lines() if line.startswith("event:")][-1] == "event: job.finished"


async def test_a_cancel_of_a_finished_batch_is_a_conflict(ada: httpx2.Client, database: Database) -> None:
    batch = make(ada, "a")
    await finish_job(database, job_ids(batch)[0])

    answer = ada.post(f"/v1/batches/{batch['id']}/cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == "Every job of the batch has already ended; there is nothing to cancel."


async def test_retry_makes_new_jobs_for_failures_alone(ada: httpx2.Client, database: Database) -> None:
    batch = make(ada, "a", {"prompt": "b", "model": "offline-modeller", "formats": ["fbx"]}, "c")
    built, failed, cancelled = job_ids(batch)
    await finish_job(database, built)
    await pay(database, failed, 0.5)
    await fail_job(database, failed, "x", "It broke.")
    ada.post(f"/v1/jobs/{cancelled}/cancel")

    answer = ada.post(f"/v1/batches/{batch['id']}/retry")

    assert answer.status_code == 202
    now = answer.json()
    assert (now["total"], now["usage"]["usd"]) == (3, 0.5)
    assert [item["state"] for item in now["items"]] == ["succeeded", "queued", "queued"]
    assert [item["project_id"] for item in now["items"]] == [item["project_id"] for item in batch["items"]]
    again = ada.get(f"/v1/jobs/{job_ids(now)[1]}").json()
    assert (again["prompt"], again["model"], again["formats"]) == ("b", "offline-modeller", ["fbx"])
    assert again["id"] != failed
    nothing = ada.post(f"/v1/batches/{batch['id']}/retry")
    assert nothing.status_code == 409
    assert "nothing to try again" in nothing.json()["detail"]


async def test_retry_begins_without_what_the_failure_left_half_built(ada: httpx2.Client, database: Database) -> None:
    batch = make(ada, "a chair")
    (job,) = job_ids(batch)
    await give_scene(database, job)
    await fail_job(database, job, "x", "It broke.")
    project = batch["items"][0]["project_id"]
    assert ada.get(f"/v1/projects/{project}").json()["head_snapshot_id"]

    ada.post(f"/v1/batches/{batch['id']}/retry")

    assert ada.get(f"/v1/projects/{project}").json()["head_snapshot_id"] is None


async def test_retry_leaves_a_scene_that_somebody_went_on_with(ada: httpx2.Client, database: Database) -> None:
    batch = make(ada, "a chair")
    await fail_job(database, job_ids(batch)[0], "x", "It broke.")
    project = batch["items"][0]["project_id"]
    own = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a table"}).json()["id"]
    await give_scene(database, own)
    await finish_job(database, own)

    ada.post(f"/v1/batches/{batch['id']}/retry")

    assert ada.get(f"/v1/projects/{project}").json()["head_snapshot_id"]


def test_a_deleted_project_leaves_its_place_in_the_batch(ada: httpx2.Client) -> None:
    batch = make(ada, "a", "b")
    assert ada.delete(f"/v1/projects/{batch['items'][0]['project_id']}").status_code == 204

    now = look(ada, batch)

    assert [(item["state"], item["project_deleted"]) for item in now["items"]] == [
        ("cancelled", True),
        ("queued", False),
    ]
    assert ada.post(f"/v1/batches/{batch['id']}/retry").status_code == 409


async def test_the_archive_holds_what_has_ended_and_says_what_has_not(
    ada: httpx2.Client, api: RunningApi, database: Database
) -> None:
    batch = make(ada, "a chair", "a unicorn", "a table", "a lamp", name="Möbel")
    built, failed, running, gone = job_ids(batch)
    for name, content, kind in [
        ("scene.blend", b"old", "scene"),
        ("scene.blend", b"new", "scene"),
        ("preview.png", b"png", "preview"),
        ("look.png", b"look", "picture"),
    ]:
        await give_file(database, api, built, name, content, kind=kind)
    await finish_job(database, built, {"model": "m", "triangles": 12})
    await fail_job(database, failed, "nothing_built", "I cannot build a unicorn.")
    await give_file(database, api, running, "scene.blend", b"half")
    await give_file(database, api, gone, "scene.blend", b"gone")
    await finish_job(database, gone)
    ada.delete(f"/v1/projects/{batch['items'][3]['project_id']}")

    answer = ada.get(f"/v1/batches/{batch['id']}/archive")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert "filename*=UTF-8''m%C3%B6bel.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {
            *("001-a-chair/scene.blend", "001-a-chair/preview.png", "batch.json", "batch.csv")
        }
        assert archive.read("001-a-chair/scene.blend") == b"new"
        report = json.loads(archive.read("batch.json"))
    assert report["finished"] is False
    assert [item["state"] for item in report["items"]] == ["succeeded", "failed", "queued", "succeeded"]
    assert report["items"][1]["error"]["code"] == "nothing_built"


def test_an_archive_of_nothing_yet_is_a_conflict(ada: httpx2.Client) -> None:
    answer = ada.get(f"/v1/batches/{make(ada, 'a')['id']}/archive")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_yet")


async def test_the_prompts_wait_in_their_order_and_behind_each_other(ada: httpx2.Client, database: Database) -> None:
    ids = job_ids(make(ada, *"abcdefghij"))

    async with database.sessions() as session:
        entries = text("SELECT id, args->>'job_id', -priority / 2 FROM procrastinate_jobs ORDER BY priority DESC")
        queued = [tuple(row) for row in await session.execute(entries)]
        jobs = {str(job.id): job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}

    ours = [row for row in queued if row[1] in jobs]
    assert [job_id for _, job_id, _ in ours] == ids
    assert [(jobs[job_id].queue_id, jobs[job_id].turn) for job_id in ids] == [(row[0], row[2]) for row in ours]
    assert len({turn for *_, turn in ours}) == len(ids)
