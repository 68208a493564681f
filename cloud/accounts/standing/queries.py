"""The SQL of who may still hold a connection open. The caller's transaction."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import ApiToken
from cloud.db.models import Session, User


@dataclass(frozen=True)
class Holder:
    """Whose a connection is, and with which session or API token it was opened."""

    user_id: uuid.UUID
    session_id: uuid.UUID | None
    token_id: uuid.UUID | None


async def ended_among(session: AsyncSession, holders: Iterable[Holder]) -> set[Holder]:
    """Those whose account is suspended or being deleted, or whose session or token is worth nothing any more."""
    asked = set(holders)
    users = select(User.id).where(
        User.id.in_({holder.user_id for holder in asked}),
        User.suspended_at.is_(None),
        User.deletion_requested_at.is_(None),
    )
    sessions = select(Session.id).where(
        Session.id.in_({holder.session_id for holder in asked if holder.session_id}),
        Session.revoked_at.is_(None),
        Session.expires_at > func.now(),
    )
    tokens = select(ApiToken.id).where(
        ApiToken.id.in_({holder.token_id for holder in asked if holder.token_id}),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
    )
    live = {None, *[found for one in (users, sessions, tokens) for found in await session.scalars(one)]}
    return {holder for holder in asked if not {holder.user_id, holder.session_id, holder.token_id} <= live}
