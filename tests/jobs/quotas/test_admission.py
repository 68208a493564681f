"""The gate before the queue: what is counted, who gets the last place, and when there is room again."""

import asyncio
import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from cloud.accounts.standing.standing import AccountBeingDeleted, AccountSuspended
from cloud.db.account_models import JobTally
from cloud.db.engine import Database
from cloud.db.models import Job, ModelKey, Project, Usage, User
from cloud.errors import Prompt2MeshError, TooManyRequests
from cloud.jobs.ledger.month import MonthSpent, MonthTokensUsed
from cloud.jobs.queue import enqueue, enqueue_all
from cloud.jobs.quotas.admission import DayJobsReached, admit
from cloud.jobs.quotas.report import Quota, quotas_of, quotas_of_all
from cloud.jobs.retention.space import ServerStorageFull, StorageFull
from cloud.settings import Settings
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import artifact, hash_of, keep

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def empty(database: Database) -> Database:
    """The database without users: the deployment's sums begin at nothing."""
    async with database.sessions.begin() as session:
        await session.execute(text("TRUNCATE users, procrastinate_jobs CASCADE"))
    return database


@pytest.fixture
async def ada(empty: Database) -> Account:
    return await Account.create(empty)


def job_of(account: Account, **facts: Any) -> Job:
    usual = {"id": uuid4(), "user_id": account.user_id, "project_id": account.project_id, "kind": "export"}
    return Job(**(usual | facts))


async def send(account: Account, settings: Settings, now: dt.datetime | None = None, **facts: Any) -> str:
    """Send a job at this moment. Returns: the code of the refusal; "": it is in."""
    try:
        async with account.database.sessions.begin() as session:
            if now is None:
                await enqueue(session, job_of(account, **facts), settings)
            else:
                await admit(session, [job_of(account, **facts)], settings, now=now)
    except Prompt2MeshError as error:
        return error.code
    return ""


async def own_limit(account: Account, **columns: Any) -> None:
    async with account.database.sessions.begin() as session:
        await session.execute(update(User).where(User.id == account.user_id).values(**columns))


async def pay(account: Account, usd: str, at: dt.datetime | None = None, **facts: Any) -> None:
    paid = Usage(user_id=account.user_id, model="m", usd=Decimal(usd), created_at=at or dt.datetime.now(dt.UTC))
    for name, value in facts.items():
        setattr(paid, name, value)
    async with account.database.sessions.begin() as session:
        session.add(paid)


async def count(database: Database, model: type) -> int:
    async with database.sessions() as session:
        return (await session.scalars(select(func.count()).select_from(model))).one()


async def test_of_many_requests_at_once_no_more_get_in_than_there_are_places(ada: Account) -> None:
    settings = Settings(user_day_jobs=3)
    # Each for a project of its own: those of one project wait for each other anyway.
    projects = [Project(id=uuid4(), user_id=ada.user_id, name=f"{number}") for number in range(12)]
    await keep(ada, *projects)
    answers = await asyncio.gather(*(send(ada, settings, project_id=project.id) for project in projects))
    assert sorted(answers) == [""] * 3 + ["day_jobs_reached"] * 9
    assert await count(ada.database, Job) == 3  # what was refused is not half made


async def test_the_last_place_of_all_is_given_once_among_many_users(empty: Database) -> None:
    accounts = [await Account.create(empty) for _ in range(6)]
    answers = await asyncio.gather(*(send(each, Settings(day_jobs=4)) for each in accounts for _ in range(2)))
    assert sorted(answers) == [""] * 4 + ["server_day_jobs_reached"] * 8


async def test_a_place_is_free_again_24_hours_after_it_was_taken(ada: Account) -> None:
    settings = Settings(user_day_jobs=2)
    assert [await send(ada, settings, NOON + hours * HOUR) for hours in (0, 1, 2)] == ["", "", "day_jobs_reached"]
    with pytest.raises(DayJobsReached, match=r"the next is taken from 2026-11-24 12:00 UTC") as refusal:
        async with ada.database.sessions.begin() as session:
            await admit(session, [job_of(ada)], settings, now=NOON + 2 * HOUR)
    assert refusal.value.retry_after_s == 22 * 3600
    moments = [NOON + 24 * HOUR - dt.timedelta(seconds=1), NOON + 24 * HOUR, NOON + 24.5 * HOUR, NOON + 25 * HOUR]
    assert [await send(ada, settings, each) for each in moments] == ["day_jobs_reached", "", "day_jobs_reached", ""]


