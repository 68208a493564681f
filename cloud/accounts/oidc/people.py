"""From an identity at a provider to an account here. Only (issuer, subject) finds one: never a name or an address."""

import secrets
import unicodedata
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cloud.accounts import queries as users
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.oidc import queries
from cloud.accounts.oidc.errors import IdentityTaken, LastWayIn
from cloud.accounts.oidc.id_token import Person
from cloud.accounts.origin import Origin
from cloud.accounts.sign_in import Accounts, SignUpMode, UsernameTaken
from cloud.accounts.usernames import checked_username
from cloud.db.account_models import ExternalIdentity
from cloud.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import User

_NAME_CHARS = 48  # leaves room for a number
_NUMBERED = 20


async def add_person(
    session: "AsyncSession", accounts: Accounts, person: Person, mode: SignUpMode, invite: str | None, origin: Origin
) -> "User":
    """A new user without a password, who signs in with this identity from the commit on.

    Raises: SignUpClosed, InviteNeeded, InviteWrong. IdentityTaken, UsernameTaken: another did the same at this moment;
    roll back and look again.
    """
    name = await _free_name(session, person.name)
    user = await accounts.add_user(session, name, None, mode=mode, invite=invite, origin=origin)
    if await queries.add_identity(session, user.id, person.issuer, person.subject) is None:
        raise IdentityTaken
    await _audit(session, "identity.connected", user.id, person.issuer, origin)
    return user


async def connect(session: "AsyncSession", user: "User", person: Person, origin: Origin) -> ExternalIdentity:
    """The user signs in with this identity too; nothing happens if so already. Raises: IdentityTaken."""
    added = await queries.add_identity(session, user.id, person.issuer, person.subject)
    if added is not None:
        await _audit(session, "identity.connected", user.id, person.issuer, origin)
        return added
    found = await queries.find_identity(session, person.issuer, person.subject)
    if found is None or found.user_id != user.id:
        raise IdentityTaken
    return found


async def disconnect(session: "AsyncSession", user_id: uuid.UUID, identity_id: uuid.UUID, origin: Origin) -> None:
    """The user signs in with this identity no more. Raises: NotFound. LastWayIn."""
    user = await queries.lock_user(session, user_id)  # of two at once the second sees what the first has left
    identities = await queries.list_identities(session, user_id)
    found = next((one for one in identities if one.id == identity_id), None)
    if found is None:
        raise NotFound("identity", identity_id)
    if user.password_hash is None and len(identities) == 1:
        raise LastWayIn
    await queries.drop_identity(session, found)
    await _audit(session, "identity.removed", user_id, found.issuer, origin)


async def _audit(session: "AsyncSession", action: str, user_id: uuid.UUID, issuer: str, origin: Origin) -> None:
    details = {"issuer": issuer}
    await add_entry(session, action, actor=user_id, origin=origin, subject=f"user:{user_id}", details=details)


async def _free_name(session: "AsyncSession", wanted: str) -> str:
    for name in _names(_usable(wanted)):
        if await users.find_user(session, name) is None:
            return name
    raise UsernameTaken


def _names(wanted: str) -> Iterator[str]:
    """The name itself, some with a number, and one that nobody has."""
    yield wanted
    for number in range(2, _NUMBERED):
        yield f"{wanted}-{number}"
    yield f"{wanted}-{secrets.token_hex(4)}"


def _usable(wanted: str) -> str:
    """What a username may be of it; "user" if nothing is left."""
    seen = "".join(character if character.isprintable() else " " for character in unicodedata.normalize("NFC", wanted))
    try:
        return checked_username(" ".join(seen.split())[:_NAME_CHARS])
    except InvalidInput:
        return "user"
