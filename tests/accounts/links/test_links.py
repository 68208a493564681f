"""The link of the first admin, which stands in the log and nowhere else."""

import asyncio
import logging
import re

import pytest
from sqlalchemy import text

from cloud.accounts import operator, queries
from cloud.accounts.links import links
from cloud.accounts.origin import OPERATOR
from cloud.db.engine import Database

UI = "https://models.example.org"


async def _announce(database: Database) -> None:
    async with database.sessions.begin() as session:
        await links.announce_first_admin(session, UI)


async def _works(database: Database, code: str) -> bool:
    async with database.sessions() as session:
        try:
            await links.check(session, code, "first_admin")
        except links.LinkWrong:
            return False
    return True


def _codes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Those of the lines in the log, in their order."""
    return re.findall(rf"{UI}/\?claim=(p2m_lnk_\w+)", caplog.text)


async def test_processes_that_start_together_write_one_link_and_a_later_start_another(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(_announce(database) for _ in range(4)))
        (first,) = _codes(caplog)
        assert await _works(database, first)
        async with database.sessions.begin() as session:
            await session.execute(text("UPDATE one_time_links SET created_at = now() - interval '2 minutes'"))
        await _announce(database)
    _, second = _codes(caplog)

    assert (await _works(database, first), await _works(database, second)) == (False, True)
    async with database.sessions() as session:
        kept = (await session.scalars(text("SELECT one_time_links::text FROM one_time_links"))).all()
        told = (await session.scalars(text("SELECT audit_log::text FROM audit_log"))).all()
    assert told
    assert not any(second.removeprefix("p2m_lnk_") in row for row in (*kept, *told))

    async with database.sessions.begin() as session:
        await operator.add_local_user(session, "me", "hash")
        await operator.add_local_user(session, "me", "other hash")
        await operator.add_local_user(session, "somebody else", "hash")
    async with database.sessions() as session:
        users = {user.username: user for user in await queries.list_users(session, 10)}
    assert {name: user.is_admin for name, user in users.items()} == {"me": True, "somebody else": False}
    assert users["me"].password_hash == "hash"

    with pytest.raises(links.LinkWrong):
        async with database.sessions.begin() as session:
            await links.use(session, second, "first_admin")
    caplog.clear()
    await _announce(database)
    assert not _codes(caplog)


async def test_link_ends_in_the_code_and_is_nowhere_without_a_web_page(database: Database) -> None:
    async with database.sessions.begin() as session:
        made = await links.make_link(session, "invite", links.INVITE_LASTS, made_by=None, origin=OPERATOR)

    assert made.url(UI) == f"{UI}/?invite={made.code}"
    assert made.url("") == ""
