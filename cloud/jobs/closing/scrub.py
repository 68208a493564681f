"""Ridding the database's files of what deleted rows have left in them: dead rows, statistics, old WAL.

PostgreSQL deletes by marking. A vacuum makes the place free for other rows; a full one writes a small table anew, so
that the old bytes are not even in a file. What a large table's free space still holds is overwritten by later rows.
"""

import logging

import psycopg
from psycopg import sql

from cloud.db.engine import libpq_url

_SMALL_BYTES = 64 * 2**20
_LOCK_WAIT = "2s"

_TABLES = """
    SELECT relname, pg_total_relation_size(pg_class.oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_OLD_STATISTICS = """
    DELETE FROM pg_statistic WHERE starelid IN
        (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
"""

_FULL, _PLAIN = sql.SQL("VACUUM (FULL, ANALYZE) {}"), sql.SQL("VACUUM (ANALYZE) {}")

logger = logging.getLogger(__name__)


async def scrub(database_url: str) -> bool:
    """Vacuum every table; where we are superuser, also forget samples of values, and cut the log of writes short.

    Nobody waits for long: a table that is busy, or large, is vacuumed in the way that locks nothing. Returns: False: it
    could not be done; PostgreSQL's own vacuum will come by later.
    """
    try:
        await _scrub(database_url)
    except psycopg.Error:
        logger.exception("the database could not be vacuumed after a deletion")
        return False
    return True


async def _scrub(database_url: str) -> None:
    address = libpq_url(database_url)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=10) as connection:
        await connection.execute(f"SET lock_timeout = '{_LOCK_WAIT}'".encode())
        tables = await (await connection.execute(_TABLES)).fetchall()
        is_super = await _is_superuser(connection)
        if is_super:  # samples of a table that is empty now would never be taken anew
            await connection.execute(_OLD_STATISTICS)
        for name, size_bytes in tables:
            await _vacuum(connection, sql.Identifier(name), is_small=size_bytes <= _SMALL_BYTES)
        if is_super:
            await _vacuum(connection, sql.Identifier("pg_catalog", "pg_statistic"), is_small=True)
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")


async def _is_superuser(connection: psycopg.AsyncConnection) -> bool:
    found = await connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    row = await found.fetchone()
    return row is not None and bool(row[0])


async def _vacuum(connection: psycopg.AsyncConnection, table: sql.Identifier, *, is_small: bool) -> None:
    for way in (_FULL, _PLAIN) if is_small else (_PLAIN,):
        try:
            await connection.execute(way.format(table))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege) as error:
            logger.info("a table was not vacuumed", extra={"table": table.as_string(), "why": type(error).__name__})
        else:
            return
