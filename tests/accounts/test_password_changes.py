"""Another password, by who knows the old one, and by who has a link."""

import asyncio
from dataclasses import dataclass

import pytest

from cloud.accounts.links import links
from cloud.accounts.origin import OPERATOR, Origin
from cloud.accounts.password_changes import NoPassword, PasswordChanges, WrongPassword
from cloud.accounts.password_rules import WeakPassword
from cloud.accounts.queries import Identity
from cloud.accounts.sign_in import Accounts
from cloud.accounts.throttle.throttle import LimitReached, Throttle
from cloud.db.engine import Database
from cloud.errors import Unauthorized

OLD, NEW, OTHER = "correct horse battery", "wrong donkey socket", "third zebra plug"
HOME = Origin("198.51.100.1")


@dataclass(frozen=True)
class Desk:
    accounts: Accounts
    changes: PasswordChanges
    database: Database

    async def enter(self, name: str, password: str = OLD) -> str:
        token, _, _ = await self.accounts.log_in(name, password, origin=HOME)
        return token

    async def lets_in(self, token: str) -> bool:
        try:
            await self.accounts.identify(token)
        except Unauthorized:
            return False
        return True

    async def reset_code(self, name: str) -> str:
        async with self.database.sessions.begin() as session:
            user = (await self.accounts.identify(await self.enter(name))).user
            made = await links.make_link(session, "reset", links.RESET_LASTS, made_by=None, origin=OPERATOR, user=user)
        return made.code


@pytest.fixture
def desk(cheap_accounts: Accounts, database: Database) -> Desk:
    changes = PasswordChanges(database.sessions, cheap_accounts, Throttle(database.sessions))
    return Desk(cheap_accounts, changes, database)


async def test_change_ends_all_other_sessions(desk: Desk) -> None:
    await desk.accounts.sign_up("changer", OLD)
    here, there = await desk.enter("changer"), await desk.enter("changer")
    identity = await desk.accounts.identify(here)
    with pytest.raises(WrongPassword):
        await desk.changes.change(identity, NEW, NEW, HOME)
    with pytest.raises(WeakPassword):
        await desk.changes.change(identity, OLD, "changer1", HOME)
    assert await desk.lets_in(there)

    await desk.changes.change(identity, OLD, NEW, HOME)

    assert (await desk.lets_in(here), await desk.lets_in(there)) == (True, False)
    with pytest.raises(Unauthorized):
        await desk.enter("changer", OLD)
    assert await desk.lets_in(await desk.enter("changer", NEW))


async def test_old_password_is_not_to_be_guessed_by_who_has_a_session(desk: Desk) -> None:
    await desk.accounts.sign_up("left open", OLD)
    identity = await desk.accounts.identify(await desk.enter("left open"))
    for _ in range(10):
        with pytest.raises(WrongPassword):
            await desk.changes.change(identity, "a guess", NEW, HOME)

    with pytest.raises(LimitReached, match="Too many wrong passwords; try again in 15 minutes"):
        await desk.changes.change(identity, OLD, NEW, HOME)


async def test_of_two_changes_at_once_one_holds(desk: Desk) -> None:
    await desk.accounts.sign_up("hasty", OLD)
    identity = await desk.accounts.identify(await desk.enter("hasty"))

    answers = await asyncio.gather(
        *(desk.changes.change(identity, OLD, new, HOME) for new in (NEW, OTHER)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["NoneType", "WrongPassword"]


async def test_account_without_a_password_has_none_to_change(desk: Desk) -> None:
    user = await desk.accounts.sign_up("external", OLD)
    user.password_hash = None
    with pytest.raises(NoPassword):
        await desk.changes.change(Identity(user, frozenset()), OLD, NEW, HOME)


async def test_reset_link_works_once_and_ends_all_sessions(desk: Desk) -> None:
    await desk.accounts.sign_up("forgetful", OLD)
    before = await desk.enter("forgetful")
    void, code = await desk.reset_code("forgetful"), await desk.reset_code("forgetful")
    with pytest.raises(links.LinkWrong):
        await desk.changes.reset(void, NEW, HOME)
    with pytest.raises(WeakPassword):
        await desk.changes.reset(code, "short", HOME)

    await desk.changes.reset(code, NEW, HOME)

    assert not await desk.lets_in(before)
    assert await desk.lets_in(await desk.enter("forgetful", NEW))
    with pytest.raises(links.LinkWrong):
        await desk.changes.reset(code, OTHER, HOME)
    with pytest.raises(Unauthorized):
        await desk.enter("forgetful", OTHER)
