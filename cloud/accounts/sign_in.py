"""Signing up, signing in, and telling who holds a token."""

import datetime as dt
from typing import TYPE_CHECKING

from cloud.accounts import queries
from cloud.accounts.api_tokens.queries import find_token_identity
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import Origin
from cloud.accounts.passwords import Passwords
from cloud.accounts.queries import Identity
from cloud.accounts.tokens import hash_of, kind_of, new_token
from cloud.accounts.usernames import checked_username
from cloud.errors import Conflict, Forbidden, InvalidInput, Unauthorized

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from cloud.db.models import Session, User


class UsernameTaken(Conflict):
    """Somebody has this name."""

    code = "username_taken"

    def __init__(self) -> None:
        super().__init__("This username is taken; choose another.")


class Accounts:
    """Who may do what. Holds no database connection while a password is hashed. Belongs to one event loop."""

    def __init__(self, sessions: "async_sessionmaker[AsyncSession]", session_ttl_s: int) -> None:
        self._sessions = sessions
        self._ttl = dt.timedelta(seconds=session_ttl_s)
        self._passwords = Passwords()

    async def sign_up(self, username: str, password: str) -> "User":
        """The new user. Raises: InvalidInput: the name cannot be used. UsernameTaken."""
        name = checked_username(username)
        password_hash = await self._passwords.hash(password)
        async with self._sessions.begin() as session:
            user = await queries.add_user(session, name, password_hash)
        if user is None:
            raise UsernameTaken
        return user

    async def log_in(self, username: str, password: str) -> tuple[str, "Session", "User"]:
        """A fresh token with its session and user.

        Raises: Unauthorized: in the same words and the same time for an unknown name and a wrong password.
        """
        try:
            name = checked_username(username)
        except InvalidInput:
            name = ""
        async with self._sessions() as session:
            user = await queries.find_user(session, name)
        fits = await self._passwords.verify(password, user.password_hash if user else None)
        if user is None or not fits:
            raise Unauthorized("The username or the password is wrong.")
        token = new_token("ses")
        async with self._sessions.begin() as session:
            added = await queries.add_session(session, user, hash_of(token), self._ttl)
        return token, added, user

    async def identify(self, token: str) -> Identity:
        """Who holds the token. Raises: Unauthorized: unknown, expired or revoked."""
        find = {"ses": queries.find_identity, "pat": find_token_identity}.get(kind_of(token) or "")
        identity = None
        if find is not None:
            async with self._sessions.begin() as session:
                identity = await find(session, hash_of(token))
        if identity is None:
            raise Unauthorized("The token is wrong, expired or revoked; sign in again, or make a new API token.")
        return identity

    async def open_session(
        self, session: "AsyncSession", user: "User", *, client: str, origin: Origin
    ) -> tuple[str, "Session"]:
        """A fresh token with its session, of somebody who need show no password; in the caller's transaction."""
        token = new_token("ses")
        added = await queries.add_session(session, user, hash_of(token), self._ttl)
        added.client, added.device, added.address = client, origin.device, origin.address
        subject = f"session:{added.id}"
        await add_entry(
            session, "session.created", actor=user.id, origin=origin, subject=subject, details={"client": client}
        )
        return token, added

    async def log_out(self, identity: Identity) -> None:
        """The token of this session is worth nothing from now on. An API token is not ended by this."""
        if identity.session_id is None:
            raise Forbidden("This is an API token, which has no session to end; revoke it instead.")
        async with self._sessions.begin() as session:
            await queries.revoke_session(session, identity.user.id, identity.session_id)
