"""Frees what nobody needs any more: projects deleted long ago, expired rows, and objects that no row refers to.

An object is written before its row is committed, so one that no row refers to may be on its way. Hence it goes in two
steps. One that is older than `_YOUNG` is set aside: it can still be read, and whoever puts the same content writes it
anew. An hour later it is brought back if a row refers to it by now, and else it is deleted. So no writer needs a lock:
it is enough that a row is committed within an hour of the put that it is for; within 20 minutes while an account is
being deleted, whose owner has a right to see it gone (`cloud.jobs.closing`). Snapshots of a living project always
have their rows, so history never loses one.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.db.engine import Database
from cloud.errors import Conflict
from cloud.jobs.retention import queries
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore, Listed, StoreUnavailable

FIRST_AFTER_S, EVERY_S = 180.0, 3600.0
_YOUNG = _SET_ASIDE_FOR = dt.timedelta(hours=1)
_KEYS_KEPT = dt.timedelta(hours=48)
# An expired device sign-in still tells its device, which may have slept, that it has expired.
_DEVICE_GRANTS_KEPT = dt.timedelta(hours=1)
_REPORTS_KEPT = dt.timedelta(days=90)
# Of each project: some tens of megabytes at the most, where three hundred steps may have hundreds.
_MODELS_KEPT = 30
_API_TOKENS_KEPT = _SHARES_KEPT = dt.timedelta(days=30)
# The longest time over which attempts are counted.
_FAILURES_KEPT = dt.timedelta(hours=1)
_PROJECTS_AT_ONCE = 20
_PREFIXES = tuple(f"{number:02x}" for number in range(256))

logger = logging.getLogger(__name__)


class CleanUpRuns(Conflict):
    """Another process cleans up this database."""

    code = "clean_up_runs"

    def __init__(self) -> None:
        super().__init__("Another process is cleaning up at this moment; let it finish.")


@dataclass
class Freed:
    """What a clean-up did, or would do. Objects set aside are deleted by a clean-up an hour later, or brought back."""

    projects: int = 0
    idempotency_keys: int = 0
    sessions: int = 0
    device_sign_ins: int = 0
    api_tokens: int = 0
    shares: int = 0
    one_time_links: int = 0
    sign_in_failures: int = 0
    batches: int = 0
    step_models: int = 0
    deletion_reports: int = 0
    objects_set_aside: int = 0
    bytes_set_aside: int = 0
    objects_brought_back: int = 0
    objects_deleted: int = 0
    bytes_deleted: int = 0
    unreadable_folders: int = 0


@dataclass
class _CleanUp:
    database: Database
    store: ArtifactStore
    now: dt.datetime
    dry_run: bool
    freed: Freed
    young: dt.timedelta = _YOUNG
    set_aside_for: dt.timedelta = _SET_ASIDE_FOR

    async def purge_projects(self, kept: dt.timedelta) -> None:
        """Rows go by cascade, some projects in each transaction."""
        if self.dry_run:
            async with self.database.sessions() as session:
                self.freed.projects = await queries.count_overdue(session, self.now - kept)
            return
        while True:
            async with self.database.sessions.begin() as session:
                gone = await queries.purge_overdue(session, self.now - kept, _PROJECTS_AT_ONCE)
            self.freed.projects += gone
            if gone < _PROJECTS_AT_ONCE:
                return

    async def drop(self, expired: queries.Expired) -> int:
        async with self.database.sessions.begin() as session:
            return await (queries.count if self.dry_run else queries.drop)(session, expired)

    async def sweep(self) -> None:
        """Settle what was set aside, then set aside what no row refers to. Raises: StoreUnavailable."""
        await self.settle_aside()
        for prefix in _PREFIXES:
            try:
                await self.set_aside(prefix)
            except StoreUnavailable:
                logger.warning("a folder of the store cannot be listed", extra={"prefix": prefix}, exc_info=True)
                self.freed.unreadable_folders += 1

    async def settle_aside(self) -> None:
        """Decide on what was set aside long enough ago."""
        async for listed in self.store.list_aside():
            ripe = [one for one in listed if one.moved_at <= self.now - self.set_aside_for]
            needed = await self._needed(ripe)
            for one in ripe:
                if one.sha256 in needed:
                    self.freed.objects_brought_back += 1
                    if not self.dry_run:
                        await self.store.bring_back(one.sha256, one.moved_at)
                else:
                    self.freed.objects_deleted += 1
                    self.freed.bytes_deleted += one.bytes
                    if not self.dry_run:
                        await self.store.discard(one.sha256, one.moved_at)

    async def set_aside(self, prefix: str) -> None:
        """Take the objects of one prefix out of the way that no row refers to."""
        async for listed in self.store.list_objects(prefix):
            old = [one for one in listed if one.moved_at < self.now - self.young]
            needed = await self._needed(old)
            for one in old:
                if one.sha256 not in needed:
                    self.freed.objects_set_aside += 1
                    self.freed.bytes_set_aside += one.bytes
                    if not self.dry_run:
                        await self.store.set_aside(one.sha256, self.now)

    async def _needed(self, listed: Sequence[Listed]) -> set[str]:
        if not listed:
            return set()
        async with self.database.sessions() as session:
            return await queries.referenced(session, [one.sha256 for one in listed])


async def clean_up(
    database: Database,
    store: ArtifactStore,
    settings: Settings,
    *,
    now: dt.datetime | None = None,
    dry_run: bool = False,
) -> Freed:
    """Free what nobody needs; with `dry_run`, only count it. Holds some thousand names at once, however many there are.

    A folder of the store that cannot be listed is passed over. Raises: CleanUpRuns. StoreUnavailable: no answer.
    """
    work = _CleanUp(database, store, now or dt.datetime.now(dt.UTC), dry_run, Freed())
    kept = dt.timedelta(days=settings.deleted_kept_days)
    async with queries.only_one_cleans(database.engine) as is_ours:
        if not is_ours:
            raise CleanUpRuns
        await work.purge_projects(kept)
        work.freed.idempotency_keys = await work.drop(queries.expired_keys(work.now - _KEYS_KEPT))
        work.freed.sessions = await work.drop(queries.ended_sessions(work.now))
        work.freed.device_sign_ins = await work.drop(queries.ended_device_grants(work.now - _DEVICE_GRANTS_KEPT))
        work.freed.api_tokens = await work.drop(queries.ended_api_tokens(work.now - _API_TOKENS_KEPT))
        work.freed.shares = await work.drop(queries.ended_shares(work.now - _SHARES_KEPT))
        work.freed.one_time_links = await work.drop(queries.ended_links(work.now))
        failures = queries.old_sign_in_failures(work.now, work.now - _FAILURES_KEPT)
        work.freed.sign_in_failures = await work.drop(failures)
        work.freed.batches = await work.drop(queries.empty_batches(work.now - kept))
        work.freed.step_models = await work.drop(queries.old_models(_MODELS_KEPT))
        work.freed.deletion_reports = await work.drop(queries.old_deletions(work.now - _REPORTS_KEPT))
        await work.sweep()
    return work.freed


async def sweep_objects(
    database: Database, store: ArtifactStore, *, now: dt.datetime, set_aside_for: dt.timedelta
) -> Freed:
    """Only what `clean_up` does last, with objects of every age: what was set aside so long ago is settled.

    Somebody whose account is deleted need not wait for hours. Raises: CleanUpRuns. StoreUnavailable.
    """
    work = _CleanUp(
        database, store, now, dry_run=False, freed=Freed(), young=dt.timedelta(0), set_aside_for=set_aside_for
    )
    async with queries.only_one_cleans(database.engine) as is_ours:
        if not is_ours:
            raise CleanUpRuns
        await work.sweep()
    return work.freed


async def retention_forever(database: Database, store: ArtifactStore, settings: Settings) -> None:
    """Clean up some minutes from now and then every hour, until cancelled."""
    await asyncio.sleep(FIRST_AFTER_S)
    while True:
        try:
            freed = await clean_up(database, store, settings)
            logger.info("cleaned up", extra=vars(freed))
        except CleanUpRuns:
            logger.info("another process cleans up")
        except Exception:
            logger.exception("clean-up failed; it will be tried again")
        await asyncio.sleep(EVERY_S)


async def clean_up_once(settings: Settings, database_url: str, *, dry_run: bool) -> Freed:
    """One clean-up with connections of its own. Raises: as `clean_up`, and what the database raises."""
    database = Database.connect(database_url, pool_size=2)
    try:
        return await clean_up(database, ArtifactStore.of_settings(settings), settings, dry_run=dry_run)
    finally:
        await database.aclose()
