"""The SQL of users and their sessions. The caller's transaction; nothing here commits."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import OPERATOR, Origin
from cloud.accounts.scopes import Scope, session_scopes
from cloud.db.account_models import AuditEntry
from cloud.db.models import Session, User

_TOUCH_EVERY = dt.timedelta(minutes=1)
_ADDRESS_KNOWN_FOR = dt.timedelta(days=180)
_SESSIONS_SHOWN = 500


@dataclass(frozen=True)
class Identity:
    """Who sends a request, with which session or API token (one of the two), and what that may do."""

    user: User
    scopes: frozenset[Scope]
    session_id: uuid.UUID | None = None
    token_id: uuid.UUID | None = None


async def add_user(session: AsyncSession, username: str, password_hash: str | None) -> User | None:
    """The new user; None if the name is taken, whatever its case."""
    statement = insert(User).values(id=uuid.uuid4(), username=username, password_hash=password_hash)
    return (await session.scalars(statement.on_conflict_do_nothing().returning(User))).one_or_none()


async def find_user(session: AsyncSession, username: str) -> User | None:
    """The user of that name, whatever its case."""
    statement = select(User).where(func.lower(User.username) == func.lower(username))
    return (await session.scalars(statement)).one_or_none()


async def get_user(session: AsyncSession, user_id: uuid.UUID) -> User | None:
    """The user as the database has it now."""
    return await session.get(User, user_id, populate_existing=True)


async def make_admin(session: AsyncSession, user: User, origin: Origin) -> None:
    """The user is an admin from the commit on."""
    await session.execute(update(User).where(User.id == user.id).values(is_admin=True))
    await session.refresh(user)
    actor = None if origin == OPERATOR else user.id
    await add_entry(session, "user.made_admin", actor=actor, origin=origin, subject=f"user:{user.id}")


async def list_users(session: AsyncSession, limit: int) -> Sequence[User]:
    """Users by name, so many at most."""
    return (await session.scalars(select(User).order_by(func.lower(User.username)).limit(limit))).all()


async def set_password(
    session: AsyncSession, user_id: uuid.UUID, password_hash: str, *, instead_of: str | None = None
) -> bool:
    """Returns: False: the user is gone, or has another password than `instead_of` meanwhile."""
    statement = update(User).where(User.id == user_id)
    if instead_of is not None:
        statement = statement.where(User.password_hash == instead_of)
    statement = statement.values(password_hash=password_hash).returning(User.id)
    return (await session.scalars(statement)).one_or_none() is not None


async def addresses_of(session: AsyncSession, user_id: uuid.UUID) -> Sequence[str]:
    """Where the user has signed up or in from, in the last half year."""
    statement = (
        select(AuditEntry.address)
        .where(
            AuditEntry.actor_id == user_id,
            AuditEntry.action.in_(("session.created", "user.created")),
            AuditEntry.at > func.now() - _ADDRESS_KNOWN_FOR,
        )
        .distinct()
    )
    return (await session.scalars(statement)).all()


async def add_session(
    session: AsyncSession,
    user: User,
    token_hash: bytes,
    *,
    expires_at: dt.datetime,
    ends_at: dt.datetime,
    client: str,
    origin: Origin,
) -> Session:
    """A session that starts now. The user's expired ones are removed."""
    await session.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at < func.now()))
    added = Session(
        user_id=user.id,
        token_hash=token_hash,
        client=client,
        device=origin.device,
        address=origin.address,
        expires_at=expires_at,
        ends_at=ends_at,
    )
    session.add(added)
    await session.flush()
    await session.refresh(added)
    return added


async def find_identity(
    session: AsyncSession, token_hash: bytes, ttl: dt.timedelta, address: str = ""
) -> Identity | None:
    """Who holds the token; None if it is unknown, expired or revoked. The user may be suspended or being deleted.

    Notes the use, at most once a minute: from where, and that the session lasts `ttl` from now, but for its end.
    """
    statement = (
        select(User, Session.id, Session.last_used_at < func.now() - _TOUCH_EVERY)
        .join(Session, Session.user_id == User.id)
        .where(Session.token_hash == token_hash, _is_live())
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    user, session_id, is_stale = found
    if is_stale:
        lasts_until = func.least(func.now() + ttl, Session.ends_at)  # PostgreSQL's least() passes over a null
        values: dict[str, object] = {"last_used_at": func.now(), "expires_at": lasts_until}
        if address:
            values["address"] = address
        await session.execute(update(Session).where(Session.id == session_id).values(values))
    return Identity(user, session_scopes(is_admin=user.is_admin), session_id=session_id)


async def session_began(session: AsyncSession, session_id: uuid.UUID) -> dt.datetime | None:
    """When somebody signed in to this session."""
    return await session.scalar(select(Session.created_at).where(Session.id == session_id))


async def list_sessions(session: AsyncSession, user_id: uuid.UUID) -> Sequence[Session]:
    """The user's sessions that hold, the last used first."""
    statement = (
        select(Session)
        .where(Session.user_id == user_id, _is_live())
        .order_by(Session.last_used_at.desc(), Session.id)
        .limit(_SESSIONS_SHOWN)
    )
    return (await session.scalars(statement)).all()


async def revoke_sessions(
    session: AsyncSession,
    user_id: uuid.UUID,
    origin: Origin,
    *,
    only: uuid.UUID | None = None,
    all_but: uuid.UUID | None = None,
    actor: uuid.UUID | None = None,
) -> int:
    """End the user's sessions, or `only` one, or `all_but` one: their tokens are worth nothing from the commit on.

    `actor` None: the user. Returns: how many there were to end.
    """
    statement = update(Session).where(Session.user_id == user_id, _is_live())
    if only is not None:
        statement = statement.where(Session.id == only)
    if all_but is not None:
        statement = statement.where(Session.id != all_but)
    ended = (await session.scalars(statement.values(revoked_at=func.now()).returning(Session.id))).all()
    for session_id in ended:
        await add_entry(
            session, "session.revoked", actor=actor or user_id, origin=origin, subject=f"session:{session_id}"
        )
    return len(ended)


def _is_live() -> ColumnElement[bool]:
    return (
        Session.revoked_at.is_(None)
        & (Session.expires_at > func.now())
        & or_(Session.ends_at.is_(None), Session.ends_at > func.now())
    )
