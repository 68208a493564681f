"""What admins see and do, and that nobody else does: accounts, quotas, suspension, what is at work."""

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from cloud.db.account_models import AuditEntry
from cloud.db.engine import Database
from cloud.db.models import User
from tests.api.conftest import PASSWORD, sign_in
from tests.api.rows import give_scene, pay, start_job
from tests.conftest import RunningApi

SECRET = "a chair for the secret palace of Zanzibar"


async def make_admin(database: Database, client: httpx2.Client) -> str:
    """The client's user is an admin from now on. Returns: the user's id."""
    user_id = id_of(client)
    async with database.sessions.begin() as session:
        await session.execute(update(User).where(User.id == UUID(user_id)).values(is_admin=True))
    return user_id


def id_of(client: httpx2.Client) -> str:
    return client.get("/v1/me").json()["id"]


@pytest_asyncio.fixture
async def root(api: RunningApi, database: Database) -> Any:
    """An admin."""
    client = sign_in(api, f"root {uuid.uuid4().hex[:8]}")
    await make_admin(database, client)
    yield client
    client.close()


@pytest.fixture
def user(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, f"user {uuid.uuid4().hex[:8]}")
    yield client
    client.close()


def send(client: httpx2.Client) -> tuple[str, str]:
    """A prompt in a new project. Returns: the project's id and the job's."""
    project = client.post("/v1/projects", json={"name": SECRET}).json()["id"]
    return project, client.post(f"/v1/projects/{project}/jobs", json={"prompt": SECRET}).json()["id"]


ACTS = ("quota.set", "user.suspended", "user.restored")


async def entries(database: Database, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """What the audit log says that admins did to the user."""
    async with database.sessions() as session:
        rows = await session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject == f"user:{subject}", AuditEntry.action.in_(ACTS))
            .order_by(AuditEntry.id)
        )
        return [(row.action, row.details) for row in rows]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "users"),
        ("GET", "users/{id}"),
        ("PATCH", "users/{id}/quotas"),
        ("POST", "users/{id}/suspend"),
        ("POST", "users/{id}/restore"),
        ("GET", "jobs"),
        ("GET", "deployment"),
    ],
)
def test_nobody_else_gets_in(user: httpx2.Client, method: str, path: str) -> None:
    answer = user.request(method, f"/v1/admin/{path.format(id=id_of(user))}", json={} if method != "GET" else None)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_admin_sees_what_users_use_and_nothing_of_what_they_make(
    root: httpx2.Client, user: httpx2.Client, database: Database
) -> None:
    _, job = send(user)
    await start_job(database, job)
    await give_scene(database, job)
    await pay(database, job, 0.5)
    user_id = id_of(user)
    answers = [
        root.get("/v1/admin/users", params={"search": "USER "}),
        root.get(f"/v1/admin/users/{user_id}"),
        root.get("/v1/admin/jobs", params={"state": "running"}),
        root.get("/v1/admin/deployment"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any("Zanzibar" in answer.text for answer in answers)
    listed, detail, jobs, whole = [answer.json() for answer in answers]
    (mine,) = [one for one in listed["items"] if one["id"] == user_id]
    used = {
        "queued_jobs": 0,
        "running_jobs": 1,
        "day_jobs": 1,
        "month_tokens": 10,
        "month_usd": 0.5,
        "storage_bytes": 1,
    }
    assert mine == mine | used
    assert detail == detail | used | {"projects": 1, "sessions": 1, "api_tokens": 0}
    assert {quota["name"]: quota["used"] for quota in detail["quotas"]}["month_usd"] == 0.5
    assert [(one["id"], one["username"], one["kind"]) for one in jobs["items"] if one["user_id"] == user_id] == [
        (job, mine["username"], "build")
    ]
    assert whole["running_jobs"] >= 1
    assert {quota["name"]: quota["used"] for quota in whole["quotas"]}["month_usd"] >= 0.5


def test_users_come_in_pages_and_can_be_searched(api: RunningApi, root: httpx2.Client) -> None:
    mark = uuid.uuid4().hex[:8]
    for number in range(3):
        sign_in(api, f"{mark} 100%_{number}").close()
    seen, cursor = [], None
    while True:
        params = {"limit": "2", "search": mark.upper()} | ({"cursor": cursor} if cursor else {})
        page = root.get("/v1/admin/users", params=params).json()
        seen += [one["username"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"{mark} 100%_{number}" for number in (2, 1, 0)]
    assert [len(root.get("/v1/admin/users", params={"search": s}).json()["items"]) for s in ("0%_1", "0_%")] == [1, 0]
    assert root.get("/v1/admin/users", params={"search": "\0"}).status_code == 422


async def test_quotas_are_set_and_taken_back_and_hold_at_once(
    root: httpx2.Client, user: httpx2.Client, database: Database
) -> None:
    user_id = id_of(user)
    path = f"/v1/admin/users/{user_id}/quotas"
    assert root.patch(path, json={"month_usd": 0.001}).json()["own_limits"]["month_usd"] == 0.01  # 0 is no limit
    detail = root.patch(path, json={"day_jobs": 1, "month_usd": 2.5}).json()
    assert detail["own_limits"] == {"day_jobs": 1, "month_usd": 2.5, "month_tokens": None, "storage_mib": None}
    project, _ = send(user)
    sent = {"prompt": "a chair"}
    assert user.post(f"/v1/projects/{project}/jobs", json=sent).status_code == 429
    detail = root.patch(path, json={"day_jobs": None, "storage_mib": 0}).json()
    assert detail["own_limits"] == {"day_jobs": None, "month_usd": 2.5, "month_tokens": None, "storage_mib": 0}
    assert user.post(f"/v1/projects/{project}/jobs", json=sent).status_code == 202
    assert await entries(database, user_id) == [
        ("quota.set", {"month_usd": 0.01}),
        ("quota.set", {"day_jobs": 1, "month_usd": 2.5}),
        ("quota.set", {"day_jobs": None, "storage_mib": 0}),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"day_jobs": -1},
        {"month_usd": 10**10},
        {"month_tokens": 2**63},
        {"storage_mib": 2**31},
        {"jobs": 1},
        {"day_jobs": False},
    ],
    ids=["negative", "too much money", "too many tokens", "too many MiB", "no such quota", "no number"],
)
def test_what_cannot_be_a_quota_is_refused(root: httpx2.Client, user: httpx2.Client, body: dict[str, Any]) -> None:
    assert root.patch(f"/v1/admin/users/{id_of(user)}/quotas", json=body).status_code == 422


async def test_suspended_users_jobs_end_and_every_request_is_refused_until_they_are_restored(
    root: httpx2.Client, user: httpx2.Client, database: Database
) -> None:
    user_id = id_of(user)
    name = user.get("/v1/me").json()["username"]
    project, job = send(user)
    answer = root.post(f"/v1/admin/users/{user_id}/suspend", json={"reason": "It mines coins."})
    assert (answer.status_code, answer.json()["suspended_for"], answer.json()["queued_jobs"]) == (
        200,
        "It mines coins.",
        0,
    )
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/projects"), ("GET", f"/v1/jobs/{job}/events")):
        refused = user.request(method, path, json={"name": "x"} if method == "POST" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "account_suspended")
        assert "It mines coins" in refused.json()["detail"]
    for password, status in ((PASSWORD, 403), ("a wrong password", 401)):
        assert user.post("/v1/sessions", json={"username": name, "password": password}).status_code == status
    assert [one["id"] for one in root.get("/v1/admin/users?suspended=true").json()["items"]].count(user_id) == 1
    assert root.post(f"/v1/admin/users/{user_id}/restore").json()["suspended_at"] is None
    assert root.post(f"/v1/admin/users/{user_id}/restore").status_code == 409
    assert user.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    assert user.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).status_code == 202
    assert await entries(database, user_id) == [
        ("user.suspended", {"reason": "It mines coins."}),
        ("user.restored", {}),
    ]


