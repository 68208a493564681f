"""Signing up, signing in, and telling who holds a token."""

import datetime as dt
from typing import TYPE_CHECKING

from cloud.accounts import queries
from cloud.accounts.passwords import Passwords
from cloud.accounts.queries import Identity
from cloud.accounts.standing.standing import require_active
from cloud.accounts.tokens import PREFIX, hash_of, new_token
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
        AccountSuspended, AccountClosing: the password is right.
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
        require_active(user)
        token = new_token()
        async with self._sessions.begin() as session:
            added = await queries.add_session(session, user, hash_of(token), self._ttl)
        return token, added, user

    async def identify(self, token: str) -> Identity:
        """Who holds the token. Raises: Unauthorized: unknown, expired or revoked. AccountSuspended, AccountClosing."""
        identity = None
        if token.startswith(PREFIX):
            async with self._sessions.begin() as session:
                identity = await queries.find_identity(session, hash_of(token))
        if identity is None:
            raise Unauthorized("The session token is wrong, expired or revoked; log in again.")
        require_active(identity.user)
        return identity

    async def log_out(self, identity: Identity) -> None:
        """The token of this session is worth nothing from now on. An API token is not ended by this."""
        if identity.session_id is None:
            raise Forbidden("This is an API token, which has no session to end; revoke it instead.")
        async with self._sessions.begin() as session:
            await queries.revoke_session(session, identity.user.id, identity.session_id)
