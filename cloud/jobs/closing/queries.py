"""The SQL of the deletion of accounts. The caller's transaction; nothing here commits.

What belongs to a user is found by the foreign keys of the models, so that a new table is covered by itself.
"""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, select, text, union, union_all, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from cloud.db.account_models import AccountDeletion, ApiToken, OidcFlow, Share
from cloud.db.models import Artifact, Base, Job, ModelPace, Project, Session, Snapshot, User

_DELETER = "hashtextextended('prompt2mesh account deletion', 0)"
_PROJECTS_AT_ONCE = 10
# A living runner tells of its job every second, a hung one within 20.
_SILENT_S = 30.0
FINISHED = "finished"


@asynccontextmanager
async def only_one_deletes(engine: AsyncEngine) -> AsyncIterator[bool]:
    """Whether the block may go on with deletions: True for one process at a time. The lock ends with our connection."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield bool(await connection.scalar(text(f"SELECT pg_try_advisory_lock({_DELETER})")))
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))
        finally:
            await connection.invalidate()


async def add_deletion(session: AsyncSession, user_id: UUID, now: dt.datetime) -> AccountDeletion:
    """From the commit on the account is being deleted."""
    await session.execute(update(User).where(User.id == user_id).values(deletion_requested_at=now))
    row = AccountDeletion(user_id=user_id, requested_at=now, state="stopping", report={})
    session.add(row)
    await session.flush()
    return row


async def find_deletion(session: AsyncSession, deletion_id: UUID) -> AccountDeletion | None:
    """The deletion with this number."""
    return await session.get(AccountDeletion, deletion_id)


async def open_deletions(session: AsyncSession) -> Sequence[AccountDeletion]:
    """Those that have not finished, the oldest first."""
    statement = select(AccountDeletion).where(AccountDeletion.finished_at.is_(None))
    return (await session.scalars(statement.order_by(AccountDeletion.requested_at))).all()


async def lock_deletion(session: AsyncSession, deletion_id: UUID) -> AccountDeletion:
    """The deletion as it stands, for who changes it."""
    return await session.get_one(AccountDeletion, deletion_id, with_for_update=True, populate_existing=True)


async def is_last_admin(session: AsyncSession, user_id: UUID) -> bool:
    """Whether others would be left without an admin. Until the transaction's end no admin changes."""
    active = (User.suspended_at.is_(None), User.deletion_requested_at.is_(None))
    statement = select(User.id).where(User.is_admin, *active).order_by(User.id).with_for_update(key_share=True)
    admins = set(await session.scalars(statement))
    if user_id not in admins or len(admins) > 1:
        return False
    return bool(await session.scalar(select(exists().where(User.id != user_id, User.deletion_requested_at.is_(None)))))


async def is_at_work(session: AsyncSession, user_id: UUID) -> bool:
    """Whether a living runner works on a job of the user."""
    sign_of_life = func.coalesce(Job.heartbeat_at, Job.started_at, Job.created_at)
    alive = sign_of_life > func.clock_timestamp() - dt.timedelta(seconds=_SILENT_S)
    return bool(await session.scalar(select(exists().where(Job.user_id == user_id, Job.state == "running", alive))))


async def measure(session: AsyncSession, user_id: UUID) -> dict[str, Any]:
    """What the user has in the store: bytes of snapshots and of each kind of file, and the distinct contents."""
    sizes: dict[str, int] = {}
    snapshots = select(func.coalesce(func.sum(Snapshot.bytes), 0)).where(Snapshot.user_id == user_id)
    sizes["snapshot"] = int((await session.scalars(snapshots)).one())
    kinds = select(Artifact.kind, func.sum(Artifact.bytes)).where(Artifact.user_id == user_id).group_by(Artifact.kind)
    sizes |= {kind: int(size) for kind, size in await session.execute(kinds)}
    tables = (Snapshot, Artifact)
    contents = union(*(select(each.sha256, each.bytes).where(each.user_id == user_id) for each in tables)).subquery()
    count, size = (await session.execute(select(func.count(), func.coalesce(func.sum(contents.c.bytes), 0)))).one()
    return {"bytes": sizes, "contents": int(count), "contents_bytes": int(size)}


async def delete_some_projects(session: AsyncSession, user_id: UUID) -> Counter[str]:
    """Delete some of the user's projects with all that is theirs. Returns: the rows by table; empty: none left."""
    some = select(Project.id).where(Project.user_id == user_id).order_by(Project.id).limit(_PROJECTS_AT_ONCE)
    ids = (await session.scalars(some.with_for_update())).all()
    gone: Counter[str] = Counter()
    if not ids:
        return gone
    for table in _tables():
        if (condition := _of_projects(table, ids)) is not None:
            count = (await session.scalars(select(func.count()).select_from(table).where(condition))).one()
            gone[table.name] += count
    await session.execute(delete(Project).where(Project.id.in_(ids)))
    return gone


async def delete_rest(session: AsyncSession, user_id: UUID) -> Counter[str]:
    """Delete the user with every row that still refers to them. Returns: the rows by table."""
    gone: Counter[str] = Counter()
    for table in _tables():
        for column in table.columns:
            if any(key.column.table.name == User.__tablename__ for key in column.foreign_keys):
                gone[table.name] += await _drop(session, table, column == user_id)
    of_queue = text("DELETE FROM procrastinate_jobs WHERE lock = :lock RETURNING 1")
    gone["queue"] += len((await session.execute(of_queue, {"lock": f"user:{user_id}"})).all())
    users = Base.metadata.tables[User.__tablename__]
    gone["users"] += await _drop(session, users, users.c.id == user_id)
    return Counter({name: count for name, count in gone.items() if count})


