"""The SQL of one-time links. The caller's transaction; nothing here commits."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import OneTimeLink
from cloud.db.models import User

_FIRST_ADMIN = "hashtextextended('prompt2mesh first admin', 0)"
_SHOWN_AT_MOST = 500


async def add_link(session: AsyncSession, link: OneTimeLink) -> OneTimeLink:
    """Keep the link. Returns: it, with what the database fills in."""
    session.add(link)
    await session.flush()
    await session.refresh(link)
    return link


async def find_link(session: AsyncSession, token_hash: bytes, purposes: Collection[str]) -> OneTimeLink | None:
    """The link, if it can still be used for one of these purposes."""
    return (await session.scalars(select(OneTimeLink).where(_is_usable(token_hash, purposes)))).one_or_none()


async def use_link(session: AsyncSession, token_hash: bytes, purposes: Collection[str]) -> OneTimeLink | None:
    """The link, which is used up from the commit on; None if it cannot be used. Of two at once one gets it."""
    statement = (
        update(OneTimeLink).where(_is_usable(token_hash, purposes)).values(used_at=func.now()).returning(OneTimeLink)
    )
    return (await session.scalars(statement)).one_or_none()


async def list_links(session: AsyncSession, purpose: str) -> Sequence[OneTimeLink]:
    """Those that can still be used, newest first."""
    statement = (
        select(OneTimeLink)
        .where(OneTimeLink.purpose == purpose, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > func.now())
        .order_by(OneTimeLink.created_at.desc(), OneTimeLink.id)
        .limit(_SHOWN_AT_MOST)
    )
    return (await session.scalars(statement)).all()


async def drop_link(session: AsyncSession, link_id: uuid.UUID, purpose: str) -> bool:
    """Make a link worth nothing. Returns: False: there is none that could be used."""
    statement = (
        delete(OneTimeLink)
        .where(OneTimeLink.id == link_id, OneTimeLink.purpose == purpose, OneTimeLink.used_at.is_(None))
        .returning(OneTimeLink.id)
    )
    return (await session.scalars(statement)).one_or_none() is not None


async def drop_unused(session: AsyncSession, purpose: str, user_id: uuid.UUID | None = None) -> None:
    """Make all unused links of this purpose worth nothing; `user_id`: those of this user."""
    statement = delete(OneTimeLink).where(OneTimeLink.purpose == purpose, OneTimeLink.used_at.is_(None))
    if user_id is not None:
        statement = statement.where(OneTimeLink.user_id == user_id)
    await session.execute(statement)


async def lock_first_admin(session: AsyncSession) -> None:
    """Until the transaction's end nobody else makes or uses the first admin's link."""
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_FIRST_ADMIN})"))


async def is_there_an_admin(session: AsyncSession) -> bool:
    """Whether anybody is an admin."""
    return bool(await session.scalar(select(exists().where(User.is_admin))))


async def is_one_younger(session: AsyncSession, purpose: str, age: dt.timedelta) -> bool:
    """Whether a usable link of this purpose has been made so lately."""
    made = OneTimeLink.created_at > func.now() - age
    return bool(
        await session.scalar(
            select(exists().where(OneTimeLink.purpose == purpose, OneTimeLink.used_at.is_(None), made))
        )
    )


def _is_usable(token_hash: bytes, purposes: Collection[str]) -> ColumnElement[bool]:
    return (
        (OneTimeLink.token_hash == token_hash)
        & OneTimeLink.purpose.in_(purposes)
        & OneTimeLink.used_at.is_(None)
        & (OneTimeLink.expires_at > func.now())
    )
