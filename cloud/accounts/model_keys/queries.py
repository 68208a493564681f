"""The SQL of users' Claude keys. The caller's transaction; nothing here commits."""

import datetime as dt
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import ModelKey


async def find_key(session: AsyncSession, user_id: UUID) -> ModelKey | None:
    """The user's key, sealed."""
    return await session.get(ModelKey, user_id, populate_existing=True)


async def put_key(
    session: AsyncSession, user_id: UUID, sealed: bytes, hint: str, tested_at: dt.datetime | None
) -> ModelKey:
    """Keep this key instead of any that there was."""
    facts = {"sealed": sealed, "hint": hint, "tested_at": tested_at, "created_at": func.now()}
    statement = insert(ModelKey).values(user_id=user_id, **facts)
    statement = statement.on_conflict_do_update(index_elements=[ModelKey.user_id], set_=facts)
    rows = await session.scalars(statement.returning(ModelKey), execution_options={"populate_existing": True})
    return rows.one()


async def drop_key(session: AsyncSession, user_id: UUID) -> bool:
    """The user has no key from now on. Returns: whether there was one."""
    statement = delete(ModelKey).where(ModelKey.user_id == user_id).returning(ModelKey.user_id)
    return await session.scalar(statement) is not None
