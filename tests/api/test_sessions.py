"""Where one is signed in, and ending it; links and admins over HTTP."""

import httpx2
import psycopg

from cloud.db.engine import libpq_url
from tests.api.conftest import PASSWORD, sign_in
from tests.conftest import RunningApi

NEW = "another password entirely"


def _again(api: RunningApi, name: str, client: str = "web") -> httpx2.Client:
    """One more session of this user."""
    made = httpx2.Client(base_url=api.url, timeout=20, headers={"User-Agent": "curl/8.5.0"})
    session = made.post("/v1/sessions", json={"username": name, "password": PASSWORD, "client": client})
    made.headers["Authorization"] = f"Bearer {session.json()['token']}"
    return made


def _is_in(client: httpx2.Client) -> bool:
    return client.get("/v1/me").status_code == 200


def test_sessions_are_listed_and_ended_one_by_one_and_together(api: RunningApi, eve: httpx2.Client) -> None:
    first, second, third = sign_in(api, "traveller"), _again(api, "traveller"), _again(api, "traveller", "cli")
    listed = {row["id"]: row for row in second.get("/v1/sessions").json()["items"]}
    (own,) = [row for row in listed.values() if row["is_current"]]
    (by_cli,) = [row for row in listed.values() if row["client"] == "cli"]

    assert len(listed) == 3
    assert own["client"] == "web"
    assert own["device"]
    assert own["address"] == "127.0.0.1"
    assert own["created_at"] <= own["last_used_at"] < own["expires_at"] < own["ends_at"]
    assert eve.delete(f"/v1/sessions/{own['id']}").status_code == 404
    assert second.delete(f"/v1/sessions/{by_cli['id']}").status_code == 204
    assert [_is_in(each) for each in (first, second, third)] == [True, True, False]
    assert second.delete(f"/v1/sessions/{by_cli['id']}").status_code == 404
    assert second.delete("/v1/sessions/others").status_code == 204
    assert [_is_in(each) for each in (first, second)] == [False, True]
    assert second.delete("/v1/sessions").status_code == 204
    assert not _is_in(second)


def test_session_moves_on_with_use_and_ends_all_the_same(api: RunningApi) -> None:
    client = sign_in(api, "daily")

    def set_times(used: str, expires: str, ends: str) -> None:
        times = ", ".join(
            f"{name} = now() + interval '{value}'"
            for name, value in (("last_used_at", used), ("expires_at", expires), ("ends_at", ends))
        )
        with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
            query = f"UPDATE sessions SET {times} FROM users WHERE user_id = users.id AND username = 'daily'"  # noqa: S608
            connection.execute(query.encode())

    def expires_in_days() -> int:
        with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
            query = "SELECT extract(day FROM expires_at - now()) FROM sessions JOIN users ON users.id = user_id"
            found = connection.execute(f"{query} WHERE username = 'daily'".encode()).fetchone()
        assert found is not None
        return int(found[0])

    set_times("-2 days", "1 day", "100 days")
    assert _is_in(client)
    assert expires_in_days() in {29, 30}
    set_times("-2 days", "1 day", "3 days")
    assert _is_in(client)
    assert expires_in_days() in {2, 3}
    set_times("-2 days", "1 day", "-1 minute")
    assert not _is_in(client)


def test_password_is_changed_with_the_old_one(api: RunningApi, anybody: httpx2.Client) -> None:
    client = sign_in(api, "changing")
    for old, new, expected in (
        ("not it at all", NEW, (403, "wrong_password")),
        (PASSWORD, "changing1", (422, "weak_password")),
    ):
        answer = client.put("/v1/account/password", json={"old_password": old, "new_password": new})
        assert (answer.status_code, answer.json()["code"]) == expected
    changed = client.put("/v1/account/password", json={"old_password": PASSWORD, "new_password": NEW})

    assert changed.status_code == 204
    answers = [
        anybody.post("/v1/sessions", json={"username": "changing", "password": password}).status_code
        for password in (PASSWORD, NEW)
    ]
    assert answers == [401, 201]


def test_admin_invites_and_makes_reset_links(api: RunningApi, anybody: httpx2.Client, ada: httpx2.Client) -> None:
    admin, user = sign_in(api, "the admin"), sign_in(api, "the user")
    user_id = user.get("/v1/me").json()["id"]
    assert admin.post("/v1/admin/invites", json={}).status_code == 403
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE users SET is_admin = true WHERE username = 'the admin'")

    made = admin.post("/v1/admin/invites", json={"note": "for Grace"}).json()
    (listed,) = admin.get("/v1/admin/invites").json()["items"]
    assert (listed["id"], listed["note"]) == (made["id"], "for Grace")
    assert made["code"] not in str(listed)
    assert admin.delete(f"/v1/admin/invites/{made['id']}").status_code == 204
    assert admin.get("/v1/admin/invites").json()["items"] == []
    assert admin.delete(f"/v1/admin/invites/{made['id']}").status_code == 404

    reset = admin.post(f"/v1/admin/users/{user_id}/reset-link").json()
    for expected in (204, 403):
        answer = anybody.post("/v1/password-resets", json={"code": reset["code"], "new_password": NEW})
        assert answer.status_code == expected
    assert not _is_in(user)
    assert admin.post("/v1/admin/claim", json={"code": reset["code"]}).json()["code"] == "link_wrong"
    assert ada.post(f"/v1/admin/users/{user_id}/reset-link").status_code == 403


def test_server_says_how_to_sign_in(anybody: httpx2.Client) -> None:
    options = anybody.get("/v1/sign-in/options").json()

    assert (options["sign_up"], options["password_least_chars"], options["password_most_chars"]) == ("open", 8, 256)
