"""Changing a password, and setting a new one with a link that works once."""

from typing import TYPE_CHECKING

from cloud.accounts import queries
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.links import links
from cloud.accounts.origin import Origin, network_of
from cloud.accounts.password_rules import check_password
from cloud.accounts.queries import Identity
from cloud.accounts.sign_in import Accounts
from cloud.accounts.throttle.throttle import Limit, Throttle
from cloud.errors import Conflict, Forbidden

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

_WRONG_OLD_ONES = Limit(10, 900, "wrong passwords")
_RESETS = Limit(20, 600, "codes from your network")


class WrongPassword(Forbidden):
    """The old password is not this one."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("The old password is wrong.")


class NoPassword(Conflict):
    """The account has no password: its user signs in elsewhere."""

    code = "no_password"

    def __init__(self) -> None:
        super().__init__("This account has no password to change; an admin can make a link that sets one.")


class PasswordChanges:
    """What gives a user another password. API tokens stay valid: they are listed, and revoked, by themselves."""

    def __init__(self, sessions: "async_sessionmaker[AsyncSession]", accounts: Accounts, throttle: Throttle) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._throttle = throttle

    async def change(self, identity: Identity, old: str, new: str, origin: Origin) -> None:
        """The new one holds from now on; all other sessions of the user end.

        Raises: WrongPassword. NoPassword. WeakPassword. LimitReached, SignInsBusy.
        """
        user = identity.user
        if user.password_hash is None:
            raise NoPassword
        check_password(new, user.username, self._accounts.rules.password_least_chars)
        passwords = self._accounts.passwords
        key = f"old-password:{user.id}"
        with passwords.place():
            await self._throttle.demand_kept(key, _WRONG_OLD_ONES)
            if not await passwords.verify(old, user.password_hash):
                raise WrongPassword
            new_hash = await passwords.hash(new)
        async with self._sessions.begin() as session:
            # Of two changes at once the second finds another password than the one that was shown to it.
            if not await queries.set_password(session, user.id, new_hash, instead_of=user.password_hash):
                raise WrongPassword
            await queries.revoke_sessions(session, user.id, origin, all_but=identity.session_id)
            subject = f"user:{user.id}"
            await add_entry(session, "password.changed", actor=user.id, origin=origin, subject=subject)
        await self._throttle.forget_kept(key)

    async def reset(self, code: str, new: str, origin: Origin) -> None:
        """Set the password of the user whom the link is for; all sessions of the user end. The link is used up.

        Raises: LinkWrong. WeakPassword: the link can be used again. LimitReached, SignInsBusy.
        """
        self._throttle.demand(f"reset:{network_of(origin.address)}", _RESETS)
        async with self._sessions() as session:
            link = await links.check(session, code, "reset")
            user = await queries.get_user(session, link.user_id) if link.user_id else None
        if user is None:
            raise links.LinkWrong
        check_password(new, user.username, self._accounts.rules.password_least_chars)
        with self._accounts.passwords.place():
            new_hash = await self._accounts.passwords.hash(new)
        async with self._sessions.begin() as session:
            await links.use(session, code, "reset")
            await queries.set_password(session, user.id, new_hash)
            await queries.revoke_sessions(session, user.id, origin)
            subject = f"user:{user.id}"
            await add_entry(session, "password.reset", actor=user.id, origin=origin, subject=subject)
