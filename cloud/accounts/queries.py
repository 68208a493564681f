"""The SQL of users and their sessions. The caller's transaction; nothing here commits."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.accounts.scopes import Scope, session_scopes
from cloud.db.models import Session, User

_TOUCH_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Identity:
    """Who sends a request, with which session or API token (one of the two), and what that may do."""

    user: User
    scopes: frozenset[Scope]
    session_id: uuid.UUID | None = None
    token_id: uuid.UUID | None = None


async def add_user(session: AsyncSession, username: str, password_hash: str) -> User | None:
    """The new user; None if the name is taken, whatever its case."""
    statement = insert(User).values(id=uuid.uuid4(), username=username, password_hash=password_hash)
    return (await session.scalars(statement.on_conflict_do_nothing().returning(User))).one_or_none()


async def find_user(session: AsyncSession, username: str) -> User | None:
    """The user of that name, whatever its case."""
    statement = select(User).where(func.lower(User.username) == func.lower(username))
    return (await session.scalars(statement)).one_or_none()


async def add_session(session: AsyncSession, user: User, token_hash: bytes, ttl: dt.timedelta) -> Session:
    """A session that starts now. The user's expired ones are removed."""
    await session.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at < func.now()))
    added = Session(user_id=user.id, token_hash=token_hash, expires_at=dt.datetime.now(dt.UTC) + ttl)
    session.add(added)
    await session.flush()
    return added


async def find_identity(session: AsyncSession, token_hash: bytes) -> Identity | None:
    """Who holds the token; None if it is unknown, expired or revoked. Notes the use, at most once a minute."""
    statement = (
        select(User, Session.id, Session.last_used_at < func.now() - _TOUCH_EVERY)
        .join(Session, Session.user_id == User.id)
        .where(Session.token_hash == token_hash, Session.revoked_at.is_(None), Session.expires_at > func.now())
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    user, session_id, is_stale = found
    if is_stale:
        await session.execute(update(Session).where(Session.id == session_id).values(last_used_at=func.now()))
    return Identity(user, session_scopes(is_admin=user.is_admin), session_id=session_id)


async def revoke_session(session: AsyncSession, user_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """The session's token is worth nothing from the commit on."""
    await session.execute(
        update(Session)
        .where(Session.id == session_id, Session.user_id == user_id, Session.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
