"""What admins see of the deployment's health and cost, and that nobody else does."""

import uuid
from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs.claims.queries import RUNNER
from tests.api.conftest import sign_in
from tests.api.rows import pay, start_job
from tests.api.test_admin import SECRET, id_of, make_admin, root, send
from tests.conftest import RunningApi

__all__ = ["root"]
ROUTES = ["health", "claims", "usage"]


@pytest.fixture
def user(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, f"seen {uuid.uuid4().hex[:8]}")
    yield client
    client.close()


def part(health: httpx2.Response, name: str) -> dict[str, object]:
    return next(one for one in health.json()["parts"] if one["name"] == name)


@pytest.mark.parametrize("route", ROUTES)
def test_only_admins_see_it(user: httpx2.Client, anybody: httpx2.Client, route: str) -> None:
    assert user.get(f"/v1/admin/{route}").status_code == 403
    assert anybody.get(f"/v1/admin/{route}").status_code == 401


async def test_health_counts_the_runners_that_are_connected(root: httpx2.Client, database: Database) -> None:
    def runners() -> int:
        return len(root.get("/v1/admin/health").json()["runners"])

    before = runners()
    with psycopg.connect(libpq_url(database.url), application_name=RUNNER):
        health = root.get("/v1/admin/health")
        assert len(health.json()["runners"]) == before + 1
        assert part(health, "runners")["is_well"] is True
    assert part(health, "database")["is_well"] is True
    assert part(health, "storage")["is_well"] is True
    assert health.json()["database_bytes"] > 0


async def test_a_job_that_runs_without_a_runner_is_told_as_such(
    root: httpx2.Client, user: httpx2.Client, database: Database
) -> None:
    _, job = send(user)
    await start_job(database, job)
    answer = root.get("/v1/admin/claims")
    claim = next(one for one in answer.json()["items"] if one["job_id"] == job)
    assert claim["is_held"] is False
    assert claim["user_id"] == id_of(user)
    assert SECRET not in answer.text


async def test_cost_of_all_is_told_by_user(root: httpx2.Client, user: httpx2.Client, database: Database) -> None:
    await make_admin(database, root)
    name = user.get("/v1/me").json()["username"]
    before = root.get("/v1/admin/usage").json()["totals"]["usd"] or 0
    await pay(database, send(user)[1], 123.5)
    usage = root.get("/v1/admin/usage").json()
    assert usage["by_user"][0]["name"] == name
    assert usage["by_user"][0]["usd"] == 123.5
    assert usage["totals"]["usd"] == pytest.approx(before + 123.5)
    assert root.get("/v1/admin/usage", params={"until": "2020-01-01"}).json()["by_user"] == []


async def test_an_admin_makes_another_once_and_the_log_tells(
    root: httpx2.Client, user: httpx2.Client, database: Database
) -> None:
    path = f"/v1/admin/users/{id_of(user)}/make-admin"
    assert user.post(path).status_code == 403
    assert root.post(path).json()["is_admin"] is True
    assert user.get("/v1/admin/health").status_code == 200
    assert root.post(path).status_code == 409
    asked = {"action": "user.made_admin", "subject": f"user:{id_of(user)}"}
    entries = root.get("/v1/admin/audit", params=asked).json()["items"]
    assert [entry["actor_id"] for entry in entries] == [id_of(root)]
    assert root.post(f"/v1/admin/users/{uuid.uuid4()}/make-admin").status_code == 404


def test_a_suspended_user_is_made_no_admin(root: httpx2.Client, user: httpx2.Client) -> None:
    user_id = id_of(user)
    root.post(f"/v1/admin/users/{user_id}/suspend", json={"reason": ""})
    assert root.post(f"/v1/admin/users/{user_id}/make-admin").status_code == 409
