"""Signing up, signing in, and telling who holds a token."""

import asyncio
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cloud.accounts import queries
from cloud.accounts.api_tokens.queries import find_token_identity
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.links import links
from cloud.accounts.origin import Origin, network_of
from cloud.accounts.password_rules import LEAST_CHARS, check_password
from cloud.accounts.passwords import Passwords
from cloud.accounts.queries import Identity
from cloud.accounts.standing.standing import refusal_of, require_active
from cloud.accounts.throttle import sign_ins
from cloud.accounts.throttle.throttle import Limit, Throttle
from cloud.accounts.tokens import hash_of, kind_of, new_token
from cloud.accounts.usernames import checked_username
from cloud.errors import Conflict, Forbidden, InvalidInput, Unauthorized

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from cloud.db.models import Session, User

SignUpMode = Literal["open", "invite", "closed"]
_NO_ORIGIN = Origin()
_NOBODY = uuid.UUID(int=0)
# However many try to sign in, most of the database's connections are for those who have.
_CONNECTIONS = 3


@dataclass(frozen=True)
class AccountRules:
    """What the deployment has set. A session ends `session_ttl_s` after its last use, at last `session_limit_s` after
    its start; `sign_ups_an_hour` is for each network, 0 for no limit."""

    session_ttl_s: int = 30 * 24 * 3600
    session_limit_s: int = 180 * 24 * 3600
    sign_up: SignUpMode = "open"
    password_least_chars: int = LEAST_CHARS
    sign_ups_an_hour: int = 0


class UsernameTaken(Conflict):
    """Somebody has this name."""

    code = "username_taken"

    def __init__(self) -> None:
        super().__init__("This username is taken; choose another.")


class SignUpClosed(Forbidden):
    """Nobody can sign up here by themselves."""

    code = "sign_up_closed"

    def __init__(self) -> None:
        super().__init__("Nobody can sign up here by themselves; ask whoever runs this server for an account.")


class InviteNeeded(Forbidden):
    """Signing up takes an invite."""

    code = "invite_needed"

    def __init__(self) -> None:
        super().__init__("Signing up here takes an invite; ask an admin of this server for one.")


class InviteWrong(Forbidden):
    """An invite that opens nothing (any more)."""

    code = "invite_wrong"

    def __init__(self) -> None:
        super().__init__("This invite is wrong, has been used, or has expired; ask for a new one.")


