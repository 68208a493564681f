"""What the operator does to accounts on the server itself, with the database at hand and nobody signed in."""

from typing import TYPE_CHECKING

from cloud.accounts import queries
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.links import queries as link_queries
from cloud.accounts.origin import OPERATOR
from cloud.accounts.password_rules import check_password
from cloud.accounts.passwords import Passwords
from cloud.accounts.sign_in import UsernameTaken
from cloud.accounts.usernames import checked_username
from cloud.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import User


class NoSuchUser(NotFound):
    """Nobody has this name."""

    def __init__(self, username: str) -> None:
        Exception.__init__(self, f"There is no user named {username!r}; `prompt2mesh users list` shows them.")


async def hash_of(password: str, username: str, least_chars: int) -> str:
    """What is kept of a new password. Raises: WeakPassword."""
    check_password(password, username, least_chars)
    passwords = Passwords()
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()


async def add_user(session: "AsyncSession", username: str, password_hash: str, *, is_admin: bool) -> "User":
    """The new user, whoever else may sign up here. Raises: InvalidInput: the name cannot be used. UsernameTaken."""
    user = await queries.add_user(session, checked_username(username), password_hash)
    if user is None:
        raise UsernameTaken
    await add_entry(session, "user.created", actor=None, origin=OPERATOR, subject=f"user:{user.id}")
    if is_admin:
        await queries.make_admin(session, user, OPERATOR)
    return user


async def find(session: "AsyncSession", username: str) -> "User":
    """The user of that name. Raises: NoSuchUser."""
    user = await queries.find_user(session, username.strip())
    if user is None:
        raise NoSuchUser(username)
    return user


async def add_local_user(session: "AsyncSession", username: str, password_hash: str) -> None:
    """The user of this machine's command line: its admin, if it has none. One who has the name keeps it."""
    await link_queries.lock_first_admin(session)
    is_first = not await link_queries.is_there_an_admin(session)
    if await queries.find_user(session, username) is None:
        await add_user(session, username, password_hash, is_admin=is_first)
