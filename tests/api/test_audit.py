"""The audit log over HTTP: one's own part of it, all of it for admins, and as a file."""

import csv
import io
import json
from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from tests.api.conftest import sign_in
from tests.api.rows import give_file
from tests.conftest import RunningApi


def _user_id(client: httpx2.Client) -> str:
    return client.get("/v1/me").json()["id"]


@pytest.fixture(scope="module")
def admin(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "=Root")
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE users SET is_admin = true WHERE username = '=Root'")
    yield client
    client.close()


def _actions(client: httpx2.Client, path: str = "/v1/account/audit", **asked: str) -> list[str]:
    return [each["action"] for each in client.get(path, params=asked).json()["items"]]


def test_own_log_has_what_one_did_and_what_was_done_to_one(
    ada: httpx2.Client, eve: httpx2.Client, admin: httpx2.Client, anybody: httpx2.Client
) -> None:
    wrong = {"username": "Ada", "password": "wrong horse battery"}
    assert anybody.post("/v1/sessions", json=wrong).status_code == 401
    assert admin.post(f"/v1/admin/users/{_user_id(ada)}/reset-link").status_code == 201
    found = ada.get("/v1/account/audit").json()["items"]
    assert [each["action"] for each in found][:2] == ["link.made", "session.failed"]
    assert {"user.created", "session.created"} <= {each["action"] for each in found}
    link, failed = found[0], found[1]
    assert (link["actor_id"], link["actor_name"], link["address"], link["device"]) == (None, "an admin", "", "")
    assert failed["actor_name"] is None
    assert failed["address"] == "127.0.0.1"
    assert "link.made" not in _actions(eve)
    assert "wrong horse" not in json.dumps(found)
    mine = next(each for each in found if each["action"] == "session.created")
    assert mine["actor_name"] == "Ada"


def test_log_is_paged_and_filtered(ada: httpx2.Client, admin: httpx2.Client) -> None:
    everything, cursor = [], None
    while True:
        page = admin.get("/v1/admin/audit", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        everything += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    ids = [each["id"] for each in everything]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) > 3
    of_ada = admin.get("/v1/admin/audit", params={"actor": _user_id(ada)}).json()["items"]
    assert of_ada
    assert {each["actor_name"] for each in of_ada} == {"Ada"}
    assert set(_actions(admin, "/v1/admin/audit", action="session.")) <= {
        "session.created", "session.failed", "session.revoked"
    }  # fmt: skip
    assert set(_actions(admin, "/v1/admin/audit", action="user.created")) == {"user.created"}
    assert _actions(admin, "/v1/admin/audit", since="2999-01-01T00:00:00Z") == []
    assert _actions(admin, "/v1/admin/audit", until="2000-01-01T00:00:00") == []
    assert _actions(admin, "/v1/admin/audit", subject=f"user:{_user_id(ada)}")


def test_log_of_all_is_for_admins(ada: httpx2.Client, anybody: httpx2.Client) -> None:
    assert ada.get("/v1/admin/audit").status_code == 403
    assert anybody.get("/v1/admin/audit").status_code == 401
    assert anybody.get("/v1/account/audit").status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "x"},
        {"cursor": "9" * 19},
        {"action": "'; --"},
        {"since": "0.5"},
        {"subject": "x"},
    ],
    ids=["cursor", "large cursor", "action", "time", "subject"],
)
def test_nonsense_is_refused(admin: httpx2.Client, asked: dict[str, str]) -> None:
    assert admin.get("/v1/admin/audit", params=asked).status_code == 422


def test_export_is_whole_safe_for_spreadsheets_and_itself_noted(admin: httpx2.Client) -> None:
    before = admin.get("/v1/admin/audit", params={"limit": 1}).json()["items"][0]["id"]
    answer = admin.get("/v1/admin/audit", params={"format": "csv", "action": "session."})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == sorted(int(row["id"]) for row in rows)
    assert "'=Root" in {row["actor_name"] for row in rows}
    lines = admin.get("/v1/admin/audit", params={"format": "jsonl"}).text.splitlines()
    entries = [json.loads(line) for line in lines]
    noted = [each for each in entries if each["id"] > before]
    assert [each["action"] for each in noted] == ["audit.exported", "audit.exported"]
    assert noted[0]["details"] == {"format": "csv", "action": "session."}
    assert noted[1]["actor_name"] == "=Root"


async def test_download_is_noted_once_for_each_session(
    api: RunningApi, ada: httpx2.Client, project: str, database: Database
) -> None:
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a cube"}).json()["id"]
    scene = await give_file(database, api, job, "scene.blend", b"0123456789")
    picture = await give_file(database, api, job, "look.png", b"png")
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE artifacts SET media_type = 'image/png' WHERE name = 'look.png'")
    for wanted in ("bytes=0-3", "bytes=4-9", ""):
        headers = {"Range": wanted} if wanted else {}
        assert ada.get(f"/v1/artifacts/{scene}/content", headers=headers).status_code in (200, 206)
    assert ada.get(f"/v1/artifacts/{picture}/content").status_code == 200
    found = [each for each in ada.get("/v1/account/audit").json()["items"] if each["action"] == "artifact.downloaded"]
    assert [each["subject"] for each in found] == [f"artifact:{scene}"]
    assert found[0]["details"]["name"] == "scene.blend"
    assert found[0]["details"]["with"].startswith("session:")
    made = ada.post("/v1/account/tokens", json={"name": "reader", "scopes": ["read"]}).json()
    with httpx2.Client(base_url=api.url, headers={"Authorization": f"Bearer {made['token']}"}) as script:
        assert script.get(f"/v1/artifacts/{scene}/content").status_code == 200
    downloads = _actions(ada, action="artifact.")
    assert downloads == ["artifact.downloaded"] * 2
