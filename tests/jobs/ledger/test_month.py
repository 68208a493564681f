"""A user's month: what counts towards it, when it is used up, and when it begins anew."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from cloud.db.engine import Database
from cloud.db.models import ModelKey, Usage, User
from cloud.jobs.ledger.month import MonthSpent, month_bounds, month_of, require_month_budget
from cloud.settings import Settings
from tests.jobs.conftest import Account

LIMITED = Settings(user_month_usd=2.0, anthropic_api_key=SecretStr("k"))


async def pay(database: Database, user_id: UUID, usd: str, **facts: Any) -> None:
    """One call of the user's."""
    row = Usage(user_id=user_id, model="claude-sonnet-5-5", usd=Decimal(usd), **facts)
    async with database.sessions.begin() as session:
        session.add(row)


@pytest.fixture
async def user_id(database: Database) -> UUID:
    return (await Account.create(database)).user_id


async def refusal(database: Database, user_id: UUID, settings: Settings = LIMITED, model: str | None = None) -> str:
    """What a user is told who asks for a job; "": nothing."""
    async with database.sessions() as session:
        try:
            await require_month_budget(session, user_id, settings, [model])
        except MonthSpent as error:
            return str(error)
    return ""


async def test_used_up_month_refuses_with_the_day_on_which_it_begins_anew(database: Database, user_id: UUID) -> None:
    await pay(database, user_id, "1.999999")
    assert await refusal(database, user_id) == ""
    await pay(database, user_id, "0.000001")
    _, ends = month_bounds(dt.datetime.now(dt.UTC))
    assert await refusal(database, user_id) == (
        "Your budget of 2.00 US dollars for this month is used up; it begins anew on "
        f"{ends.date().isoformat()} (UTC). Until then use your own Claude key, or the offline modeller."
    )


async def test_other_money_other_months_and_other_users_do_not_count(database: Database, user_id: UUID) -> None:
    began, _ = month_bounds(dt.datetime.now(dt.UTC))
    await pay(database, user_id, "5", billed_to="user")
    await pay(database, user_id, "5", created_at=began - dt.timedelta(seconds=1))
    await pay(database, (await Account.create(database)).user_id, "5")
    await pay(database, user_id, "0.5")
    async with database.sessions() as session:
        month = await month_of(session, user_id, LIMITED)
    assert (month.spent, month.left) == (Decimal("0.5"), Decimal("1.5"))


async def test_own_limit_overrides_the_deployments(database: Database, user_id: UUID) -> None:
    await pay(database, user_id, "3")
    assert await refusal(database, user_id) != ""
    async with database.sessions.begin() as session:
        await session.execute(update(User).where(User.id == user_id).values(month_usd_limit=10))
    assert await refusal(database, user_id) == ""
    assert await refusal(database, user_id, Settings(anthropic_api_key=SecretStr("k"))) == ""


async def test_who_costs_the_deployment_nothing_is_not_refused(database: Database, user_id: UUID) -> None:
    await pay(database, user_id, "3")
    assert await refusal(database, user_id, model="offline-modeller") == ""
    assert await refusal(database, user_id, Settings(user_month_usd=2.0, anthropic_api_key=None)) == ""
    async with database.sessions.begin() as session:
        session.add(ModelKey(user_id=user_id, sealed=b"x", hint="abcd"))
    assert await refusal(database, user_id) == ""


async def test_no_limit_is_no_limit(database: Database, user_id: UUID) -> None:
    await pay(database, user_id, "9999")
    unlimited = Settings(anthropic_api_key=SecretStr("k"))
    assert await refusal(database, user_id, unlimited) == ""
    async with database.sessions() as session:
        assert (await month_of(session, user_id, unlimited, but_job=uuid4())).left is None


def test_month_ends_with_the_year() -> None:
    began, ends = month_bounds(dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC))
    assert (began.isoformat(), ends.isoformat()) == ("2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")
