"""What may be done with one's own API tokens: make, list, revoke. The caller's transaction."""

import datetime as dt
import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.accounts.api_tokens import queries
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import Origin
from cloud.accounts.scopes import TOKEN_SCOPES, TokenScope
from cloud.accounts.tokens import hash_of, new_token
from cloud.db.account_models import ApiToken
from cloud.errors import Conflict, Forbidden, InvalidInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import User

TOKENS_LIMIT = 100
_HINT_CHARS = 4


class TooManyTokens(Conflict):
    """The user has as many API tokens as one may have."""

    code = "too_many_tokens"

    def __init__(self) -> None:
        super().__init__(f"You have {TOKENS_LIMIT} API tokens, and no more are allowed; revoke one first.")


class AdminScopeRefused(Forbidden):
    """Somebody who is no admin asks for a token that is."""

    code = "admin_scope_refused"

    def __init__(self) -> None:
        super().__init__("Only admins can make a token with the scope `admin`; leave it out.")


async def make_token(
    session: "AsyncSession",
    user: "User",
    *,
    name: str,
    scopes: Collection[TokenScope],
    expires_in_days: int | None,
    origin: Origin,
) -> tuple[str, ApiToken]:
    """A new token, whose text cannot be had again, and its row. `expires_in_days` None: it holds until it is revoked.

    Raises: InvalidInput: the name cannot be used. AdminScopeRefused. TooManyTokens.
    """
    name = checked_name(name)
    if "admin" in scopes and not user.is_admin:
        raise AdminScopeRefused
    await queries.lock_user(session, user.id)
    if await queries.count_live(session, user.id) >= TOKENS_LIMIT:
        raise TooManyTokens
    token = new_token("pat")
    expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=expires_in_days) if expires_in_days else None
    row = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=hash_of(token),
        hint=token[-_HINT_CHARS:],
        scopes=[scope for scope in TOKEN_SCOPES if scope in scopes],
        expires_at=expires_at,
    )
    added = await queries.add_token(session, row)
    details = {"scopes": added.scopes, "expires_at": expires_at.isoformat() if expires_at else None}
    subject = f"token:{added.id}"
    await add_entry(session, "token.created", actor=user.id, origin=origin, subject=subject, details=details)
    return token, added


async def revoke_token(session: "AsyncSession", user_id: UUID, token_id: UUID, origin: Origin) -> None:
    """The token is worth nothing from the commit on. Raises: NotFound: the user has no such token (any more)."""
    if not await queries.revoke_token(session, user_id, token_id):
        raise NotFound("API token", token_id)
    await add_entry(session, "token.revoked", actor=user_id, origin=origin, subject=f"token:{token_id}")


def checked_name(text: str) -> str:
    """The name without white space around it. Raises: InvalidInput: empty, or with characters that nobody can see."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise InvalidInput("The token's name is empty; say what it is for.")
    if not name.isprintable():
        raise InvalidInput("The token's name holds characters that nobody can see; leave them out.")
    return name