async def delete_what_opens(session: AsyncSession, user_id: UUID) -> Counter[str]:
    """Delete at once what lets somebody in, or stands for the account elsewhere: all but projects and their like."""
    kept = {"jobs", "snapshots", "artifacts", "projects", "batches", "usage"}
    gone: Counter[str] = Counter()
    for table in _tables():
        for column in table.columns:
            refers = any(key.column.table.name == User.__tablename__ for key in column.foreign_keys)
            if refers and table.name not in kept:
                gone[table.name] += await _drop(session, table, column == user_id)
    return Counter({name: count for name, count in gone.items() if count})


async def make_nameless(session: AsyncSession, user_id: UUID) -> None:
    """Name and password go at once: somebody else may have the name."""
    facts: dict[str, Any] = {"username": f"deleted {user_id}", "password_hash": None, "is_admin": False}
    await session.execute(update(User).where(User.id == user_id).values(**facts, suspended_for=""))


async def addresses_of(session: AsyncSession, user_id: UUID) -> set[str]:
    """Every address from which the user came, or somebody who tried to be them."""
    statement = text(
        "SELECT address FROM sessions WHERE user_id = :user_id UNION SELECT address FROM audit_log"
        " WHERE actor_id = :user_id OR (action = 'session.failed' AND subject = :subject)"
    )
    found = await session.scalars(statement, {"user_id": user_id, "subject": f"user:{user_id}"})
    return {address for address in found if address}


async def drop_invite_of(session: AsyncSession, user_id: UUID) -> int:
    """Delete the invite that the user signed up with: its note says whom it was for. Returns: how many there were."""
    statement = text(
        "DELETE FROM one_time_links WHERE id::text IN (SELECT details->>'invite' FROM audit_log"
        " WHERE actor_id = :user_id AND action = 'user.created') RETURNING 1"
    )
    return len((await session.execute(statement, {"user_id": user_id})).all())


async def blank_audit(session: AsyncSession, user_id: UUID, ids: Sequence[str] = ()) -> int:
    """Take what is personal out of the audit log: of the user's own acts, of tries to be them, and the details of what
    others did to the account or to what belonged to it (`ids`). Returns: in how many entries."""
    subject = f"user:{user_id}"
    own = text(
        "UPDATE audit_log SET address = '', device = '', details = '{}' WHERE"
        " (actor_id = :user_id OR (actor_id IS NULL AND subject = :subject))"
        " AND action <> 'user.deleted' AND (address <> '' OR device <> '' OR details <> '{}') RETURNING 1"
    )
    of_others = text(
        "UPDATE audit_log SET details = '{}' WHERE actor_id IS DISTINCT FROM :user_id AND details <> '{}'"
        " AND action <> 'user.deleted' AND (subject = :subject OR split_part(subject, ':', 2) = ANY(:ids)) RETURNING 1"
    )
    parameters = {"user_id": user_id, "subject": subject}
    mine = (await session.execute(own, parameters)).all()
    others = (await session.execute(of_others, {**parameters, "ids": list(ids)})).all()
    return len(mine) + len(others)


async def ids_of_belongings(session: AsyncSession, user_id: UUID) -> Sequence[str]:
    """The ids of the user's rows by which the acts of others may be filed."""
    named = union_all(
        *(select(each.id).where(each.user_id == user_id) for each in (Job, Project, Session, ApiToken, Share))
    )
    return [str(found) for found in await session.scalars(named)]


async def drop_stale(session: AsyncSession) -> None:
    """Rows of nobody's that may be about somebody who is gone: sign-ins under way at a provider, long expired, and the
    pace of calls with keys that nobody has used for a while."""
    await session.execute(delete(OidcFlow).where(OidcFlow.expires_at < func.now()))
    await session.execute(delete(ModelPace).where(func.greatest(ModelPace.updated_at, ModelPace.next_at) < _lately()))


def _lately() -> ColumnElement[Any]:
    """Ten minutes later a pace says nothing any more (`cloud.jobs.pacing`)."""
    return func.now() - dt.timedelta(minutes=10)


async def active_among(session: AsyncSession, user_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the users who exist and may work."""
    active = (User.suspended_at.is_(None), User.deletion_requested_at.is_(None))
    return set(await session.scalars(select(User.id).where(User.id.in_(user_ids), *active)))


def _tables() -> list[Table]:
    """All of ours, those that refer to others before those."""
    return list(reversed(Base.metadata.sorted_tables))


def _of_projects(table: Table, ids: Sequence[UUID]) -> ColumnElement[bool] | None:
    """The rows that go when these projects are deleted; None: none of this table do."""
    if table.name == Project.__tablename__:
        return table.c.id.in_(ids)
    for key in table.foreign_keys:
        if key.ondelete == "CASCADE" and key.column.table.name == Project.__tablename__:
            return key.parent.in_(ids)
    jobs: Select[Any] = select(Job.id).where(Job.project_id.in_(ids))
    for key in table.foreign_keys:
        if key.ondelete == "CASCADE" and key.column.table.name == Job.__tablename__:
            return key.parent.in_(jobs)
    return None


async def _drop(session: AsyncSession, table: Table, condition: ColumnElement[bool]) -> int:
    return len((await session.execute(delete(table).where(condition).returning(text("1")))).all())
