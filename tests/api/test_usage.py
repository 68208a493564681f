"""The ledger over HTTP: sums that are those of the rows, one's own alone, and a month that is used up."""

import contextlib
import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import update

from cloud.db.engine import Database
from cloud.db.models import Usage, User
from cloud.jobs.queries import get_job
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.conftest import RunningApi, serve_api

DAYS = [dt.datetime(2026, 10, 31, 23, 59, 59, 999999, dt.UTC), dt.datetime(2026, 11, 1, tzinfo=dt.UTC)]


def calls() -> list[dict[str, Any]]:
    """Calls of three models on two days, with amounts whose sum drifts in floating point."""
    many = [
        {
            "model": ["claude-sonnet-5-5", "claude-opus-5-5", "local-model"][number % 3],
            "purpose": "review" if number % 5 == 0 else "build",
            "billed_to": "user" if number % 7 == 0 else "system",
            "usd": Decimal(0) if number % 3 == 2 else Decimal("0.100001"),
            "input_tokens": number,
            "cache_read_tokens": 10 * number,
            "created_at": DAYS[number % 2],
        }
        for number in range(120)
    ]
    return [*many, {"model": "claude-sonnet-5-5", "is_estimate": True, "output_tokens": 1, "usd": Decimal("0.000001")}]


@pytest_asyncio.fixture
async def grace(api: RunningApi, database: Database) -> AsyncIterator[tuple[httpx2.Client, str]]:
    """A user with calls, all of one job, and the job's id."""
    client = sign_in(api)
    project = client.post("/v1/projects", json={"name": "Paid"}).json()["id"]
    job_id = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    async with database.sessions.begin() as session:
        job = await get_job(session, UUID(job_id))
        session.add_all(Usage(user_id=job.user_id, job_id=job.id, **facts) for facts in calls())
    yield client, job_id
    client.close()


async def test_every_sum_is_that_of_the_rows(grace: tuple[httpx2.Client, str]) -> None:
    client, job_id = grace
    rows = list(csv.DictReader(io.StringIO(client.get("/v1/usage/rows", headers={"Accept": "text/csv"}).text)))
    exact = sum(Decimal(row["usd"] or 0) for row in rows)
    assert (len(rows), exact) == (121, Decimal("8.000081"))
    for report in (client.get("/v1/usage").json(), client.get(f"/v1/jobs/{job_id}/usage").json()):
        totals = report["totals"]
        assert Decimal(str(totals["usd"])) == exact
        assert (totals["calls"], totals["estimates"]) == (121, 1)
        assert totals["cache_read_tokens"] == sum(int(row["cache_read_tokens"]) for row in rows)
        for group in ("by_day", "by_model", "by_purpose", "by_payer"):
            assert sum(Decimal(str(part["usd"] or 0)) for part in report[group]) == exact
            assert sum(part["input_tokens"] for part in report[group]) == totals["input_tokens"]
        assert report["unpriced_models"] == ["local-model"]
        assert [part["name"] for part in report["by_model"] if part["usd"] is None] == ["local-model"]


async def test_days_are_those_of_utc_and_can_be_chosen(grace: tuple[httpx2.Client, str]) -> None:
    client, _ = grace
    names = [day["name"] for day in client.get("/v1/usage").json()["by_day"]]
    assert names[:2] == ["2026-10-31", "2026-11-01"]
    october = client.get("/v1/usage", params={"until": "2026-10-31"}).json()["totals"]
    first = client.get("/v1/usage", params={"since": "2026-11-01", "until": "2026-11-01"}).json()["totals"]
    assert (october["calls"], first["calls"]) == (60, 60)
    assert client.get("/v1/usage", params={"since": "yesterday"}).status_code == 422


async def test_rows_come_in_pages_and_say_what_is_known_of_them(grace: tuple[httpx2.Client, str]) -> None:
    client, job_id = grace
    seen, cursor = [], None
    while True:
        page = client.get("/v1/usage/rows", params={"limit": 50, **({"cursor": cursor} if cursor else {})}).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len({row["id"] for row in seen}) == 121
    assert seen == sorted(seen, key=lambda row: row["created_at"], reverse=True)
    assert {row["model"] for row in seen if not row["is_priced"]} == {"local-model"}
    assert {row["model"] for row in seen if row["usd"] is None} == {"local-model"}
    assert [row["output_tokens"] for row in seen if row["is_estimate"]] == [1]
    assert {row["job_id"] for row in seen} == {job_id}


async def test_nobody_sees_the_ledger_of_another(grace: tuple[httpx2.Client, str], api: RunningApi) -> None:
    _, job_id = grace
    with contextlib.closing(sign_in(api)) as other:
        assert other.get("/v1/usage").json()["totals"]["calls"] == 0
        assert other.get("/v1/usage/rows").json()["items"] == []
        assert len(other.get("/v1/usage/rows?format=csv").text.splitlines()) == 1
        assert other.get(f"/v1/jobs/{job_id}/usage").status_code == 404


async def test_ledger_outlives_the_project(grace: tuple[httpx2.Client, str]) -> None:
    client, job_id = grace
    project = client.get(f"/v1/jobs/{job_id}").json()["project_id"]
    before = client.get("/v1/usage").json()["totals"]
    assert client.delete(f"/v1/projects/{project}", params={"purge": "true"}).status_code == 204
    assert client.get("/v1/usage").json()["totals"] == before


async def test_month_says_what_is_left(grace: tuple[httpx2.Client, str], database: Database) -> None:
    client, job_id = grace
    assert client.get("/v1/usage").json()["month"]["limit_usd"] is None
    async with database.sessions.begin() as session:
        job = await get_job(session, UUID(job_id))
        await session.execute(update(User).where(User.id == job.user_id).values(month_usd_limit=10))
        session.add(Usage(user_id=job.user_id, model="m", usd=Decimal("2.5")))
    month = client.get("/v1/usage").json()["month"]
    assert Decimal(str(month["spent_usd"])) + Decimal(str(month["left_usd"])) == 10
    assert month["spent_usd"] >= 2.5


async def test_used_up_month_refuses_builds_and_nothing_else(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        anthropic_api_key=SecretStr("k"),
        anthropic_base_url="http://127.0.0.1:9",
        user_month_usd=1,
    )
    database = Database.connect(database_url)
    with serve_api(settings) as limited, contextlib.closing(sign_in(limited)) as client:
        project = client.post("/v1/projects", json={"name": "Dear"}).json()["id"]
        async with database.sessions.begin() as session:
            session.add(Usage(user_id=UUID(client.get("/v1/me").json()["id"]), model="m", usd=Decimal(1)))
        refused = client.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"})
        assert (refused.status_code, refused.json()["code"]) == (429, "month_budget_reached")
        assert "begins anew on" in refused.json()["detail"]
        assert client.post("/v1/batches", json={"items": ["a chair"]}).status_code == 429
        offline = {"prompt": "a chair", "model": "offline-modeller"}
        assert client.post(f"/v1/projects/{project}/jobs", json=offline).status_code == 202
    await database.aclose()
