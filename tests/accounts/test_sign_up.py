"""Who may sign up: everybody, who has an invite, or nobody."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text

from cloud.accounts.links import links
from cloud.accounts.origin import OPERATOR, Origin
from cloud.accounts.password_rules import WeakPassword
from cloud.accounts.sign_in import AccountRules, InviteNeeded, InviteWrong, SignUpClosed, UsernameTaken
from cloud.accounts.throttle.throttle import LimitReached
from cloud.db.engine import Database
from tests.accounts.conftest import AccountsMaker

PASSWORD = "correct horse battery"
DAY = dt.timedelta(days=1)


async def _invite(database: Database, lasts: dt.timedelta = DAY, purpose: links.Purpose = "invite") -> str:
    async with database.sessions.begin() as session:
        return (await links.make_link(session, purpose, lasts, made_by=None, origin=OPERATOR)).code


async def test_invite_lets_one_in_once(accounts_with: AccountsMaker, database: Database) -> None:
    accounts = accounts_with(AccountRules(sign_up="invite"))
    code = await _invite(database)
    with pytest.raises(InviteNeeded):
        await accounts.sign_up("without", PASSWORD)

    names = ("first", "second", "third")
    answers = await asyncio.gather(
        *(accounts.sign_up(name, PASSWORD, invite=code) for name in names), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["InviteWrong", "InviteWrong", "User"]
    assert not any(one.is_admin for one in answers if not isinstance(one, BaseException))


@pytest.mark.parametrize("kind", ["expired", "reset", "no link"])
async def test_what_is_no_invite_lets_nobody_in(accounts_with: AccountsMaker, database: Database, kind: str) -> None:
    code = {
        "expired": lambda: _invite(database, -DAY),
        "reset": lambda: _invite(database, DAY, "reset"),
        "no link": lambda: asyncio.sleep(0, "p2m_lnk_x"),
    }[kind]
    with pytest.raises(InviteWrong):
        await accounts_with(AccountRules(sign_up="invite")).sign_up("sly", PASSWORD, invite=await code())


async def test_refused_sign_up_leaves_the_invite(accounts_with: AccountsMaker, database: Database) -> None:
    await accounts_with(AccountRules()).sign_up("holder", PASSWORD)
    accounts = accounts_with(AccountRules(sign_up="invite"))
    code = await _invite(database)
    with pytest.raises(UsernameTaken):
        await accounts.sign_up("Holder", PASSWORD, invite=code)
    with pytest.raises(WeakPassword):
        await accounts.sign_up("guest", "password1", invite=code)

    assert (await accounts.sign_up("guest", PASSWORD, invite=code)).username == "guest"


async def test_closed_server_takes_the_first_admin_alone(accounts_with: AccountsMaker, database: Database) -> None:
    accounts = accounts_with(AccountRules(sign_up="closed"))
    with pytest.raises(SignUpClosed):
        await accounts.sign_up("early", PASSWORD)
    with pytest.raises(InviteWrong):
        await accounts.sign_up("early", PASSWORD, invite=await _invite(database))

    code = await _invite(database, purpose="first_admin")
    assert (await accounts.sign_up("operator", PASSWORD, invite=code)).is_admin

    with pytest.raises(InviteWrong):
        await accounts.sign_up("second", PASSWORD, invite=await _invite(database, purpose="first_admin"))
    async with database.sessions.begin() as session:
        await session.execute(text("UPDATE users SET is_admin = false"))


async def test_network_signs_up_so_many_an_hour(accounts_with: AccountsMaker) -> None:
    accounts = accounts_with(AccountRules(sign_ups_an_hour=2))
    for number in range(2):
        await accounts.sign_up(f"crowd {number}", PASSWORD, origin=Origin(f"2001:db8::{number}"))

    with pytest.raises(LimitReached, match="Too many sign-ups from your network; try again in"):
        await accounts.sign_up("crowd 2", PASSWORD, origin=Origin("2001:db8::2"))
    await accounts.sign_up("elsewhere", PASSWORD, origin=Origin("198.51.100.1"))