async def test_several_jobs_are_told_when_there_is_room_for_all_and_which_have_none(ada: Account) -> None:
    settings = Settings(user_day_jobs=3)
    assert [await send(ada, settings, NOON + hours * HOUR) for hours in (0, 1)] == ["", ""]
    with pytest.raises(
        DayJobsReached, match="room for 1 of these 3 now, and for all of them from 2026-11-24 13:00"
    ) as no:
        async with ada.database.sessions.begin() as session:
            await admit(session, [job_of(ada) for _ in range(3)], settings, now=NOON + 2 * HOUR)
    assert [fault["item"] for fault in no.value.errors or []] == [2, 3]
    with pytest.raises(DayJobsReached, match="fewer than these 4; send fewer at once") as never:
        async with ada.database.sessions.begin() as session:
            await admit(session, [job_of(ada) for _ in range(4)], settings, now=NOON + 2 * HOUR)
    assert never.value.retry_after_s is None


async def test_deleting_projects_gives_no_place_back(ada: Account) -> None:
    assert await send(ada, Settings(user_day_jobs=1)) == ""
    async with ada.database.sessions.begin() as session:
        await session.execute(text("DELETE FROM projects"))
    other = Project(id=uuid4(), user_id=ada.user_id, name="Other")
    await keep(ada, other)
    assert await count(ada.database, Job) == 0
    assert await send(ada, Settings(user_day_jobs=1), project_id=other.id) == "day_jobs_reached"


@pytest.mark.parametrize(
    ("own", "usual", "answers"),
    [(None, 1, ["", "day_jobs_reached"]), (2, 1, ["", ""]), (1, 5, ["", "day_jobs_reached"]), (0, 1, ["", ""])],
    ids=["the setting's", "more", "fewer", "no limit"],
)
async def test_own_limit_goes_before_the_settings(
    ada: Account, own: int | None, usual: int, answers: list[str]
) -> None:
    await own_limit(ada, day_job_limit=own)
    assert [await send(ada, Settings(user_day_jobs=usual)) for _ in range(2)] == answers


PAID: dict[str, Any] = {"anthropic_api_key": SecretStr("k")}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"user_month_usd": 2}, "month_budget_reached"),
        ({"month_usd": 2}, "server_month_budget_reached"),
        ({"user_month_tokens": 500}, "month_tokens_reached"),
        ({"month_tokens": 500}, "server_month_tokens_reached"),
    ],
    ids=["money", "money of all", "tokens", "tokens of all"],
)
async def test_a_used_up_month_refuses_what_asks_a_model_until_the_next_begins(
    ada: Account, limits: dict[str, Any], code: str
) -> None:
    settings = Settings(**limits, **PAID)
    await pay(ada, "1.99", NOON, input_tokens=499)
    assert await send(ada, settings, NOON, kind="build") == ""
    await pay(ada, "0.01", NOON, cache_read_tokens=1)
    for kind in ("build", "refine"):
        assert await send(ada, settings, NOON, kind=kind) == code
    assert await send(ada, settings, NOON, kind="export") == ""
    assert await send(ada, settings, NOON, kind="build", model="offline-modeller") == ""
    new_month = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert await send(ada, settings, new_month - dt.timedelta(seconds=1), kind="build") == code
    assert await send(ada, settings, new_month, kind="build") == ""
    async with ada.database.sessions.begin() as session:
        session.add(ModelKey(user_id=ada.user_id, sealed=b"x", hint="abcd"))
    assert await send(ada, settings, NOON, kind="build") == ""


async def test_refusals_of_a_month_say_when_it_ends(ada: Account) -> None:
    await pay(ada, "2", NOON, input_tokens=500)
    for limits, kind in (({"user_month_usd": 2}, MonthSpent), ({"month_tokens": 500}, MonthTokensUsed)):
        with pytest.raises(kind, match=r"begins anew on 2026-12-01 \(UTC\)") as refusal:
            async with ada.database.sessions.begin() as session:
                await admit(session, [job_of(ada, kind="build")], Settings(**limits, **PAID), now=NOON)
        assert isinstance(refusal.value, TooManyRequests)
        assert refusal.value.retry_after_s == dt.timedelta(days=7, hours=12).total_seconds()


async def test_others_money_counts_for_all_and_not_for_oneself(ada: Account) -> None:
    stranger = await Account.create(ada.database)
    await pay(stranger, "5")
    assert await send(ada, Settings(user_month_usd=2, **PAID), kind="build") == ""
    assert await send(ada, Settings(month_usd=2, **PAID), kind="build") == "server_month_budget_reached"
    await pay(stranger, "5", billed_to="user")
    assert await send(ada, Settings(month_usd=6, **PAID), kind="build") == ""


