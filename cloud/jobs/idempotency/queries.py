"""The SQL of idempotency keys. The caller's transaction; nothing here commits."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import IdempotencyKey


async def add_key(session: AsyncSession, owner: UUID, key: str, request_hash: bytes, made_id: UUID) -> bool:
    """Keep the key, unless the owner has it. Waits for another transaction that is adding it just now."""
    statement = insert(IdempotencyKey).values(user_id=owner, key=key, request_hash=request_hash, made_id=made_id)
    added = await session.execute(statement.on_conflict_do_nothing().returning(IdempotencyKey.made_id))
    return added.one_or_none() is not None


async def find_key(session: AsyncSession, owner: UUID, key: str) -> tuple[bytes, UUID] | None:
    """The hash of the request that the key came with, and what that made."""
    statement = select(IdempotencyKey.request_hash, IdempotencyKey.made_id)
    row = (
        await session.execute(statement.where(IdempotencyKey.user_id == owner, IdempotencyKey.key == key))
    ).one_or_none()
    return (row.request_hash, row.made_id) if row is not None else None