def test_open_event_streams_end_with_the_suspension(root: httpx2.Client, user: httpx2.Client) -> None:
    project, _ = send(user)
    began, ended = threading.Event(), threading.Event()

    def follow() -> None:
        with user.stream("GET", f"/v1/projects/{project}/events", timeout=60) as stream:
            for _ in stream.iter_bytes():
                began.set()
        ended.set()

    reading = threading.Thread(target=follow, daemon=True)
    reading.start()
    assert began.wait(30)
    assert root.post(f"/v1/admin/users/{id_of(user)}/suspend").status_code == 200
    assert ended.wait(30)


def test_open_event_streams_end_with_their_session(user: httpx2.Client) -> None:
    project, _ = send(user)
    with user.stream("GET", f"/v1/projects/{project}/events", timeout=60) as stream:
        pieces = stream.iter_bytes()
        next(pieces)
        assert user.delete("/v1/sessions/current").status_code == 204
        assert all(b"job.finished" not in piece for piece in pieces)


async def test_no_admin_suspends_themselves_and_two_at_once_leave_one(
    api: RunningApi, root: httpx2.Client, database: Database
) -> None:
    own = root.post(f"/v1/admin/users/{id_of(root)}/suspend")
    assert (own.status_code, own.json()["code"]) == (409, "not_this_account")
    with contextlib.closing(sign_in(api)) as other:
        both = {root: await make_admin(database, other), other: id_of(root)}
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda c=client, t=target: answers.append(c.post(f"/v1/admin/users/{t}/suspend").status_code)
            )
            for client, target in both.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(answers)[0] == 200
        assert sorted(answers)[1] in (403, 409)


@pytest.mark.parametrize("reason", ["two\nlines", "\ud800", "\0", "x" * 501], ids=["lines", "surrogate", "NUL", "long"])
def test_a_reason_is_one_line(root: httpx2.Client, user: httpx2.Client, reason: str) -> None:
    content = json.dumps({"reason": reason})
    answer = root.post(
        f"/v1/admin/users/{id_of(user)}/suspend", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert user.get("/v1/me").status_code == 200


def test_an_unknown_user_is_not_found(root: httpx2.Client) -> None:
    for method, what in (("GET", ""), ("PATCH", "/quotas"), ("POST", "/suspend"), ("POST", "/restore")):
        answer = root.request(method, f"/v1/admin/users/{uuid.uuid4()}{what}", json={} if method != "GET" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