class Accounts:
    """Who may do what. Holds no database connection while a password is hashed. Belongs to one event loop."""

    def __init__(
        self,
        sessions: "async_sessionmaker[AsyncSession]",
        rules: AccountRules | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self.rules = rules or AccountRules()
        self.passwords = Passwords()
        self._sessions = sessions
        self._throttle = throttle or Throttle(sessions)
        self._connections = asyncio.Semaphore(_CONNECTIONS)

    async def sign_up(
        self, username: str, password: str, *, invite: str | None = None, origin: Origin = _NO_ORIGIN
    ) -> "User":
        """The new user, an admin if the invite is the link that makes the first one.

        Raises: InvalidInput: the name cannot be used. WeakPassword. UsernameTaken. SignUpClosed, InviteNeeded,
        InviteWrong. LimitReached, SignInsBusy.
        """
        name = checked_username(username)
        check_password(password, name, self.rules.password_least_chars)
        await self._check_invite(invite)
        with self.passwords.place():
            if self.rules.sign_ups_an_hour:
                limit = Limit(self.rules.sign_ups_an_hour, 3600, "sign-ups from your network")
                await self._throttle.demand_kept(f"sign-up:{network_of(origin.address)}", limit)
            password_hash = await self.passwords.hash(password)
        async with self._sessions.begin() as session:
            return await self.add_user(session, name, password_hash, invite=invite, origin=origin)

    async def add_user(
        self,
        session: "AsyncSession",
        name: str,
        password_hash: str | None,
        *,
        invite: str | None,
        origin: Origin,
        mode: SignUpMode | None = None,
    ) -> "User":
        """The new user, in the caller's transaction; `mode` None: whoever may sign up.

        Raises: SignUpClosed, InviteNeeded, InviteWrong. UsernameTaken.
        """
        mode = mode or self.rules.sign_up
        _demand_invite(invite, mode)
        try:
            link = await links.use(session, invite, *_invites(mode)) if invite else None
        except links.LinkWrong:
            raise InviteWrong from None
        user = await queries.add_user(session, name, password_hash)
        if user is None:
            raise UsernameTaken
        details = {"invite": str(link.id)} if link else {}
        subject = f"user:{user.id}"
        await add_entry(session, "user.created", actor=user.id, origin=origin, subject=subject, details=details)
        if link is not None and link.purpose == "first_admin":
            await queries.make_admin(session, user, origin)
        return user

    async def _check_invite(self, invite: str | None) -> None:
        """Before a password is hashed for nothing."""
        _demand_invite(invite, self.rules.sign_up)
        if invite:
            async with self._sessions() as session:
                try:
                    await links.check(session, invite, *_invites(self.rules.sign_up))
                except links.LinkWrong:
                    raise InviteWrong from None

    async def log_in(
        self, username: str, password: str, *, client: str = "api", origin: Origin = _NO_ORIGIN
    ) -> tuple[str, "Session", "User"]:
        """A fresh token with its session and user.

        Raises: Unauthorized: in the same words and the same time for an unknown name and a wrong password.
        AccountSuspended, AccountBeingDeleted: after the right password alone. LimitReached: too many failures; the
        same for a name that nobody has. SignInsBusy.
        """
        try:
            name = checked_username(username)
        except InvalidInput:
            name = ""
        with self.passwords.place():
            user, attempt = await self._admit(name, origin)
            fits = await self.passwords.verify(password, user.password_hash if user else None)
        if user is None or not fits:
            async with self._connections, self._sessions.begin() as session:
                subject = f"user:{user.id}" if user else ""
                await add_entry(session, "session.failed", actor=None, origin=origin, subject=subject)
            raise Unauthorized("The username or the password is wrong.")
        async with self._connections, self._sessions.begin() as session:
            await sign_ins.succeed(session, attempt)
            present = await queries.get_user(session, user.id)
            if present is not None and refusal_of(present) is None and present.password_hash == user.password_hash:
                token, added = await self.open_session(session, present, client=client, origin=origin)
                return token, added, present
        raise refusal_of(present or user) or Unauthorized("The username or the password is wrong.")

    async def _admit(self, name: str, origin: Origin) -> tuple["User | None", sign_ins.Attempt]:
        """The user, if any, and the attempt, which has been counted. Raises: LimitReached."""
        network = network_of(origin.address)
        async with self._connections, self._sessions.begin() as session:
            user = await queries.find_user(session, name)
            seen = await queries.addresses_of(session, user.id if user else _NOBODY)
            is_known = network in {network_of(address) for address in seen}
            return user, await sign_ins.admit(session, name, network, is_known=is_known)

    async def identify(self, token: str, address: str = "") -> Identity:
        """Who holds the token, which was sent from the address.

        Raises: Unauthorized: unknown, expired or revoked. AccountSuspended, AccountBeingDeleted.
        """
        identity = None
        kind = kind_of(token)
        if kind in ("ses", "pat"):
            async with self._sessions.begin() as session:
                if kind == "ses":
                    ttl = dt.timedelta(seconds=self.rules.session_ttl_s)
                    identity = await queries.find_identity(session, hash_of(token), ttl, address)
                else:
                    identity = await find_token_identity(session, hash_of(token))
        if identity is None:
            raise Unauthorized("The token is wrong, expired or revoked; sign in again, or make a new API token.")
        require_active(identity.user)
        return identity

    async def open_session(
        self, session: "AsyncSession", user: "User", *, client: str, origin: Origin
    ) -> tuple[str, "Session"]:
        """A fresh token with its session, of somebody who need show no password; in the caller's transaction."""
        token = new_token("ses")
        now = dt.datetime.now(dt.UTC)
        added = await queries.add_session(
            session,
            user,
            hash_of(token),
            expires_at=now + dt.timedelta(seconds=min(self.rules.session_ttl_s, self.rules.session_limit_s)),
            ends_at=now + dt.timedelta(seconds=self.rules.session_limit_s),
            client=client,
            origin=origin,
        )
        subject = f"session:{added.id}"
        await add_entry(
            session, "session.created", actor=user.id, origin=origin, subject=subject, details={"client": client}
        )
        return token, added

    async def log_out(self, identity: Identity, origin: Origin = _NO_ORIGIN) -> None:
        """The token of this session is worth nothing from now on. An API token is not ended by this."""
        if identity.session_id is None:
            raise Forbidden("This is an API token, which has no session to end; revoke it instead.")
        async with self._sessions.begin() as session:
            await queries.revoke_sessions(session, identity.user.id, origin, only=identity.session_id)


def _invites(mode: SignUpMode) -> tuple[links.Purpose, ...]:
    """Which links let somebody sign up: that of the first admin always does."""
    return ("first_admin",) if mode == "closed" else ("first_admin", "invite")


def _demand_invite(invite: str | None, mode: SignUpMode) -> None:
    """Raises: SignUpClosed, InviteNeeded."""
    if not invite and mode != "open":
        raise SignUpClosed if mode == "closed" else InviteNeeded
