"""Deleting accounts for good, step by step, each of which may be cut off at any moment and is done again.

1. `stopping`: the account's jobs are cancelled; nothing is deleted under a runner that still works on it.
2. `deleting`: projects go, some in each transaction, with all rows that belong to them; then the user's own row and
   whatever refers to it, with the entries of the queue.
3. `sweeping`: objects of the store that no row refers to any more are set aside. Content that somebody else has too
   is referred to, and stays.
4. `waiting`: a while later what was set aside is deleted, unless a row refers to it by now (somebody was just storing
   the same bytes), and the store is swept once more, for what a straggler has written meanwhile.
5. `finished`: that is deleted too, the database is rid of dead rows, and the report is in the audit log.

Every API process and every runner tries, one at a time goes on. All is done about 40 minutes after the request.
"""

import asyncio
import datetime as dt
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import Origin
from cloud.jobs.closing import queries
from cloud.jobs.closing.scrub import scrub
from cloud.jobs.ledger.queries import used_by_system
from cloud.jobs.retention.cleanup import CleanUpRuns, Freed, sweep_objects
from cloud.jobs.stopping import stop_jobs_of

if TYPE_CHECKING:
    from cloud.db.account_models import AccountDeletion
    from cloud.db.engine import Database, Transaction
    from cloud.storage.store import ArtifactStore

SET_ASIDE_FOR = dt.timedelta(minutes=20)
"""So long may a writer of the same bytes take to commit the row that they are for."""
# A runner that gives signs of life but does not end a job: its pod is stopped by then, and what it writes is fenced.
_STOPPING_AT_MOST = dt.timedelta(minutes=5)
_EVERY_S = 10.0
_SOON_S = 0.5

logger = logging.getLogger(__name__)


@dataclass
class Deletions:
    """Goes on with every deletion that has been requested. `wake` makes it look at once."""

    database: "Database"
    store: "ArtifactStore"
    every_s: float = _EVERY_S

    def __post_init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    async def run_forever(self) -> None:
        """Until cancelled."""
        while True:
            self._woken.clear()
            wait_s = self.every_s
            try:
                if await advance(self.database, self.store):
                    wait_s = _SOON_S
            except Exception:
                logger.exception("deletion of accounts failed; it will be tried again")
            try:
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            except TimeoutError:
                continue


@asynccontextmanager
async def at_work(deletions: Deletions) -> AsyncIterator[None]:
    """They go on for as long as the block runs."""
    task = asyncio.create_task(deletions.run_forever(), name="deletions")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def advance(database: "Database", store: "ArtifactStore", *, now: dt.datetime | None = None) -> bool:
    """Do what can be done now for every open deletion. Returns: whether some account's jobs are being stopped."""
    async with database.sessions() as session:
        if not await queries.open_deletions(session):
            return False
    moment = now or dt.datetime.now(dt.UTC)
    async with queries.only_one_deletes(database.engine) as is_ours:
        if not is_ours:
            return False
        async with database.sessions() as session:
            found = await queries.open_deletions(session)
        for deletion in found:
            try:
                await _delete_rows(database, deletion, moment)
            except Exception:  # one that cannot go on must not hold up the others
                logger.exception("deletion of an account failed", extra={"deletion_id": str(deletion.id)})
        await _sweep(database, store, moment)
        async with database.sessions() as session:
            return any(each.state == "stopping" for each in await queries.open_deletions(session))


