"""The SQL of API tokens. The caller's transaction; nothing here commits."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.accounts.queries import Identity
from cloud.accounts.scopes import session_scopes
from cloud.db.account_models import ApiToken
from cloud.db.models import User

_TOUCH_EVERY = dt.timedelta(minutes=1)
_SHOWN_AT_MOST = 500


async def find_token_identity(session: AsyncSession, token_hash: bytes) -> Identity | None:
    """Who holds the token, and what it may do; None if it is unknown, expired or revoked.

    It never does more than its user may now, who may be suspended or being deleted. Notes the use, at most once a
    minute.
    """
    is_stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < func.now() - _TOUCH_EVERY)
    statement = (
        select(User, ApiToken.id, ApiToken.scopes, is_stale)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.token_hash == token_hash, _is_live())
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    user, token_id, scopes, stale = found
    if stale:
        await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=func.now()))
    return Identity(user, session_scopes(is_admin=user.is_admin) & frozenset(scopes), token_id=token_id)


async def lock_user(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Two tokens of one user are not made at once until the transaction's end: else both may be the last allowed."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())


async def count_live(session: AsyncSession, user_id: uuid.UUID) -> int:
    """How many tokens of the user can be used."""
    statement = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == user_id, _is_live())
    return (await session.scalars(statement)).one()


async def add_token(session: AsyncSession, token: ApiToken) -> ApiToken:
    """Keep the token. Returns: it, with what the database fills in."""
    session.add(token)
    await session.flush()
    await session.refresh(token)
    return token


async def list_tokens(session: AsyncSession, user_id: uuid.UUID) -> Sequence[ApiToken]:
    """The user's tokens, newest first: those that can be used, and those that expired lately (see the clean-up)."""
    statement = (
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
        .limit(_SHOWN_AT_MOST)
    )
    return (await session.scalars(statement)).all()


async def revoke_token(session: AsyncSession, user_id: uuid.UUID, token_id: uuid.UUID) -> bool:
    """The token is worth nothing from the commit on. Returns: False: the user has no such token."""
    statement = (
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    return (await session.scalars(statement)).one_or_none() is not None


def _is_live() -> ColumnElement[bool]:
    return ApiToken.revoked_at.is_(None) & or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now())
