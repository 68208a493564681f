"""Seals everything with the first of the keys, some rows at a time: see `rotate`."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import OPERATOR
from cloud.accounts.rotation import queries
from cloud.accounts.secrets import Safe, SecretUnreadable
from cloud.db.engine import Transaction

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 100


@dataclass(frozen=True)
class Rotated:
    """Of one table: rows that were sealed anew, that were up to date, and that no key opens (left as they are)."""

    table: str
    encrypted_anew: int = 0
    up_to_date: int = 0
    unreadable: int = 0


async def rotate(begin: Callable[[], AbstractAsyncContextManager[Transaction]], safe: Safe) -> list[Rotated]:
    """Seal with the safe's first key whatever is sealed with another, in every table.

    Each hundred rows are a transaction of their own: whoever reads never waits, a rotation that was cut off goes on
    where it was when it is run again, and what others seal meanwhile with an older key a second run finds.
    `begin` opens a transaction. Raises: one of `DATABASE_ERRORS`.
    """
    done = [await _rotate_table(begin, safe, table) for table in queries.sealed_tables()]
    if any(each.encrypted_anew for each in done):
        details = {each.table: each.encrypted_anew for each in done}
        async with begin() as session:
            await add_entry(session, "secret_keys.rotated", actor=None, origin=OPERATOR, details=details)
    return done


async def _rotate_table(
    begin: Callable[[], AbstractAsyncContextManager[Transaction]], safe: Safe, table: queries.SealedTable
) -> Rotated:
    anew = current = lost = 0
    after = None
    while True:
        async with begin() as session:
            rows = await queries.lock_some(session, table, after, _ROWS_AT_ONCE)
            for row in rows:
                if safe.is_current(row.sealed):
                    current += 1
                    continue
                try:
                    await queries.put_sealed(session, table, row.key, safe.reseal(row.sealed))
                    anew += 1
                except SecretUnreadable:
                    log.warning("a sealed row cannot be opened", extra={"table": table.name, "row": repr(row.key)})
                    lost += 1
        if not rows:
            return Rotated(table.name, anew, current, lost)
        after = rows[-1].key
