"""The SQL of device sign-ins. The caller's transaction; nothing here commits."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import DeviceGrant
from cloud.db.models import User


async def add_grant(session: AsyncSession, *, lasts: dt.timedelta, **facts: Any) -> DeviceGrant | None:
    """A grant that is pending; None if its user code is another's."""
    expires_at = func.now() + lasts
    statement = insert(DeviceGrant).values(id=uuid.uuid4(), expires_at=expires_at, **facts)
    return (await session.scalars(statement.on_conflict_do_nothing().returning(DeviceGrant))).one_or_none()


async def find_pending(session: AsyncSession, user_code: str) -> DeviceGrant | None:
    """The grant with this code that waits for an answer."""
    return (await session.scalars(select(DeviceGrant).where(_is_pending(user_code)))).one_or_none()


async def settle(session: AsyncSession, user_code: str, user_id: uuid.UUID, state: str) -> DeviceGrant | None:
    """The grant, answered (`approved` or `denied`) by this user; None if none with the code waits for an answer.

    Of two answers at once one comes first, and the other finds nothing.
    """
    statement = (
        update(DeviceGrant).where(_is_pending(user_code)).values(state=state, user_id=user_id).returning(DeviceGrant)
    )
    return (await session.scalars(statement)).one_or_none()


async def lock_grant(session: AsyncSession, device_code_hash: bytes) -> tuple[DeviceGrant, bool, float | None] | None:
    """The grant, alone until the transaction's end, whether it has expired, and how many seconds ago it was polled."""
    # `now()` is when the transaction began, which may have waited for the lock: another poll may be younger.
    now = func.clock_timestamp()
    waited = func.extract("epoch", now - DeviceGrant.last_polled_at)
    statement = (
        select(DeviceGrant, DeviceGrant.expires_at <= now, waited)
        .where(DeviceGrant.device_code_hash == device_code_hash)
        .with_for_update()
    )
    found = (await session.execute(statement, execution_options={"populate_existing": True})).one_or_none()
    if found is None:
        return None
    grant, has_expired, waited_s = found
    return grant, has_expired, None if waited_s is None else float(waited_s)


async def note_poll(session: AsyncSession, grant: DeviceGrant, *, interval_s: int) -> None:
    """The device has asked just now, and is to wait so long before it asks again."""
    await session.execute(
        update(DeviceGrant)
        .where(DeviceGrant.id == grant.id)
        .values(last_polled_at=func.clock_timestamp(), interval_s=interval_s)
    )


async def redeem(session: AsyncSession, grant: DeviceGrant) -> User | None:
    """The grant is used up. Returns: who approved it; None if they may not sign in any more."""
    await session.execute(update(DeviceGrant).where(DeviceGrant.id == grant.id).values(state="redeemed"))
    statement = select(User).where(
        User.id == grant.user_id, User.suspended_at.is_(None), User.deletion_requested_at.is_(None)
    )
    return (await session.scalars(statement)).one_or_none()


def _is_pending(user_code: str) -> ColumnElement[bool]:
    return (
        (DeviceGrant.user_code == user_code) & (DeviceGrant.state == "pending") & (DeviceGrant.expires_at > func.now())
    )
