"""The SQL of admins' acts on accounts. The caller's transaction; nothing here commits."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import ApiToken
from cloud.db.models import Project, Session, User
from cloud.errors import NotFound


@dataclass(frozen=True)
class Belongings:
    """How much of what an account has."""

    projects: int
    sessions: int
    api_tokens: int


@dataclass(frozen=True)
class Population:
    """How many accounts there are."""

    users: int
    admins: int
    suspended: int


async def get_user(session: AsyncSession, user_id: uuid.UUID, *, lock: bool = False) -> User:
    """The user; with `lock`, nobody else changes them, or sends a job of theirs, until the end. Raises: NotFound."""
    statement = select(User).where(User.id == user_id).execution_options(populate_existing=True)
    found = await session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if found is None:
        raise NotFound("user", user_id)
    return found


async def list_users(
    session: AsyncSession, before: tuple[Any, uuid.UUID] | None, limit: int, *, search: str, suspended: bool | None
) -> Sequence[User]:
    """Some users, newest first, older than `before` (a time and an id); `search` is a part of their names."""
    statement = select(User)
    if before is not None:
        statement = statement.where(tuple_(User.created_at, User.id) < before)
    if search:
        statement = statement.where(User.username.icontains(search, autoescape=True))
    if suspended is not None:
        statement = statement.where(User.suspended_at.is_not(None) if suspended else User.suspended_at.is_(None))
    return (await session.scalars(statement.order_by(User.created_at.desc(), User.id.desc()).limit(limit))).all()


async def lock_active_admins(session: AsyncSession) -> Sequence[uuid.UUID]:
    """The admins who are not suspended; none of them changes until the transaction's end."""
    statement = select(User.id).where(User.is_admin, User.suspended_at.is_(None), User.deletion_requested_at.is_(None))
    return (await session.scalars(statement.order_by(User.id).with_for_update(key_share=True))).all()


async def change_user(session: AsyncSession, user_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Set these columns."""
    await session.execute(update(User).where(User.id == user_id).values(**values))


async def belongings_of(session: AsyncSession, user_id: uuid.UUID) -> Belongings:
    """What can be used now: no deleted projects, no ended sessions or tokens."""
    projects = select(func.count()).select_from(Project).where(Project.user_id == user_id, Project.deleted_at.is_(None))
    sessions = select(func.count()).select_from(Session)
    sessions = sessions.where(Session.user_id == user_id, Session.revoked_at.is_(None), Session.expires_at > func.now())
    tokens = select(func.count()).select_from(ApiToken)
    tokens = tokens.where(
        ApiToken.user_id == user_id,
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
    )
    counts = [(await session.scalars(one)).one() for one in (projects, sessions, tokens)]
    return Belongings(*counts)


async def population(session: AsyncSession) -> Population:
    """All accounts."""
    statement = select(
        func.count(), func.count().filter(User.is_admin), func.count().filter(User.suspended_at.is_not(None))
    ).select_from(User)
    return Population(*(await session.execute(statement)).one())
