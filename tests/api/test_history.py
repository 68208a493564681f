"""A project's history over HTTP; its rows are written as a runner writes them."""

import ast
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from cloud.db.engine import Database
from cloud.db.models import Event, Project
from tests.api.rows import finish_job, give_steps, start_job
from tests.conftest import RunningApi

CODES = ("import random\nfirst = random.random()", "second = 2", "third = 3")


@pytest.fixture
async def steps(ada: httpx2.Client, api: RunningApi, database: Database, project: str) -> list[str]:
    """The ids of three steps of Ada's project, the last its scene."""
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "three things"}).json()
    return await give_steps(database, api, job["id"], CODES)


def ask(client: httpx2.Client, project: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(f"/v1/projects/{project}/{path}", json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def look(client: httpx2.Client, project: str, path: str = "") -> Any:
    answer = client.get(f"/v1/projects/{project}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_steps_are_listed_newest_first_with_what_they_changed_and_cost(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    listed = look(ada, project, "/snapshots")["items"]

    assert [one["id"] for one in listed] == steps[::-1]
    assert [one["parent_id"] for one in listed] == [steps[1], steps[0], None]
    assert [one["is_head"] for one in listed] == [True, False, False]
    newest = listed[0]
    assert (newest["tool"], newest["changed"], newest["seconds"]) == ("run_python", "added Thing 3", 0.5)
    assert (newest["cost"]["output_tokens"], newest["cost"]["usd"], newest["cost"]["shared_by"]) == (200, 0.25, 3)
    picture = ada.get(f"/v1/artifacts/{newest['thumbnail_id']}/content").content
    assert picture == b"picture of third = 3"


def test_pages_of_steps_hold_each_once(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    first = look(ada, project, "/snapshots?limit=2")
    second = look(ada, project, f"/snapshots?limit=2&cursor={first['next_cursor']}")

    assert [one["id"] for one in first["items"] + second["items"]] == steps[::-1]
    assert second["next_cursor"] is None


def test_a_step_shows_its_code_and_its_neighbours(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    shown = look(ada, project, f"/snapshots/{steps[1]}")

    assert (shown["code"], shown["before_id"], shown["children_ids"]) == ("second = 2", steps[0], [steps[2]])


def test_a_step_is_labelled_and_its_label_taken_away(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    address = f"/v1/projects/{project}/snapshots/{steps[1]}"

    assert ada.patch(address, json={"label": " vor dem Dach 🏠 "}).json()["label"] == "vor dem Dach 🏠"
    assert look(ada, project, "/snapshots")["items"][1]["label"] == "vor dem Dach 🏠"
    assert ada.patch(address, json={"label": ""}).json()["label"] == ""
    assert ada.patch(address, json={"label": "x" * 81}).status_code == 422
    refused = ada.patch(address, json={"label": "two\nlines"})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "The label holds a line break or another control character; leave it out.",
    )


def test_a_steps_blend_is_downloaded_whole_and_in_part(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    address = f"/v1/projects/{project}/snapshots/{steps[0]}/content"

    whole = ada.get(address)
    part = ada.get(address, headers={"Range": "bytes=6-10"})

    assert whole.content == b"scene after " + CODES[0].encode()
    assert whole.headers["Content-Disposition"].endswith('.blend"')
    assert (part.status_code, part.content) == (206, b"after")


def test_a_steps_script_has_the_code_up_to_it(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    answer = ada.get(f"/v1/projects/{project}/snapshots/{steps[1]}/script")

    assert answer.headers["Content-Type"].startswith("text/x-python")
    assert isinstance(ast.parse(answer.text), ast.Module)
    assert [code in answer.text for code in CODES] == [True, True, False]
    assert "three things" in answer.text


def test_undo_and_redo_walk_back_and_forth_with_the_picture_of_each_scene(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    pictures = {one["id"]: one["thumbnail_id"] for one in look(ada, project, "/snapshots")["items"]} | {None: None}
    walked = [ask(ada, project, move) for move in ("undo", "undo", "redo", "undo", "undo", "redo", "redo", "redo")]

    expected = [steps[1], steps[0], steps[1], steps[0], None, steps[0], steps[1], steps[2]]
    assert [one["head_snapshot_id"] for one in walked] == expected
    assert [one["thumbnail_id"] for one in walked] == [pictures[one] for one in expected]
    assert [one["can_undo"] for one in walked] == [one is not None for one in expected]
    assert [one["can_redo"] for one in walked] == [True] * 7 + [False]
    assert look(ada, project) == walked[-1]


def test_with_nothing_to_undo_or_redo_one_sentence_says_so(ada: httpx2.Client, project: str) -> None:
    assert ask(ada, project, "undo", 409)["detail"] == "The scene is empty: there is no step to undo."
    redone = ask(ada, project, "redo", 409)
    assert redone["detail"] == "There is no step to redo: nothing was undone since the scene's last change."


def test_a_restore_moves_the_scene_and_ends_what_could_be_redone(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    ask(ada, project, "undo")

    restored = ask(ada, project, f"snapshots/{steps[0]}/restore")

    assert (restored["head_snapshot_id"], restored["can_redo"]) == (steps[0], False)
    assert ask(ada, project, "snapshots/empty/restore")["head_snapshot_id"] is None
    assert len(look(ada, project, "/snapshots")["items"]) == 3


async def test_moves_are_events_of_the_project(
    ada: httpx2.Client, database: Database, project: str, steps: list[str]
) -> None:
    before = look(ada, project)["thumbnail_id"]
    ask(ada, project, "undo")
    ask(ada, project, "redo")

    async with database.sessions() as session:
        rows = await session.scalars(
            select(Event).where(Event.project_id == uuid.UUID(project)).order_by(Event.project_seq)
        )
        events = rows.all()
    assert [event.project_seq for event in events] == list(range(1, len(events) + 1))
    moved = [(event.job_id, event.data) for event in events if event.type == "scene.moved"]
    assert [(job, data["reason"]) for job, data in moved] == [(None, "undo"), (None, "redo")]
    assert moved[1][1] == {
        "type": "scene.moved",
        "reason": "redo",
        "snapshot_id": steps[2],
        "thumbnail_id": before,
        "model_id": None,
    }


async def test_while_a_job_is_at_work_the_scene_stays(
    ada: httpx2.Client, database: Database, project: str, steps: list[str]
) -> None:
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "more"}).json()["id"]
    for state in ("queued", "running"):
        if state == "running":
            await start_job(database, job)
        for move in ("undo", "redo", f"snapshots/{steps[0]}/restore"):
            refused = ask(ada, project, move, 409)
            sentence = "A job is at work on this scene; cancel it or wait for its end, then try again."
            assert (refused["code"], refused["detail"]) == ("scene_busy", sentence)
    await finish_job(database, job)

    assert ask(ada, project, "undo")["head_snapshot_id"] == steps[1]


def test_jobs_that_name_their_snapshots_do_not_hold_the_scene(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    exported = ask(ada, project, "exports", 202, format="glb", snapshot_id=steps[0])
    compared = ask(ada, project, "compare", 202, a=steps[0], b="empty")

    assert (exported["kind"], compared["kind"]) == ("export", "compare")
    assert ask(ada, project, "undo")["head_snapshot_id"] == steps[1]


def test_a_client_that_saw_another_scene_is_told_so(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    ask(ada, project, "undo")
    sentence = f"The scene has been changed meanwhile, it is snapshot '{steps[1]}' now; look at it, then try again."

    for path, body in (
        ("undo", {}),
        ("redo", {}),
        (f"snapshots/{steps[0]}/restore", {}),
        ("jobs", {"prompt": "more"}),
        ("exports", {"format": "glb"}),
    ):
        for saw in (steps[2], None):
            refused = ask(ada, project, path, 409, expected_head=saw, **body)
            assert (refused["code"], refused["detail"]) == ("scene_changed", sentence)
    assert look(ada, project)["head_snapshot_id"] == steps[1]
    assert ask(ada, project, "undo", expected_head=steps[1])["head_snapshot_id"] == steps[0]
    assert ask(ada, project, "jobs", 202, prompt="more", expected_head=steps[0])["state"] == "queued"
    assert ask(ada, project, "jobs", 409, prompt="more", expected_head=steps[0])["code"] == "scene_busy"


def test_of_two_clients_at_once_that_saw_the_same_scene_exactly_one_wins(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    def undo(_: int) -> int:
        return ada.post(f"/v1/projects/{project}/undo", json={"expected_head": steps[2]}).status_code

    with ThreadPoolExecutor(8) as clients:
        answers = sorted(clients.map(undo, range(8)))

    assert answers == [200] + [409] * 7
    assert look(ada, project)["head_snapshot_id"] == steps[1]


def test_undos_of_many_clients_at_once_come_one_after_the_other(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    def undo(_: int) -> tuple[int, str]:
        answer = ada.post(f"/v1/projects/{project}/undo")
        return answer.status_code, answer.json().get("head_snapshot_id")

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(undo, range(8)))

    heads = sorted((head or "" for status, head in answers if status == 200), key=["", *steps].index)
    assert heads == ["", steps[0], steps[1]]
    assert [status for status, _ in answers].count(409) == 5


def test_a_prompt_and_an_undo_at_once_never_share_a_scene(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    def send(kind: str) -> int:
        body = {"prompt": "more"} if kind == "jobs" else {}
        return ada.post(f"/v1/projects/{project}/{kind}", json=body | {"expected_head": steps[2]}).status_code

    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(send, ["jobs", "undo"] * 3))

    assert sorted(answers) in ([200] + [409] * 5, [202] + [409] * 5)


async def test_a_snapshot_of_another_project_is_not_in_this_one(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    other = ada.post("/v1/projects", json={"name": "Other"}).json()["id"]
    sentence = f"There is no snapshot '{steps[0]}' in this project; list its history to see which there are."

    asked = [ada.get(f"/v1/projects/{other}/snapshots/{steps[0]}{what}") for what in ("", "/content", "/script")]
    asked.append(ada.patch(f"/v1/projects/{other}/snapshots/{steps[0]}", json={"label": "mine"}))
    asked += [ada.post(f"/v1/projects/{other}/snapshots/{steps[0]}/{what}") for what in ("restore", "branch")]
    asked.append(ada.post(f"/v1/projects/{other}/compare", json={"a": steps[0], "b": None}))
    asked.append(ada.post(f"/v1/projects/{other}/exports", json={"format": "glb", "snapshot_id": steps[0]}))

    assert [(one.status_code, one.json()["detail"]) for one in asked] == [(404, sentence)] * 8
    assert look(ada, other)["head_snapshot_id"] is None


@pytest.mark.parametrize("where", ["snapshots/nonsense/restore", "snapshots/nonsense/branch", "compare"])
def test_what_is_no_snapshots_id_is_refused(ada: httpx2.Client, project: str, where: str) -> None:
    body = {"a": "nonsense", "b": None} if where == "compare" else {}

    assert ask(ada, project, where, 422, **body)["code"] == "invalid_input"


async def test_a_branch_is_a_project_of_its_own_with_the_history_up_to_there(
    ada: httpx2.Client, database: Database, project: str, steps: list[str]
) -> None:
    ada.patch(f"/v1/projects/{project}/snapshots/{steps[0]}", json={"label": "base"})
    origin = look(ada, project, "/snapshots")["items"]
    scripts = [ada.get(f"/v1/projects/{project}/snapshots/{one}/script").text for one in steps[:2]]

    made = ask(ada, project, f"snapshots/{steps[1]}/branch", 201, name="  Try a roof ")
    copies = look(ada, made["id"], "/snapshots")["items"]

    assert made["name"] == "Try a roof"
    assert made["head_snapshot_id"] == copies[0]["id"]
    assert len(copies) == 2
    assert not {one["id"] for one in copies} & {one["id"] for one in origin}
    own = ("id", "parent_id", "thumbnail_id", "is_head")
    for copy, original in zip(copies, origin[1:], strict=True):
        assert {k: v for k, v in copy.items() if k not in own} == {k: v for k, v in original.items() if k not in own}
    assert [one["parent_id"] for one in copies] == [copies[1]["id"], None]
    assert look(ada, project)["head_snapshot_id"] == steps[2]
    # All of it stays when the origin goes.
    assert ada.delete(f"/v1/projects/{project}").status_code == 204
    assert ada.get(f"/v1/artifacts/{copies[0]['thumbnail_id']}/content").content == b"picture of second = 2"
    content = ada.get(f"/v1/projects/{made['id']}/snapshots/{copies[1]['id']}/content").content
    assert content == b"scene after " + CODES[0].encode()
    branched = [ada.get(f"/v1/projects/{made['id']}/snapshots/{one['id']}/script").text for one in copies[::-1]]
    assert branched == scripts
    again = ask(ada, made["id"], f"snapshots/{copies[1]['id']}/branch", 201)
    assert again["name"] == "Try a roof (branch)"
    async with database.sessions() as session:
        branches = [await session.get_one(Project, uuid.UUID(one["id"])) for one in (made, again)]
    assert branches[0].seed == zlib.crc32(uuid.UUID(project).bytes)
    assert branches[1].seed == branches[0].seed


async def test_a_branch_of_a_long_named_project_has_a_name_within_the_limit(
    ada: httpx2.Client, project: str, steps: list[str]
) -> None:
    ada.patch(f"/v1/projects/{project}", json={"name": "x" * 200})

    name = ask(ada, project, f"snapshots/{steps[0]}/branch", 201)["name"]

    assert len(name) == 200
    assert name.endswith("x (branch)")


async def test_the_list_of_projects_shows_their_pictures(ada: httpx2.Client, project: str, steps: list[str]) -> None:
    newest = ada.get("/v1/projects").json()["items"][0]

    assert look(ada, project).items() <= newest.items()
    assert newest["thumbnail_id"] is not None
    assert (newest["can_undo"], newest["can_redo"]) == (True, False)
