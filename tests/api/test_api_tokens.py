"""API tokens over HTTP: what they can do, and how they end."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.accounts.api_tokens.queries import find_token_identity
from cloud.accounts.api_tokens.tokens import TOKENS_LIMIT
from cloud.accounts.tokens import hash_of, kind_of
from cloud.db.engine import Database, libpq_url
from tests.api.conftest import sign_in
from tests.conftest import RunningApi


def _execute(api: RunningApi, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        done = connection.execute(statement.encode(), values)
        return done.fetchall() if done.description else []


def _make(client: httpx2.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/account/tokens", json={"name": "a script", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _with(client: httpx2.Client, token: dict[str, Any], method: str, path: str, body: Any = None) -> int:
    headers = {"Authorization": f"Bearer {token['token']}"}
    return client.request(method, path, json=body, headers=headers).status_code


def test_a_token_is_shown_once(ada: httpx2.Client, anybody: httpx2.Client) -> None:
    made = _make(ada, name="  nightly renders ", scopes=["build", "read"], expires_in_days=7)
    listed = ada.get("/v1/account/tokens").json()["items"][0]

    assert kind_of(made["token"]) == "pat"
    assert made["hint"] == made["token"][-4:]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert (listed["name"], listed["scopes"], listed["last_used_at"]) == ("nightly renders", ["read", "build"], None)
    assert _with(anybody, made, "GET", "/v1/me") == 200
    assert ada.get("/v1/account/tokens").json()["items"][0]["last_used_at"] is not None


@pytest.mark.parametrize(
    ("scopes", "read", "build"), [(["read"], 200, 403), (["build"], 403, 201), (["read", "build"], 200, 201)]
)
def test_a_token_does_what_its_scopes_say(
    ada: httpx2.Client, anybody: httpx2.Client, scopes: list[str], read: int, build: int
) -> None:
    made = _make(ada, scopes=scopes)

    assert _with(anybody, made, "GET", "/v1/projects") == read
    assert _with(anybody, made, "POST", "/v1/projects", {"name": "by a script"}) == build


def test_a_stolen_token_reaches_nothing_of_the_account(
    api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client
) -> None:
    made = _make(ada)
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/v1/account/tokens", {"name": "another"}),
        ("GET", "/v1/account/tokens", None),
        ("DELETE", f"/v1/account/tokens/{made['id']}", None),
        ("POST", "/v1/device/approve", {"user_code": "WDJB-MJHT"}),
        ("POST", "/v1/device/lookup", {"user_code": "WDJB-MJHT"}),
        ("PUT", "/v1/account/model-key", {"key": "sk-ant-mine"}),
        ("DELETE", "/v1/sessions/current", None),
    ]

    assert {_with(anybody, made, *call) for call in calls} == {403}


def test_a_revoked_token_is_worth_nothing(ada: httpx2.Client, anybody: httpx2.Client) -> None:
    made, other = _make(ada), _make(ada)
    address = f"/v1/account/tokens/{made['id']}"

    assert ada.delete(address).status_code == 204
    assert ada.delete(address).status_code == 404
    assert _with(anybody, made, "GET", "/v1/me") == 401
    assert _with(anybody, other, "GET", "/v1/me") == 200
    assert made["id"] not in [one["id"] for one in ada.get("/v1/account/tokens").json()["items"]]


def test_another_users_token_is_not_there(ada: httpx2.Client, eve: httpx2.Client, anybody: httpx2.Client) -> None:
    made = _make(ada)

    assert eve.delete(f"/v1/account/tokens/{made['id']}").status_code == 404
    assert made["id"] not in eve.get("/v1/account/tokens").text
    assert _with(anybody, made, "GET", "/v1/me") == 200


def test_an_expired_token_is_worth_nothing(api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client) -> None:
    made, endless = _make(ada, expires_in_days=1), _make(ada, expires_in_days=None)
    _execute(api, "UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL")

    assert endless["expires_at"] is None
    assert _with(anybody, made, "GET", "/v1/me") == 401
    assert _with(anybody, endless, "GET", "/v1/me") == 200


@pytest.mark.parametrize(
    ("column", "code"), [("suspended_at", "account_suspended"), ("deletion_requested_at", "account_being_deleted")]
)
def test_the_tokens_of_who_is_suspended_or_leaves_open_nothing(
    api: RunningApi, anybody: httpx2.Client, column: str, code: str
) -> None:
    made = _make(sign_in(api, f"tokens {column}"))
    _execute(api, f"UPDATE users SET {column} = now() WHERE username = %s", f"tokens {column}")  # noqa: S608 - ours

    refused = anybody.get("/v1/me", headers={"Authorization": f"Bearer {made['token']}"})
    assert (refused.status_code, refused.json()["code"]) == (403, code)


def test_only_an_admin_makes_an_admins_token_and_it_ends_with_the_office(
    api: RunningApi, anybody: httpx2.Client
) -> None:
    chief = sign_in(api, "the chief")
    wanted = {"name": "x", "scopes": ["read", "admin"]}
    refused = chief.post("/v1/account/tokens", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "admin_scope_refused")

    _execute(api, "UPDATE users SET is_admin = true WHERE username = 'the chief'")
    made = _make(chief, scopes=["read", "admin"])
    assert _scopes_of(api, made) == {"read", "admin"}
    _execute(api, "UPDATE users SET is_admin = false WHERE username = 'the chief'")
    assert _scopes_of(api, made) == {"read"}


def _scopes_of(api: RunningApi, made: dict[str, Any]) -> set[str]:
    """What the token can do, as the API's own parts see it."""

    async def ask() -> set[str]:
        database = Database.connect(api.settings.database_url, pool_size=1)
        try:
            async with database.sessions.begin() as session:
                found = await find_token_identity(session, hash_of(made["token"]))
        finally:
            await database.aclose()
        return set(found.scopes) if found else set()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["account"]}, "scopes"),
        ({"name": "x", "scopes": ["everything"]}, "scopes"),
        ({"name": "x", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "x", "expires_in_days": 10**9}, "expires_in_days"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(ada: httpx2.Client, body: dict[str, Any], word: str) -> None:
    answer = ada.post("/v1/account/tokens", json=body)

    assert answer.status_code == 422
    assert word in answer.json()["detail"]


def test_nobody_has_more_than_a_hundred_tokens_however_many_are_made_at_once(api: RunningApi) -> None:
    many = sign_in(api, "many tokens")
    _execute(
        api,
        "INSERT INTO api_tokens (id, user_id, name, token_hash, hint, scopes) SELECT gen_random_uuid(), users.id, 'x', "
        "decode(md5(n::text), 'hex'), 'xxxx', '[\"read\"]'::jsonb FROM users, generate_series(1, %s) n "
        "WHERE username = 'many tokens'",
        TOKENS_LIMIT - 2,
    )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: many.post("/v1/account/tokens", json={"name": "x"}), range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_tokens"}
    revoked = many.get("/v1/account/tokens").json()["items"][0]["id"]
    assert many.delete(f"/v1/account/tokens/{revoked}").status_code == 204
    assert many.post("/v1/account/tokens", json={"name": "x"}).status_code == 201


def test_the_last_use_is_noted_at_most_once_a_minute(
    api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client
) -> None:
    made = _make(ada)

    def last_use_after(age_s: int) -> float:
        _execute(
            api,
            "UPDATE api_tokens SET last_used_at = now() - make_interval(secs => %s) WHERE id = %s",
            age_s,
            made["id"],
        )
        assert _with(anybody, made, "GET", "/v1/me") == 200
        found = "SELECT extract(epoch FROM now() - last_used_at)::float FROM api_tokens WHERE id = %s"
        return _execute(api, found, made["id"])[0][0]

    assert last_use_after(30) > 29
    assert last_use_after(90) < 29


def test_neither_the_token_nor_anything_to_make_it_of_is_kept(api: RunningApi, ada: httpx2.Client) -> None:
    made = _make(ada)
    rows = _execute(api, "SELECT api_tokens::text || coalesce(audit_log::text, '') FROM api_tokens, audit_log")
    acts = _execute(api, "SELECT action FROM audit_log WHERE subject = %s", f"token:{made['id']}")

    assert rows
    assert not [row for row in rows if made["token"] in row[0] or made["token"].encode().hex() in row[0]]
    ada.delete(f"/v1/account/tokens/{made['id']}")
    assert acts == [("token.created",)]
    assert ("token.revoked",) in _execute(api, "SELECT action FROM audit_log WHERE subject = %s", f"token:{made['id']}")
