"""Proof that it is the user who asks, and not whoever has found their computer open: before what cannot be undone."""

import datetime as dt
from typing import TYPE_CHECKING

from cloud.accounts import queries
from cloud.accounts.throttle.throttle import Limit, Throttle
from cloud.errors import Forbidden

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from cloud.accounts.queries import Identity
    from cloud.accounts.sign_in import Accounts

FRESH = dt.timedelta(minutes=10)
_WRONG_ONES = Limit(10, 900, "wrong passwords")


class NotYourPassword(Forbidden):
    """The password that was sent is not the account's."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("The password is wrong.")


class SignInAgain(Forbidden):
    """The account has no password, and the session is not a fresh one."""

    code = "sign_in_again"

    def __init__(self) -> None:
        minutes = int(FRESH.total_seconds() // 60)
        super().__init__(f"Sign in again first: for this the session must be younger than {minutes} minutes.")


async def demand_proof(
    sessions: "async_sessionmaker[AsyncSession]",
    accounts: "Accounts",
    throttle: Throttle,
    identity: "Identity",
    password: str | None,
) -> None:
    """The account's password, or, where it has none, a fresh session. Holds no connection while it hashes.

    Raises: NotYourPassword. SignInAgain. LimitReached, SignInsBusy.
    """
    user = identity.user
    if user.password_hash is None:
        async with sessions() as session:
            begun = await queries.session_began(session, identity.session_id) if identity.session_id else None
        if begun is None or begun < dt.datetime.now(dt.UTC) - FRESH:
            raise SignInAgain
        return
    key = f"own-password:{user.id}"
    with accounts.passwords.place():
        await throttle.demand_kept(key, _WRONG_ONES)
        if not password or not await accounts.passwords.verify(password, user.password_hash):
            raise NotYourPassword
    await throttle.forget_kept(key)
