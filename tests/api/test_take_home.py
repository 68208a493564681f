"""Downloads over HTTP: what can be had of a scene, and everything of a scene or a job as one zip."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from tests.api.rows import finish_job, give_file, give_geometry, give_steps, start_job
from tests.conftest import RunningApi


@dataclass
class Chair:
    """A project of two steps, with files of each."""

    client: httpx2.Client
    project: str
    job: str
    steps: list[str]
    files: dict[str, str]

    def downloads(self, **params: Any) -> dict[str, Any]:
        answer = self.client.get(f"/v1/projects/{self.project}/downloads", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def archive(self, **params: Any) -> zipfile.ZipFile:
        answer = self.client.get(f"/v1/projects/{self.project}/archive", params=params)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip"), answer.text
        return zipfile.ZipFile(io.BytesIO(answer.content))


@pytest.fixture
async def chair(ada: httpx2.Client, api: RunningApi, database: Database) -> Chair:
    project = ada.post("/v1/projects", json={"name": "Küchen/stuhl.."}).json()["id"]
    job = _job(ada, project)
    await start_job(database, job)
    steps = await give_steps(database, api, job, ["HEIGHT = 0.9  # m, 0.5 to 1.2: height\nprint(HEIGHT)", "two"])
    files = {}
    for name, kind in (("scene.blend", "scene"), ("scene.glb", "scene"), ("preview.png", "preview")):
        content = f"the {name}".encode()
        files[name] = await give_file(database, api, job, name, content, kind=kind, snapshot_id=steps[1])
    await give_file(database, api, job, "script.py", b"pass", kind="script", snapshot_id=steps[1])
    await give_geometry(database, project, steps[1], 3, 1200, [0.5, 0.5, 0.9])
    return Chair(ada, project, job, steps, files)


def _by_name(downloads: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in downloads["items"]}


async def test_the_list_says_what_is_there_what_is_made_and_what_can_be(
    chair: Chair, api: RunningApi, database: Database
) -> None:
    told = chair.downloads()
    items = _by_name(told)
    assert (told["snapshot_id"], told["objects"], told["triangles"]) == (chair.steps[1], 3, 1200)
    assert told["size_m"] == [0.5, 0.5, 0.9]
    assert list(items)[:3] == ["scene.blend", "scene.glb", "scene.fbx"]
    assert list(items)[-4:] == ["turntable.gif", "turntable.mp4", "preview.png", "everything.zip"]
    assert {name: one["state"] for name, one in items.items() if one["state"] != "can_be_made"} == dict.fromkeys(
        ("scene.blend", "scene.glb", "script.py", "preview.png", "everything.zip"), "ready"
    )
    assert items["scene.glb"]["bytes"] == len(b"the scene.glb")
    assert items["scene.glb"]["files"][0]["artifact_id"] == chair.files["scene.glb"]
    for one in items.values():
        for file in one["files"]:
            got = chair.client.get(file["url"])
            assert got.status_code == 200
            assert file["bytes"] in (None, len(got.content))

    await finish_job(database, chair.job)
    asked = chair.client.post(f"/v1/projects/{chair.project}/exports", json={"format": "turntable.gif"})
    assert asked.status_code == 202
    making = _by_name(chair.downloads())["turntable.gif"]
    assert (making["state"], making["job_id"]) == ("making", asked.json()["id"])
    await give_file(
        database, api, asked.json()["id"], "turntable.gif", b"GIF", kind="turntable", snapshot_id=chair.steps[1]
    )
    assert _by_name(chair.downloads())["turntable.gif"]["state"] == "ready"


async def test_files_of_another_step_are_not_offered_as_the_scene(chair: Chair) -> None:
    chair.client.post(f"/v1/projects/{chair.project}/undo")

    told = chair.downloads()
    items = _by_name(told)

    assert (told["snapshot_id"], told["triangles"]) == (chair.steps[0], None)
    assert items["scene.glb"]["state"] == "can_be_made"
    assert chair.client.get(items["scene.blend"]["files"][0]["url"]).content.startswith(b"scene after HEIGHT")
    assert "preview.png" not in items
    assert _by_name(chair.downloads(snapshot_id=chair.steps[1]))["scene.glb"]["state"] == "ready"
    zip_of_step = _by_name(chair.downloads(snapshot_id=chair.steps[1]))["everything.zip"]["files"][0]["url"]
    assert "scene.glb" in zipfile.ZipFile(io.BytesIO(chair.client.get(zip_of_step).content)).namelist()


async def test_a_scene_without_geometry_says_why_there_is_no_glb(
    chair: Chair, api: RunningApi, database: Database
) -> None:
    await give_geometry(database, chair.project, chair.steps[0], 0, 0, None)

    glb = _by_name(chair.downloads(snapshot_id=chair.steps[0]))["scene.glb"]

    assert (glb["state"], glb["reason"][-1]) == ("cannot", ".")


async def test_what_belongs_to_a_file_is_counted_with_it(chair: Chair, api: RunningApi, database: Database) -> None:
    for name, size in (("scene.obj", 10), ("scene.mtl", 5), ("wood.png", 3)):
        await give_file(database, api, chair.job, name, name.encode()[:1] * size, snapshot_id=chair.steps[1])

    obj = _by_name(chair.downloads())["scene.obj"]

    assert ([file["name"] for file in obj["files"]], obj["bytes"]) == (["scene.obj", "scene.mtl", "wood.png"], 18)


async def test_everything_of_a_scene_is_one_zip(chair: Chair, api: RunningApi, database: Database, png: bytes) -> None:
    chair.client.post(f"/v1/projects/{chair.project}/images", content=png, params={"name": "../README.txt"})

    with chair.archive() as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert len(names) == len({name.casefold() for name in names})
        assert not [name for name in names if name.startswith("/") or ".." in name]
        assert {"README.txt", "scene.blend", "scene.glb", "script.py", "parameters.json", "prompts.txt"} <= set(names)
        assert {"pictures/preview.png", "pictures/steps/001-step-1.png", "references/README.png"} <= set(names)
        assert archive.read("scene.glb") == b"the scene.glb"
        assert archive.read("prompts.txt") == b"a chair\n"
        [parameter] = json.loads(archive.read("parameters.json"))
        assert (parameter["id"], parameter["value"], parameter["unit"]) == ("HEIGHT", 0.9, "m")
        assert b"HEIGHT = 0.9" in archive.read("script.py")
        readme = archive.read("README.txt").decode()
        assert "3 objects, 1,200 triangles, 0.5 × 0.5 × 0.9 m" in readme
        assert "scene.glb" in readme
        listed = json.loads(archive.read("contents.json"))
        assert listed["lost"] == []
        texts = {"README.txt", "script.py", "parameters.json", "prompts.txt", "contents.json"}
        assert {one["path"] for one in listed["files"]} == set(names) - texts
    with chair.archive(snapshot_id=chair.steps[0]) as archive:
        assert archive.read("scene.blend").startswith(b"scene after HEIGHT")
        assert "scene.glb" not in archive.namelist()


async def test_a_lost_file_is_named_and_the_others_are_there(chair: Chair, api: RunningApi, database: Database) -> None:
    await give_file(database, api, chair.job, "scene.fbx", b"never stored", is_stored=False, snapshot_id=chair.steps[1])

    with chair.archive() as archive:
        assert "scene.fbx" not in archive.namelist()
        assert [one["path"] for one in json.loads(archive.read("contents.json"))["lost"]] == ["scene.fbx"]
        assert archive.testzip() is None


async def test_the_files_that_the_script_reads_lie_beside_it(chair: Chair, api: RunningApi, database: Database) -> None:
    upload = await give_file(database, api, chair.job, "tower.glb", b"glTF", kind="upload")
    sha256 = chair.client.get(f"/v1/artifacts/{upload}").json()["sha256"]
    told = json.dumps({"file": "tower.glb", "sha256": sha256})
    _set_code(api, chair.steps[0], f"# This step imported a file, which is not part of this code: {told}")

    with chair.archive() as archive:
        assert archive.read("tower.glb") == b"glTF"


def test_an_empty_project_has_nothing_to_take(ada: httpx2.Client, project: str) -> None:
    assert ada.get(f"/v1/projects/{project}/downloads").json()["items"] == []
    for wanted in (f"projects/{project}", f"jobs/{_job(ada, project)}"):
        refused = ada.get(f"/v1/{wanted}/archive")
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_download")
        assert refused.json()["detail"].endswith(".")


async def test_a_job_has_a_zip_of_what_it_made(chair: Chair) -> None:
    answer = chair.client.get(f"/v1/jobs/{chair.job}/archive")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
        assert {"scene.blend", "scene.glb", "script.py", "pictures/preview.png", "README.txt", "job.json"} <= names
        assert json.loads(archive.read("job.json"))["prompt"] == "a chair"
    assert 'filename="a-chair.zip"' in answer.headers["Content-Disposition"]


async def test_a_zip_that_was_taken_is_in_the_audit_log(chair: Chair) -> None:
    chair.archive().close()

    entries = chair.client.get("/v1/account/audit").json()["items"]

    assert f"project:{chair.project}" in [one["subject"] for one in entries if one["action"] == "artifact.downloaded"]


def _job(client: httpx2.Client, project: str) -> str:
    return client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]


def _set_code(api: RunningApi, snapshot: str, code: str) -> None:
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE snapshots SET code = %s WHERE id = %s", (code, snapshot))
