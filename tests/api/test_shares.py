"""The owner's side of shared scenes: making links, listing, changing and revoking them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from cloud.accounts.tokens import kind_of
from cloud.jobs.sharing.shares import SHARES_AT_MOST
from tests.api.conftest import sign_in
from tests.api.shares import Finished, execute, finished_project, make_share
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def finished(ada: httpx2.Client, api: RunningApi) -> Finished:
    return finished_project(ada, api)


def _status(client: httpx2.Client, made: dict[str, Any]) -> int:
    return client.get(f"/v1/shares/{made['token']}").status_code


def test_a_link_is_shown_once(ada: httpx2.Client, api: RunningApi, finished: Finished) -> None:
    made = make_share(ada, finished.project, title="  Lighthouse ", expires_in_days=7)
    listed = ada.get(f"/v1/projects/{finished.project}/shares").json()["items"][0]

    assert kind_of(made["token"]) == "shr"
    assert made["url"] == f"{api.url}/s/{made['token']}"
    assert made["hint"] == made["token"][-4:]
    assert (made["title"], made["snapshot_id"], made["views"]) == ("Lighthouse", finished.steps[-1], 0)
    assert listed == {name: value for name, value in made.items() if name not in ("token", "url", "job_id")}
    assert listed in ada.get("/v1/shares").json()["items"]
    rows = execute(api, "SELECT shares::text || coalesce(audit_log::text, '') FROM shares, audit_log")
    assert rows
    assert not [row for row in rows if made["token"] in row[0] or made["token"].encode().hex() in row[0]]


def test_the_file_that_is_there_is_used_and_one_that_is_not_is_made_once(
    ada: httpx2.Client, finished: Finished
) -> None:
    newest, older, again = (
        make_share(ada, finished.project, snapshot_id=step)
        for step in (finished.steps[1], finished.steps[0], finished.steps[0])
    )
    job = ada.get(f"/v1/jobs/{older['job_id']}").json()

    assert newest["job_id"] is None
    assert (job["kind"], job["state"], job["formats"]) == ("export", "queued", ["glb"])
    assert again["job_id"] is None
    of_project = ada.get(f"/v1/jobs?project_id={finished.project}").json()["items"]
    assert [one["kind"] for one in of_project].count("export") == 1


def test_a_link_that_is_changed_or_revoked_is_so_at_once(
    api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client, finished: Finished
) -> None:
    made, other = make_share(ada, finished.project), make_share(ada, finished.project)
    address = f"/v1/projects/{finished.project}/shares/{made['id']}"

    changed = ada.patch(address, json={"title": "Tower", "allow_download": True}).json()
    endless = ada.patch(address, json={"expires_in_days": None}).json()

    assert (changed["title"], changed["allow_download"], changed["expires_at"]) == ("Tower", True, made["expires_at"])
    assert (endless["title"], endless["allow_download"], endless["expires_at"]) == ("Tower", True, None)
    assert _status(anybody, made) == 200
    assert ada.delete(address).status_code == 204
    assert _status(anybody, made) == 404
    assert _status(anybody, other) == 200
    assert {ada.delete(address).status_code, ada.patch(address, json={"title": "x"}).status_code} == {404}
    assert made["id"] not in ada.get("/v1/shares").text
    acts = execute(api, "SELECT action FROM audit_log WHERE subject = %s ORDER BY at", f"share:{made['id']}")
    assert [act for (act,) in acts] == ["share.created", "share.changed", "share.changed", "share.revoked"]


def test_another_users_link_is_not_there(
    ada: httpx2.Client, eve: httpx2.Client, anybody: httpx2.Client, finished: Finished
) -> None:
    made = make_share(ada, finished.project)
    hers = eve.post("/v1/projects", json={"name": "hers"}).json()["id"]

    for project in (finished.project, hers):
        address = f"/v1/projects/{project}/shares/{made['id']}"
        assert eve.delete(address).status_code == 404
        assert eve.patch(address, json={"allow_download": True}).status_code == 404
    assert eve.post(f"/v1/projects/{finished.project}/shares", json={}).status_code == 404
    assert eve.post(f"/v1/projects/{hers}/shares", json={"snapshot_id": finished.steps[0]}).status_code == 404
    assert eve.get(f"/v1/projects/{finished.project}/shares").status_code == 404
    assert eve.get("/v1/shares").json()["items"] == []
    assert _status(anybody, made) == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"title": "x" * 201}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": None}, "title"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 10**9}, "expires_in_days"),
        ({"allow_download": "perhaps"}, "allow_download"),
        ({"snapshot_id": "newest"}, "snapshot_id"),
        ({"show_name": True}, "show_name"),
    ],
)
def test_a_link_that_cannot_be_made_says_why(
    ada: httpx2.Client, finished: Finished, body: dict[str, Any], word: str
) -> None:
    answer = ada.post(f"/v1/projects/{finished.project}/shares", json=body)

    assert answer.status_code == 422
    assert word in answer.json()["detail"]


def test_an_empty_project_has_nothing_to_share(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/shares", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "empty_scene")


def test_nobody_has_more_than_so_many_links_however_many_are_made_at_once(api: RunningApi) -> None:
    many = sign_in(api, "many shares")
    finished = finished_project(many, api)
    copied = "user_id, project_id, snapshot_id, hint"
    make_share(many, finished.project)
    execute(
        api,
        f"INSERT INTO shares (id, {copied}, token_hash, expires_at) SELECT gen_random_uuid(), {copied}, "  # noqa: S608
        "decode(md5(n::text), 'hex'), now() + CASE WHEN n < 9 THEN interval '-1 hour' ELSE interval '1 hour' END "
        "FROM shares, generate_series(1, %s) n WHERE project_id = %s",
        SHARES_AT_MOST + 8 - 3,
        finished.project,
    )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: many.post(f"/v1/projects/{finished.project}/shares", json={}), range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_shares"}
    revoked = many.get("/v1/shares").json()["items"][0]["id"]
    assert many.delete(f"/v1/projects/{finished.project}/shares/{revoked}").status_code == 204
    make_share(many, finished.project)
