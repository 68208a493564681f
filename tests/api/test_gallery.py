"""The gallery over HTTP: what a card says, searching, sorting, and paging while projects change."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from cloud.db.engine import Database
from tests.api.conftest import sign_in
from tests.api.rows import finish_job, give_file, give_steps, start_job
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def bea(api: RunningApi) -> Iterator[httpx2.Client]:
    """Somebody whose projects no other test has."""
    client = sign_in(api)
    yield client
    client.close()


def _make(client: httpx2.Client, name: str) -> str:
    return client.post("/v1/projects", json={"name": name}).json()["id"]


def _ask(client: httpx2.Client, project: str, prompt: str) -> str:
    return client.post(f"/v1/projects/{project}/jobs", json={"prompt": prompt}).json()["id"]


def _names(client: httpx2.Client, **wanted: Any) -> list[str]:
    return [one["name"] for one in _all(client, **wanted)]


def _all(client: httpx2.Client, **wanted: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        answer = client.get("/v1/projects", params={**wanted, **more})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        more = {"cursor": answer.json()["next_cursor"]}


async def test_a_card_says_all_that_a_gallery_shows(bea: httpx2.Client, api: RunningApi, database: Database) -> None:
    project = _make(bea, "Lamp")
    job = _ask(bea, project, "a lamp")
    [busy] = [one for one in _all(bea) if one["id"] == project]
    assert (busy["state"], busy["active_job_id"], busy["prompts"], busy["bytes"]) == ("busy", job, 1, 0)
    await start_job(database, job)
    ids = await give_steps(database, api, job, ["one", "two"])
    [card] = [one for one in _all(bea) if one["id"] == project]
    assert (card["state"], card["active_job_id"], card["jobs"], card["last_prompt"]) == ("ready", None, 1, "a lamp")
    assert card["head_snapshot_id"] == ids[-1]
    assert card["picture_id"] == card["thumbnail_id"] is not None
    stored = [f"{what} {code}".encode() for what in ("scene after", "picture of") for code in ("one", "two")]
    assert card["bytes"] == sum(map(len, stored))

    preview = await give_file(database, api, job, "preview.png", b"a preview", kind="preview", snapshot_id=ids[-1])
    await give_file(database, api, job, "again.png", b"a preview", kind="picture")
    card = bea.get(f"/v1/projects/{project}/card").json()
    assert card["picture_id"] == preview
    assert card["bytes"] == sum(map(len, stored)) + len(b"a preview")
    undone = bea.post(f"/v1/projects/{project}/undo").json()
    assert bea.get(f"/v1/projects/{project}/card").json()["picture_id"] == undone["thumbnail_id"]


def test_a_search_is_for_words_in_names_and_prompts_whatever_their_case(api: RunningApi) -> None:
    client = sign_in(api)
    tower = _make(client, "Żółty Turm 100%")
    _ask(client, tower, "a Medieval TOWER with a_door")
    _make(client, "Stuhl")

    for found in ("ŻÓŁTY", "tower", "medieval turm", "100%", "a_door", "\t turm  "):
        assert _names(client, query=found) == ["Żółty Turm 100%"], found
    for not_found in ("tower stuhl", "%", "_", "1000", "aXdoor", "\\", "'; DROP TABLE projects; --"):
        wanted = ["Żółty Turm 100%"] if not_found in ("%", "_") else []
        assert _names(client, query=not_found) == wanted, not_found
    assert sorted(_names(client, query="")) == ["Stuhl", "Żółty Turm 100%"]
    client.delete(f"/v1/projects/{tower}")
    assert _names(client, query="tower") == []
    assert _names(client, query="tower", deleted=True) == ["Żółty Turm 100%"]
    assert client.get("/v1/projects", params={"query": "a\nb"}).status_code == 422


async def test_every_order_holds_each_project_once_over_all_pages(api: RunningApi, database: Database) -> None:
    client = sign_in(api)
    names = ["beta", "Alpha", "alpha", "Beta", "émile", "", "x" * 200]
    made = [_make(client, name or "gamma") for name in names]
    for number, project in enumerate(made[:3], 1):
        job = _ask(client, project, "a chair")
        await give_file(database, api, job, "scene.blend", uuid.uuid4().bytes * number)
        await finish_job(database, job)
    client.patch(f"/v1/projects/{made[1]}", json={"name": "ALPHA"})

    for limit in (1, 2, 3, 100):
        found = {
            sort: [one["id"] for one in _all(client, sort=sort, limit=limit)]
            for sort in ("created", "changed", "name", "size")
        }
        assert all(sorted(each) == sorted(made) for each in found.values())
        assert found["created"] == made[::-1]
        assert found["changed"][0] == made[1]
        assert found["size"][:3] == [made[2], made[1], made[0]]
    folded = [name.lower() for name in _names(client, sort="name", limit=2)]
    assert folded == sorted(folded)


def test_a_page_by_name_goes_on_where_it_was_when_its_last_project_is_gone(api: RunningApi) -> None:
    client = sign_in(api)
    made = {name: _make(client, name) for name in ("a", "b", "c", "d")}
    first = client.get("/v1/projects", params={"sort": "name", "limit": 2}).json()
    client.delete(f"/v1/projects/{made['b']}")
    client.post("/v1/projects", json={"name": "aa"})

    second = client.get("/v1/projects", params={"sort": "name", "limit": 2, "cursor": first["next_cursor"]}).json()

    assert [one["name"] for one in second["items"]] == ["c", "d"]


async def test_states_tell_what_runs_what_is_done_and_what_is_empty(api: RunningApi, database: Database) -> None:
    client = sign_in(api)
    made = {name: _make(client, name) for name in ("busy", "ready", "empty")}
    _ask(client, made["busy"], "a chair")
    done = _ask(client, made["ready"], "a chair")
    await start_job(database, done)
    await give_steps(database, api, done, ["x"])

    for state in made:
        assert _names(client, state=state) == [state]
        assert {one["state"] for one in _all(client, state=state)} == {state}


def test_a_project_is_made_once_with_one_key(bea: httpx2.Client) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = bea.post("/v1/projects", json={"name": "Once"}, headers=key)
    second = bea.post("/v1/projects", json={"name": "Once"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert bea.post("/v1/projects", json={"name": "Other"}, headers=key).status_code == 409
    twice = [bea.post(f"/v1/projects/{first.json()['id']}/duplicate", headers={"Idempotency-Key": "d"}) for _ in "12"]
    assert twice[0].status_code == 201
    assert twice[0].json()["id"] == twice[1].json()["id"] != first.json()["id"]
    assert _names(bea, query="Once") == ["Once (copy)", "Once"]


async def test_a_duplicate_has_all_of_its_origin_and_shares_nothing_with_it(
    api: RunningApi, database: Database
) -> None:
    client = sign_in(api)
    origin = _make(client, "Chair")
    job = _ask(client, origin, "a chair")
    await start_job(database, job)
    ids = await give_steps(database, api, job, ["one", "two", "three"])
    preview = await give_file(database, api, job, "preview.png", b"it", kind="preview", snapshot_id=ids[1])
    client.post(f"/v1/projects/{origin}/undo")
    before = client.get(f"/v1/projects/{origin}/card").json()
    assert before["picture_id"] == preview

    copy = client.post(f"/v1/projects/{origin}/duplicate", json={"name": "  My chair "}).json()

    card = client.get(f"/v1/projects/{copy['id']}/card").json()
    steps = client.get(f"/v1/projects/{copy['id']}/snapshots").json()["items"]
    assert (copy["name"], copy["can_redo"], card["bytes"]) == ("My chair", True, before["bytes"])
    assert not {one["id"] for one in steps} & set(ids)
    assert [one["title"] for one in steps] == ["Step 3", "Step 2", "Step 1"]
    assert [one["parent_id"] for one in steps] == [steps[1]["id"], steps[2]["id"], None]
    assert card["head_snapshot_id"] == steps[1]["id"]
    client.delete(f"/v1/projects/{origin}", params={"purge": True})
    content = client.get(f"/v1/projects/{copy['id']}/snapshots/{steps[1]['id']}/content").content
    assert content == b"scene after two"
    assert client.get(f"/v1/artifacts/{card['picture_id']}/content").content == b"it"
    redone = client.post(f"/v1/projects/{copy['id']}/redo").json()
    assert redone["head_snapshot_id"] == steps[0]["id"]


def test_a_copy_of_a_copy_has_a_name_of_its_own(bea: httpx2.Client) -> None:
    empty = _make(bea, "Empty")
    names = []
    for _ in range(3):
        made = bea.post(f"/v1/projects/{empty}/duplicate").json()
        names.append(made["name"])
        empty = made["id"]

    assert names == ["Empty (copy)", "Empty (copy 2)", "Empty (copy 3)"]
    long = _make(bea, "x" * 200)
    assert bea.post(f"/v1/projects/{long}/duplicate").json()["name"] == f"{'x' * 193} (copy)"
    assert bea.post(f"/v1/projects/{empty}/duplicate", json={"name": " "}).status_code == 422
