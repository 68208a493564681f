"""The SQL of sealed columns: every column named `sealed`, in whatever table. The caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

# Imported for its tables: what nobody has imported is not known to the metadata.
from cloud.db import account_models
from cloud.db.models import Base

assert account_models.OidcFlow.sealed is not None

_COLUMN = "sealed"

SealedTable = Table
"""A table with a sealed column, for those who only pass it on."""


@dataclass(frozen=True)
class SealedRow:
    """What one row has sealed, and its primary key."""

    key: tuple[Any, ...]
    sealed: bytes


def sealed_tables() -> list[SealedTable]:
    """Every table that has something sealed."""
    return [table for table in Base.metadata.sorted_tables if _COLUMN in table.columns]


async def lock_some(
    session: AsyncSession, table: SealedTable, after: tuple[Any, ...] | None, limit: int
) -> Sequence[SealedRow]:
    """The next rows in the order of their keys, locked against changes; reading them goes on."""
    key = _key_of(table)
    statement = select(*key, table.columns[_COLUMN]).order_by(*key).limit(limit).with_for_update()
    if after is not None:
        statement = statement.where(tuple_(*key) > after)
    return [SealedRow(tuple(row[:-1]), row[-1]) for row in await session.execute(statement)]


async def put_sealed(session: AsyncSession, table: SealedTable, key: tuple[Any, ...], sealed: bytes) -> None:
    """The row has this from now on."""
    conditions = [column == value for column, value in zip(_key_of(table), key, strict=True)]
    await session.execute(update(table).where(*conditions).values({_COLUMN: sealed}))


def _key_of(table: SealedTable) -> list[Column[Any]]:
    return list(table.primary_key.columns)
