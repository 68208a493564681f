"""What a job may still use: the least of what the deployment, its user and the user's month allow."""

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloud.db.engine import Database
from cloud.db.models import Usage
from cloud.jobs.ledger.budget import job_budget
from cloud.jobs.options import BuildOptions
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.work import JobWork
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account


async def work_of(database: Database, folder: Path, settings: Settings, paid: list[dict[str, Any]]) -> JobWork:
    """A job that begins an attempt, after these calls; those without `elsewhere` are its own."""
    account = await Account.create(database)
    job = await account.job(await account.post())
    async with database.sessions.begin() as session:
        for facts in paid:
            is_own = not facts.pop("elsewhere", False)
            session.add(Usage(user_id=job.user_id, job_id=job.id if is_own else None, model="m", **facts))
    recorder = JobRecorder(database, ArtifactStore.local(folder), job, 1)
    await recorder.resume()
    services = SimpleNamespace(settings=settings, database=database)
    options = BuildOptions(max_usd=4.0)
    return cast(JobWork, SimpleNamespace(services=services, job=job, options=options, recorder=recorder))


@pytest.mark.parametrize(
    ("month_usd", "max_usd", "reason"),
    [(0.0, 4.0, None), (9.0, 4.0, None), (3.0, 2.5, None), (1.6, 1.1, "for this month is used up"), (0.3, 0.0, "used")],
    ids=["no month", "much left", "month caps", "nearly used", "used up"],
)
async def test_month_caps_the_job(
    database: Database, tmp_path: Path, month_usd: float, max_usd: float, reason: str | None
) -> None:
    own = {"usd": Decimal("1.1"), "input_tokens": 70}
    work = await work_of(
        database, tmp_path, Settings(user_month_usd=month_usd), [own, {"usd": Decimal("0.5"), "elsewhere": True}]
    )
    budget = await job_budget(work)
    assert (budget.max_usd, budget.usd, budget.tokens) == (max_usd, 1.1, 70)
    assert work.recorder.usd_limit == max_usd
    assert (reason or "") in (budget.exhausted or "")
    assert (budget.exhausted is None) == (reason is None)


async def test_month_does_not_cap_who_pays_alone(database: Database, tmp_path: Path) -> None:
    work = await work_of(database, tmp_path, Settings(user_month_usd=0.1), [{"usd": Decimal(1)}])
    work.recorder.billed_to = "user"
    assert (await job_budget(work)).max_usd == 4.0