async def test_storage_of_the_user_and_of_all_refuses_every_kind(ada: Account) -> None:
    stranger = await Account.create(ada.database)
    await keep(stranger, artifact(stranger, hash_of(b"theirs"), 3 * 2**20))
    for kind in ("build", "export", "compare"):
        assert await send(ada, Settings(storage_mib=3), kind=kind) == ServerStorageFull.code
        assert await send(ada, Settings(storage_mib=4, user_storage_mib=1), kind=kind) == ""
    await keep(ada, artifact(ada, hash_of(b"own"), 2**20))
    assert await send(ada, Settings(user_storage_mib=1)) == StorageFull.code
    await own_limit(ada, storage_mib_limit=2)
    assert await send(ada, Settings(user_storage_mib=1)) == ""


@pytest.mark.parametrize(
    ("column", "error"),
    [("suspended_at", AccountSuspended), ("deletion_requested_at", AccountBeingDeleted)],
    ids=["suspended", "being deleted"],
)
async def test_no_job_gets_in_of_an_account_that_may_do_nothing(
    ada: Account, column: str, error: type[Prompt2MeshError]
) -> None:
    await own_limit(ada, **{column: NOON})
    assert await send(ada, Settings()) == error.code
    assert await count(ada.database, Job) == 0


async def test_a_suspension_and_a_job_at_once_come_one_after_the_other(ada: Account) -> None:
    async with ada.database.sessions.begin() as admin:
        await admin.execute(update(User).where(User.id == ada.user_id).values(suspended_at=NOON))
        sending = asyncio.create_task(send(ada, Settings()))
        while not await _waits_for_a_lock(ada.database):
            assert not sending.done(), "the job did not wait for the suspension"
            await asyncio.sleep(0.02)
    assert await sending == AccountSuspended.code


async def _waits_for_a_lock(database: Database) -> bool:
    async with database.sessions() as session:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(await session.scalar(text(waiting)))


async def test_jobs_of_one_project_sent_at_once_wait_for_each_other_and_not_for_ever(ada: Account) -> None:
    projects = [Project(id=uuid4(), user_id=ada.user_id, name=f"{number}") for number in range(4)]
    await keep(ada, *projects)

    async def several(order: list[UUID]) -> None:
        async with ada.database.sessions.begin() as session:
            await enqueue_all(session, [job_of(ada, project_id=one) for one in order], Settings(day_jobs=1000))

    ids = [project.id for project in projects]
    async with asyncio.timeout(30):
        await asyncio.gather(*(several(ids if number % 2 else ids[::-1]) for number in range(8)))
    assert await count(ada.database, Job) == 32


async def test_old_tallies_are_forgotten(ada: Account) -> None:
    for hours in (0, 1, 25):
        assert await send(ada, Settings(), NOON + hours * HOUR) == ""
    assert await count(ada.database, JobTally) == 1


async def test_report_says_what_is_used_and_when_there_is_more(ada: Account) -> None:
    await pay(ada, "0.5", NOON, input_tokens=70)
    await keep(ada, artifact(ada, hash_of(b"own"), 100))
    settings = Settings(user_day_jobs=2, user_month_usd=2, month_tokens=100, user_storage_mib=1, max_running_jobs=4)
    assert await send(ada, settings, NOON) == ""
    async with ada.database.sessions() as session:
        own = {quota.name: quota for quota in await quotas_of(session, ada.user_id, settings, NOON)}
        of_all = {quota.name: quota for quota in await quotas_of_all(session, settings, NOON)}
        used_up = Settings(user_day_jobs=1)
        full = {quota.name: quota for quota in await quotas_of(session, ada.user_id, used_up, NOON)}
    month_ends = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert own["day_jobs"] == Quota("day_jobs", 2, 1, NOON + 24 * HOUR)
    assert full["day_jobs"] == Quota("day_jobs", 1, 1, NOON + 24 * HOUR)
    assert own["month_usd"] == Quota("month_usd", Decimal("2.0"), Decimal("0.5"), month_ends)
    assert own["month_tokens"] == Quota("month_tokens", None, 70, month_ends)
    assert own["storage_bytes"] == Quota("storage_bytes", 2**20, 100)
    assert own["running_jobs"] == Quota("running_jobs", 1, 0)
    assert of_all["month_tokens"] == Quota("month_tokens", 100, 70, month_ends)
    assert of_all["running_jobs"] == Quota("running_jobs", 4, 0)
