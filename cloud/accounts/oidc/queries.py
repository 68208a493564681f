"""The SQL of sign-ins with a provider, and of the identities they show. The caller's transaction; nothing commits."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import ExternalIdentity, OidcFlow
from cloud.db.models import User


async def add_flow(session: AsyncSession, state_hash: bytes, sealed: bytes, lasts: dt.timedelta) -> None:
    """Keep what is under way, so long; what has expired goes."""
    await session.execute(delete(OidcFlow).where(OidcFlow.expires_at < func.now()))
    await session.execute(insert(OidcFlow).values(state_hash=state_hash, sealed=sealed, expires_at=func.now() + lasts))


async def take_flow(session: AsyncSession, state_hash: bytes) -> bytes | None:
    """What was kept, once: of two at a time one gets it. None: nothing, or it has expired."""
    statement = delete(OidcFlow).where(OidcFlow.state_hash == state_hash, OidcFlow.expires_at > func.now())
    return (await session.scalars(statement.returning(OidcFlow.sealed))).one_or_none()


async def find_user_of(session: AsyncSession, issuer: str, subject: str) -> User | None:
    """Who signs in with this identity."""
    statement = (
        select(User)
        .join(ExternalIdentity, ExternalIdentity.user_id == User.id)
        .where(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def add_identity(session: AsyncSession, user_id: uuid.UUID, issuer: str, subject: str) -> ExternalIdentity | None:
    """The identity, of this user from the commit on; None: somebody has it."""
    statement = insert(ExternalIdentity).values(id=uuid.uuid4(), user_id=user_id, issuer=issuer, subject=subject)
    return (await session.scalars(statement.on_conflict_do_nothing().returning(ExternalIdentity))).one_or_none()


async def find_identity(session: AsyncSession, issuer: str, subject: str) -> ExternalIdentity | None:
    """The identity, whosever it is."""
    statement = select(ExternalIdentity).where(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
    return (await session.scalars(statement)).one_or_none()


async def list_identities(session: AsyncSession, user_id: uuid.UUID) -> Sequence[ExternalIdentity]:
    """The user's, oldest first."""
    statement = select(ExternalIdentity).where(ExternalIdentity.user_id == user_id)
    return (await session.scalars(statement.order_by(ExternalIdentity.created_at, ExternalIdentity.id))).all()


async def lock_user(session: AsyncSession, user_id: uuid.UUID) -> User:
    """The user, whom nobody else changes until the transaction's end."""
    statement = select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one()


async def drop_identity(session: AsyncSession, identity: ExternalIdentity) -> None:
    """Nobody signs in with it from the commit on."""
    await session.delete(identity)
    await session.flush()