async def _delete_rows(database: "Database", deletion: "AccountDeletion", now: dt.datetime) -> None:
    user_id = deletion.user_id
    if deletion.state not in ("stopping", "deleting") or user_id is None:
        return
    if deletion.state == "stopping":
        await stop_jobs_of(database, user_id)
        async with database.sessions.begin() as session:
            is_late = now - deletion.requested_at > _STOPPING_AT_MOST
            if not is_late and await queries.is_at_work(session, user_id):
                return
            row = await queries.lock_deletion(session, deletion.id)
            row.state = "deleting"
            row.report = {**row.report, **await queries.measure(session, user_id)}
    while True:
        async with database.sessions.begin() as session:
            gone = await queries.delete_some_projects(session, user_id)
            if not gone:
                break
            await _count(session, deletion.id, gone)
    async with database.sessions.begin() as session:
        # What the deployment has spent stays spent: nobody makes room in its budget by going.
        usd, tokens = await used_by_system(session, user_id, _month_of(deletion.requested_at), None)
        gone = await queries.delete_rest(session, user_id)
        row = await _count(session, deletion.id, gone)
        blanked = await queries.blank_audit(session, user_id)
        blanked += row.report.get("audit_entries_blanked", 0)
        spent = {"system_month_usd": float(usd), "system_month_tokens": tokens}
        row.report = {**row.report, **spent, "audit_entries_blanked": blanked}
        row.state = "sweeping"
    logger.info("an account's rows are deleted", extra={"deletion_id": str(deletion.id)})


def _month_of(moment: dt.datetime) -> dt.datetime:
    """When its month (UTC) began."""
    return moment.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def _count(session: "Transaction", deletion_id: UUID, gone: Mapping[str, int]) -> "AccountDeletion":
    row = await queries.lock_deletion(session, deletion_id)
    rows = Counter(row.report.get("rows", {}))
    rows.update(gone)
    row.report = {**row.report, "rows": dict(sorted(rows.items()))}
    return row


async def _sweep(database: "Database", store: "ArtifactStore", now: dt.datetime) -> None:
    """One sweep for all deletions that are due for one; each needs two, and an end."""
    async with database.sessions() as session:
        due = [each for each in await queries.open_deletions(session) if _is_due(each, now)]
    if not due:
        return
    try:
        freed = await sweep_objects(database, store, now=now, set_aside_for=SET_ASIDE_FOR)
    except CleanUpRuns:
        return
    if freed.unreadable_folders:
        logger.error("the store cannot be listed; deletions wait for it", extra={"folders": freed.unreadable_folders})
        return
    ending = [each for each in due if each.state == "waiting" and each.report.get("sweeps", 0) >= 2]
    if ending:
        async with database.sessions.begin() as session:
            await queries.drop_stale(session)
    is_scrubbed = bool(ending) and await scrub(database.url)
    for deletion in due:
        async with database.sessions.begin() as session:
            row = await queries.lock_deletion(session, deletion.id)
            _note_sweep(row, freed, now)
            if deletion in ending:
                await _finish(session, row, now, is_scrubbed=is_scrubbed)


def _is_due(deletion: "AccountDeletion", now: dt.datetime) -> bool:
    if deletion.state == "sweeping":
        return True
    return deletion.state == "waiting" and (deletion.swept_at is None or deletion.swept_at + SET_ASIDE_FOR <= now)


def _note_sweep(row: "AccountDeletion", freed: Freed, now: dt.datetime) -> None:
    report: dict[str, Any] = {**row.report, "sweeps": row.report.get("sweeps", 0) + 1}
    if row.state == "waiting":  # the first sweep of a deletion ends what others had begun
        report["objects_deleted"] = report.get("objects_deleted", 0) + freed.objects_deleted
        report["objects_deleted_bytes"] = report.get("objects_deleted_bytes", 0) + freed.bytes_deleted
    row.report, row.swept_at, row.state = report, now, "waiting"


async def _finish(session: "Transaction", row: "AccountDeletion", now: dt.datetime, *, is_scrubbed: bool) -> None:
    user_id, row.user_id = row.user_id, None
    row.state, row.finished_at = queries.FINISHED, now
    row.report = {**row.report, "database_vacuumed": is_scrubbed}
    if user_id is not None:
        await queries.blank_audit(session, user_id)
        subject = f"user:{user_id}"
        await add_entry(session, "user.deleted", actor=user_id, origin=Origin(), subject=subject, details=row.report)
    logger.info("an account is deleted", extra={"deletion_id": str(row.id)})
