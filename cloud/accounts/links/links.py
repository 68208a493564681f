"""Making one-time links. There is no mail from here: whoever makes a link hands it on."""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.links import queries
from cloud.accounts.origin import OPERATOR, Origin
from cloud.accounts.tokens import hash_of, kind_of, new_token
from cloud.db.account_models import OneTimeLink
from cloud.errors import Forbidden
from cloud.logs import SHOWN_ON_PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import User

log = logging.getLogger(__name__)

Purpose = Literal["first_admin", "invite", "reset"]
FIRST_ADMIN_LASTS = dt.timedelta(hours=24)
INVITE_LASTS = dt.timedelta(days=7)
RESET_LASTS = dt.timedelta(hours=1)
# Of several API processes that start together one makes the first admin's link.
_SAME_START = dt.timedelta(minutes=1)
_QUERY_NAMES: dict[Purpose, str] = {"first_admin": "claim", "invite": "invite", "reset": "reset"}


class LinkWrong(Forbidden):
    """A code that opens nothing (any more)."""

    code = "link_wrong"

    def __init__(self) -> None:
        super().__init__("This code is wrong, has been used, or has expired; ask for a new one.")


@dataclass(frozen=True)
class MadeLink:
    """A link with its code, which is shown this once."""

    row: OneTimeLink
    code: str

    def url(self, public_url: str) -> str:
        """Where the web UI takes the code; "" where its address is not known."""
        purpose: Purpose = self.row.purpose  # type: ignore[assignment]
        return f"{public_url}/?{_QUERY_NAMES[purpose]}={self.code}" if public_url else ""


async def make_link(
    session: "AsyncSession",
    purpose: Purpose,
    lasts: dt.timedelta,
    *,
    made_by: "User | None",
    origin: Origin,
    user: "User | None" = None,
    note: str = "",
) -> MadeLink:
    """A fresh link; `made_by` None: the operator. A new reset voids the user's earlier ones."""
    if purpose == "reset" and user is not None:
        await queries.drop_unused(session, "reset", user.id)
    code = new_token("lnk")
    row = OneTimeLink(
        purpose=purpose,
        token_hash=hash_of(code),
        user_id=user.id if user else None,
        made_by=made_by.id if made_by else None,
        note=note,
        expires_at=dt.datetime.now(dt.UTC) + lasts,
    )
    await queries.add_link(session, row)
    await add_entry(
        session,
        "link.made",
        actor=made_by.id if made_by else None,
        origin=origin,
        subject=f"user:{user.id}" if user else f"link:{row.id}",
        details={"purpose": purpose},
    )
    return MadeLink(row, code)


async def use(session: "AsyncSession", code: str, *purposes: Purpose) -> OneTimeLink:
    """The link, used up by the caller's transaction. Raises: LinkWrong."""
    link = None
    if kind_of(code) == "lnk":
        if "first_admin" in purposes:
            await queries.lock_first_admin(session)
        link = await queries.use_link(session, hash_of(code), purposes)
    if link is None or (link.purpose == "first_admin" and await queries.is_there_an_admin(session)):
        raise LinkWrong
    return link


async def check(session: "AsyncSession", code: str, *purposes: Purpose) -> OneTimeLink:
    """The link, unused: asked before any costly work. Raises: LinkWrong."""
    link = await queries.find_link(session, hash_of(code), purposes) if kind_of(code) == "lnk" else None
    if link is None:
        raise LinkWrong
    return link


async def announce_first_admin(session: "AsyncSession", public_url: str) -> None:
    """While there is no admin, make the link that makes one and write it to the log: the only place that has it.

    Each start makes a new one, and the old one void; processes that start together make one together.
    """
    await queries.lock_first_admin(session)
    if await queries.is_there_an_admin(session):
        return
    if await queries.is_one_younger(session, "first_admin", _SAME_START):
        return
    await queries.drop_unused(session, "first_admin")
    made = await make_link(session, "first_admin", FIRST_ADMIN_LASTS, made_by=None, origin=OPERATOR)
    where = made.url(public_url) or f"POST /v1/admin/claim with the code {made.code}"
    words = "there is no admin yet; whoever uses this once within 24 hours becomes it: %s"
    log.warning(words, where, extra={SHOWN_ON_PURPOSE: True})
