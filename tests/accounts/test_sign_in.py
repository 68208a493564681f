"""Accounts on a real database, below HTTP."""

import asyncio
import time

import pytest
from sqlalchemy import text

from cloud.accounts.passwords import Passwords
from cloud.accounts.sign_in import AccountRules, Accounts, UsernameTaken
from cloud.accounts.tokens import new_token
from cloud.db.engine import Database
from cloud.errors import Unauthorized

pytestmark = pytest.mark.dear_passwords

PASSWORD = "correct horse"


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database.sessions, AccountRules(session_ttl_s=3600))


async def _last_used_s_ago(database: Database, name: str) -> float:
    async with database.sessions() as session:
        statement = text(
            "SELECT extract(epoch FROM now() - last_used_at) FROM sessions JOIN users ON users.id = user_id "
            "WHERE username = :name"
        )
        return float((await session.execute(statement, {"name": name})).scalar_one())


async def test_a_name_is_given_once_however_many_ask_at_once(accounts: Accounts) -> None:
    answers = await asyncio.gather(
        *(accounts.sign_up(name, PASSWORD) for name in ("Zoë", "ZOË", "zoë", "Zoe\u0308")), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["User", *["UsernameTaken"] * 3]


async def test_the_use_of_a_session_is_noted_at_most_once_a_minute(accounts: Accounts, database: Database) -> None:
    await accounts.sign_up("busy", PASSWORD)
    token, session, _ = await accounts.log_in("busy", PASSWORD)

    async def age(seconds: int) -> None:
        async with database.sessions.begin() as opened:
            await opened.execute(
                text("UPDATE sessions SET last_used_at = now() - make_interval(secs => :s) WHERE id = :id"),
                {"s": seconds, "id": session.id},
            )

    await age(30)
    await accounts.identify(token)
    assert await _last_used_s_ago(database, "busy") > 29

    await age(90)
    await accounts.identify(token)
    assert await _last_used_s_ago(database, "busy") < 29


async def test_a_log_in_removes_the_users_expired_sessions(accounts: Accounts, database: Database) -> None:
    await accounts.sign_up("old", PASSWORD)
    await accounts.log_in("old", PASSWORD)
    async with database.sessions.begin() as opened:
        await opened.execute(text("UPDATE sessions SET expires_at = now() - interval '1 day'"))

    token, _, user = await accounts.log_in("old", PASSWORD)

    async with database.sessions() as opened:
        left = await opened.scalar(text("SELECT count(*) FROM sessions WHERE user_id = :id"), {"id": user.id})
    assert left == 1
    assert (await accounts.identify(token)).user.username == "old"


_FRESH_TOKEN = new_token("ses")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "p2m_",
        "x" * 500,
        "p2m_\udce4",
        pytest.param(_FRESH_TOKEN, id="well formed"),
        pytest.param(_FRESH_TOKEN.removeprefix("p2m_"), id="without its prefix"),
    ],
)
async def test_a_token_that_was_never_given_out_is_nobodys(accounts: Accounts, token: str) -> None:
    with pytest.raises(Unauthorized):
        await accounts.identify(token)


async def test_a_password_fits_however_its_accents_were_typed() -> None:
    passwords = Passwords()
    kept = await passwords.hash("caf\u00e9 caf\u00e9")

    assert kept.startswith("$argon2id$")
    assert await passwords.verify("cafe\u0301 cafe\u0301", kept)
    assert not await passwords.verify("cafe cafe", kept)
    assert not await passwords.verify("cafe cafe", None)


async def test_hashing_leaves_the_event_loop_free() -> None:
    passwords = Passwords()
    hashing = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(4)]
    longest_s = 0.0
    while not all(task.done() for task in hashing):
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        longest_s = max(longest_s, time.perf_counter() - started)
    started = time.perf_counter()
    await passwords.hash(PASSWORD)

    assert longest_s < 0.5
    assert time.perf_counter() - started > 0.01


async def test_the_name_that_is_taken_is_said_to_be(accounts: Accounts) -> None:
    await accounts.sign_up("first", PASSWORD)

    with pytest.raises(UsernameTaken, match="taken"):
        await accounts.sign_up(" FIRST ", PASSWORD)
