"""Sign-up, log-in, log-out over HTTP."""

import statistics
import time
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.db.engine import libpq_url
from tests.api.conftest import PASSWORD, sign_in
from tests.conftest import RunningApi

pytestmark = pytest.mark.dear_passwords


def _credentials(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"username": name, "password": password}


@pytest.mark.parametrize("name", ["grace", "Łukasz Żółw", "李雷", "محمد", "user@example.org", "🦊"])
def test_a_name_in_any_script_can_sign_up_and_log_in(anybody: httpx2.Client, name: str) -> None:
    user = anybody.post("/v1/users", json=_credentials(f"  {name} "))
    session = anybody.post("/v1/sessions", json=_credentials(name.upper()))

    assert (user.status_code, session.status_code) == (201, 201)
    assert user.json()["username"] == name
    assert session.json()["user"] == user.json()
    me = anybody.get("/v1/me", headers={"Authorization": f"Bearer {session.json()['token']}"})
    assert me.json() == user.json()


@pytest.mark.parametrize("name", ["", "   ", "a\u200bb", "a\nb", "a\u202eb", "x" * 65, "a\0b"])
def test_a_name_that_nobody_can_read_is_refused(anybody: httpx2.Client, name: str) -> None:
    answer = anybody.post("/v1/users", json=_credentials(name))

    assert answer.status_code == 422
    assert "username" in answer.json()["detail"]


def test_a_taken_name_is_a_conflict_whatever_its_case(anybody: httpx2.Client, ada: httpx2.Client) -> None:
    answer = anybody.post("/v1/users", json=_credentials("ADA"))

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


def test_unknown_name_and_wrong_password_look_the_same(anybody: httpx2.Client, ada: httpx2.Client) -> None:
    def attempt(name: str) -> tuple[int, dict[str, Any], float]:
        started = time.perf_counter()
        answer = anybody.post("/v1/sessions", json=_credentials(name, "not the password"))
        problem = answer.json()
        del problem["request_id"]  # each has its own
        return answer.status_code, problem, time.perf_counter() - started

    known = [attempt("Ada") for _ in range(5)]
    unknown = [attempt("nobody at all") for _ in range(5)]

    assert {str(one[:2]) for one in known + unknown} == {str(known[0][:2])}
    assert known[0][0] == 401
    slow, fast = statistics.median(one[2] for one in known), statistics.median(one[2] for one in unknown)
    assert 0.4 < slow / fast < 2.5


def test_log_out_ends_this_session_alone(api: RunningApi) -> None:
    first = sign_in(api, "two sessions")
    second = httpx2.Client(base_url=api.url)
    token = second.post("/v1/sessions", json=_credentials("two sessions")).json()["token"]
    second.headers["Authorization"] = f"Bearer {token}"

    assert first.delete("/v1/sessions/current").status_code == 204

    assert first.get("/v1/me").status_code == 401
    assert second.get("/v1/me").status_code == 200


def test_an_expired_session_is_worth_nothing(api: RunningApi) -> None:
    client = sign_in(api, "late")
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute(
            "UPDATE sessions SET expires_at = now() - interval '1 second' FROM users "
            "WHERE users.id = user_id AND username = 'late'"
        )

    assert client.get("/v1/me").status_code == 401


def test_neither_token_nor_password_is_in_the_database(api: RunningApi, ada: httpx2.Client) -> None:
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        rows = connection.execute("SELECT users::text || sessions::text FROM users, sessions").fetchall()

    assert rows
    # A bytea shows as hexadecimal digits.
    secrets = [PASSWORD, token, token.encode().hex(), PASSWORD.encode().hex()]
    assert not [secret for secret in secrets for row in rows if secret in row[0]]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer p2m_wrong", "Basic YTpi", "Bearer \xff\xfe", "p2m_x"])
def test_a_wrong_token_gets_401_with_a_challenge(anybody: httpx2.Client, header: str) -> None:
    answer = anybody.get("/v1/me", headers=[(b"Authorization", header.encode("latin-1"))])

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
