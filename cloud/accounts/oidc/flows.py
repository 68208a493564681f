"""What is under way between a browser, the provider and us; each is found by a secret, sealed, and good for once.

Three kinds follow each other. A `Ticket` lets a browser begin to connect an identity with the account of whoever is
signed in and asked for it; a sign-in needs none. A `Flow` lasts from the button to the provider's answer, and its
secret is OAuth's state. A `Handover` lasts from that answer until the web UI fetches what came of it, and its secret is
a code in the UI's address. Flow and handover are bound to the browser that began: it holds a cookie of which they hold
the hash. So nobody can have another browser end what they have begun, which would sign somebody in to an attacker's
account. And an identity is only connected with the account that the ticket is of: no page elsewhere can begin that for
somebody who is signed in here and, by its doing, is somebody else at the provider.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from cloud.accounts.oidc import queries
from cloud.accounts.oidc.errors import SignInGone
from cloud.accounts.secrets import Safe, SecretUnreadable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Purpose = Literal["sign_in", "connect"]
TICKET_LASTS = dt.timedelta(minutes=10)
FLOW_LASTS = dt.timedelta(minutes=10)
# A person who connects an identity may have to sign in again first.
HANDOVER_LASTS: dict[Purpose, dt.timedelta] = {"sign_in": dt.timedelta(seconds=60), "connect": dt.timedelta(minutes=10)}
COOKIE_LASTS = FLOW_LASTS + max(HANDOVER_LASTS.values())


class Ticket(BaseModel):
    """This user may connect an identity. Any browser may use it, as none has begun yet."""

    user_id: uuid.UUID


class Flow(BaseModel):
    """A browser is at the provider. `to` is the page of the web UI that it comes back to.

    `user_id`: the account that the identity is to be connected with; None: to sign in.
    """

    browser_hash: str
    user_id: uuid.UUID | None = None
    issuer: str
    redirect_uri: str
    nonce: str
    verifier: str
    to: str = "/"
    invite: str | None = None


class Handover(BaseModel):
    """The provider has answered: who it is, or why it is nobody (`refusal`, with its code). `user_id`: as above."""

    browser_hash: str
    user_id: uuid.UUID | None = None
    issuer: str = ""
    subject: str = ""
    name: str = ""
    invite: str | None = None
    refusal: str = ""
    refusal_code: str = ""


Kept = TypeVar("Kept", Ticket, Flow, Handover)


def new_secret() -> str:
    """256 bits, as a text that fits into an address and a cookie."""
    return secrets.token_urlsafe(32)


def hash_of_browser(browser: str) -> str:
    """What is kept of the cookie."""
    return hashlib.sha256(browser.encode(errors="replace")).hexdigest()


async def keep(session: "AsyncSession", safe: Safe, kept: Ticket | Flow | Handover, lasts: dt.timedelta) -> str:
    """Keep it, from the commit on. Returns: the secret that finds it again."""
    secret = new_secret()
    found_by = _hash_of(type(kept), secret)
    await queries.add_flow(session, found_by, safe.seal(_owner(found_by), kept.model_dump_json()), lasts)
    return secret


async def take(session: "AsyncSession", safe: Safe, kind: type[Kept], secret: str, browser: str = "") -> Kept:
    """What the secret finds, in the browser that began it; it is gone from the commit on, whoever asked.

    Raises: SignInGone: there is nothing (any more), or it is another browser's. Commit then too.
    """
    found_by = _hash_of(kind, secret)
    sealed = await queries.take_flow(session, found_by)
    if sealed is None:
        raise SignInGone
    try:
        kept = kind.model_validate_json(safe.open(_owner(found_by), sealed))
    except (SecretUnreadable, ValidationError):
        raise SignInGone from None
    if not isinstance(kept, Ticket) and not hmac.compare_digest(kept.browser_hash, hash_of_browser(browser)):
        raise SignInGone
    return kept


def _hash_of(kind: type[BaseModel], secret: str) -> bytes:
    """The kind is in it: what finds the one never finds the other."""
    return hashlib.sha256(f"{kind.__name__}:{secret}".encode(errors="replace")).digest()


def _owner(found_by: bytes) -> uuid.UUID:
    """Sealed for this row alone."""
    return uuid.UUID(bytes=found_by[:16])
