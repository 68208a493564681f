"""The list of downloads: what is ready comes by its address, the rest is made first."""

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from tests.ui.fake_api import FakeApi
from ui.api_client import ApiClient
from ui.api_types import Project
from ui.download_list import DownloadList

DEADLINE_S = 20.0


@pytest.fixture
def project(api: FakeApi) -> dict[str, Any]:
    made = api.add_project("Chair")
    api.finish(made, "a chair")
    made["head_snapshot_id"] = "s1"
    return made


@pytest.fixture
def files(api: FakeApi, project: dict[str, Any]) -> Iterator[DownloadList]:
    with ApiClient(api.url, api.add_user()) as client:
        made = DownloadList(client, cast("Project", project))
        made.load()
        yield made
        made.stop()


def row(files: DownloadList, name: str) -> dict[str, Any]:
    return next(one for one in files.shown()["rows"] if one["id"] == name)


def ask(files: DownloadList, what: str, **details: Any) -> None:
    files.act({"what": what, "n": time.time_ns(), **details})


def refresh_until(files: DownloadList, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, files
        ask(files, "refresh")


def test_the_blend_comes_first_by_its_address(files: DownloadList, api: FakeApi) -> None:
    shown = files.shown()
    assert shown["facts"] == "3 objects · 1,204 triangles · 0.5 × 0.25 × 1 m"
    assert [one["id"] for one in shown["rows"]] == ["blend", "glb", "fbx", "turntable.mp4"]
    blend = shown["rows"][0]
    (artifact_id,) = [one["id"] for one in api.artifacts.values() if one["name"] == "scene.blend"]
    assert (blend["state"], blend["size"]) == ("ready", "12 B")
    assert blend["files"] == [{"name": "scene.blend", "href": f"p2m/api/v1/artifacts/{artifact_id}/content"}]
    assert (row(files, "fbx")["state"], shown["film"], shown["refreshes"]) == ("can_be_made", None, False)


def test_a_turntable_is_made_told_of_and_shown(files: DownloadList, api: FakeApi) -> None:
    ask(files, "make", id="turntable.mp4")
    assert row(files, "turntable.mp4")["state"] == "making"
    job = list(api.jobs.values())[-1]
    api.play(job, "progress", what="turntable", done=12, of=48)
    refresh_until(files, lambda: row(files, "turntable.mp4")["fraction"] == 0.25)
    assert row(files, "turntable.mp4")["note"] == "Drawing the turntable: view 12 of 48"
    artifact_id = api.add_artifact(job, "turntable", "turntable.mp4", b"mp4", "video/mp4")
    api.play_end(job)
    refresh_until(files, lambda: row(files, "turntable.mp4")["state"] == "ready")
    assert files.shown()["film"] == {
        "kind": "video",
        "href": f"p2m/api/v1/artifacts/{artifact_id}/content",
        "alt": "The scene, turning around once",
    }


def test_what_has_been_made_is_fresh_once(files: DownloadList, api: FakeApi) -> None:
    ask(files, "make", id="fbx")
    job = list(api.jobs.values())[-1]
    api.add_artifact(job, "scene", "scene.fbx", b"fbx", "application/octet-stream")
    api.play_end(job)
    refresh_until(files, lambda: not files.making)
    assert [files.shown()["fresh"], files.shown()["fresh"]] == [["fbx"], []]


def test_a_failure_is_said_in_its_row_and_can_be_tried_again(files: DownloadList, api: FakeApi) -> None:
    ask(files, "make", id="fbx")
    api.play_end(list(api.jobs.values())[-1], "failed")
    refresh_until(files, lambda: row(files, "fbx")["error"] != "")
    assert row(files, "fbx")["state"] == "can_be_made"
    ask(files, "make", id="fbx")
    assert (row(files, "fbx")["error"], row(files, "fbx")["state"]) == ("", "making")


def test_a_job_that_runs_already_is_followed(files: DownloadList, api: FakeApi, project: dict[str, Any]) -> None:
    api.add_job(project["id"], "", "export", ["fbx"])
    files.load()
    assert row(files, "fbx")["state"] == "making"
    assert files.shown()["refreshes"]


def test_another_scene_has_other_files(files: DownloadList, api: FakeApi, project: dict[str, Any]) -> None:
    ask(files, "make", id="fbx")
    api.play_end(list(api.jobs.values())[-1], "failed")
    refresh_until(files, lambda: row(files, "fbx")["error"] != "")
    project["head_snapshot_id"] = "s2"
    files.load()
    assert row(files, "fbx")["error"] == ""


def test_what_is_not_offered_is_not_made(files: DownloadList, api: FakeApi) -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        ask(files, "make", id="exe")
    assert len(api.jobs) == 1
