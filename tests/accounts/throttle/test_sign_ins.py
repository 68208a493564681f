"""Limits on sign-ins: what a flood of wrong passwords can do, and what it cannot."""

import asyncio
import datetime as dt
import statistics
import time

import pytest
from sqlalchemy import text, update

from cloud.accounts.origin import Origin, network_of
from cloud.accounts.sign_in import AccountRules, Accounts
from cloud.accounts.throttle import sign_ins
from cloud.accounts.throttle.queries import Rule
from cloud.accounts.throttle.throttle import Limit, LimitReached, Throttle
from cloud.db.account_models import SignInFailure
from cloud.db.engine import Database
from cloud.errors import Forbidden, Unauthorized

pytestmark = pytest.mark.dear_passwords

PASSWORD, WRONG = "correct horse battery", "wrong"
# Delays of a second are made longer by this, for machines on which some attempts take that.
_SLOW_S = 60
HOME, ELSEWHERE, ATTACKER = Origin("198.51.100.1"), Origin("198.51.100.2"), Origin("203.0.113.7")


@pytest.fixture
def accounts(cheap_accounts: Accounts) -> Accounts:
    return cheap_accounts


async def _answers(accounts: Accounts, name: str, origin: Origin, times: int, password: str = WRONG) -> list[str]:
    found = []
    for _ in range(times):
        try:
            await accounts.log_in(name, password, origin=origin)
            found.append("in")
        except (Unauthorized, LimitReached) as refusal:
            found.append(type(refusal).__name__)
    return found


async def _age(database: Database, seconds: int) -> None:
    """As if all that was counted had been counted so long ago."""
    async with database.sessions.begin() as session:
        row, age = SignInFailure, dt.timedelta(seconds=seconds)
        moved = {"first_at": row.first_at - age, "last_at": row.last_at - age, "blocked_until": row.blocked_until - age}
        await session.execute(update(row).values(moved))


@pytest.mark.parametrize("exists", [True, False], ids=["a user", "nobody"])
async def test_failures_bring_delays_that_grow_and_end_whoever_has_the_name(
    accounts: Accounts, database: Database, exists: bool
) -> None:
    name = f"slow {exists}"
    if exists:
        await accounts.sign_up(name, PASSWORD, origin=HOME)

    assert await _answers(accounts, name, ATTACKER, 10) == ["Unauthorized"] * 10
    await _age(database, -_SLOW_S)
    assert await _answers(accounts, name, ATTACKER, 2) == ["LimitReached"] * 2
    await _age(database, _SLOW_S + 1)
    assert await _answers(accounts, name, ATTACKER, 1) == ["Unauthorized"]
    await _age(database, -_SLOW_S)
    with pytest.raises(LimitReached, match=r"Too many failed sign-ins; try again in \d\d seconds, at ") as refusal:
        await accounts.log_in(name, "wrong", origin=ATTACKER)
    assert refusal.value.retry_after_s
    assert 0 < refusal.value.retry_after_s <= _SLOW_S + 2
    await _age(database, 3600)
    assert await _answers(accounts, name, ATTACKER, 1) == ["Unauthorized"]


async def test_refused_attempts_do_not_prolong_the_delay(accounts: Accounts, database: Database) -> None:
    await accounts.sign_up("patient", PASSWORD, origin=HOME)
    await _answers(accounts, "patient", ATTACKER, 10)
    await _age(database, -_SLOW_S)
    assert await _answers(accounts, "patient", ATTACKER, 30) == ["LimitReached"] * 30
    await _age(database, _SLOW_S + 1)

    assert await _answers(accounts, "patient", ATTACKER, 1, PASSWORD) == ["in"]
    assert await _answers(accounts, "patient", ATTACKER, 10) == ["Unauthorized"] * 10


async def test_attack_from_everywhere_leaves_the_user_in_who_comes_from_home(
    accounts: Accounts, database: Database
) -> None:
    await accounts.sign_up("good", PASSWORD, origin=HOME)
    for number in range(60):
        await _answers(accounts, "good", Origin(f"2001:db8:0:{number:x}::1"), 1)

    assert await _answers(accounts, "good", ELSEWHERE, 1, PASSWORD) == ["LimitReached"]
    assert await _answers(accounts, "good", HOME, 1, PASSWORD) == ["in"]
    await _age(database, 901)
    assert await _answers(accounts, "good", ELSEWHERE, 1, PASSWORD) == ["in"]


async def test_network_that_tries_many_names_waits_but_not_for_those_known_there(
    accounts: Accounts, database: Database
) -> None:
    office = Origin("192.0.2.1")
    await accounts.sign_up("clerk", PASSWORD, origin=office)
    await accounts.sign_up("guest", PASSWORD, origin=HOME)
    for number in range(101):
        await _answers(accounts, f"spray {number}", office, 1)

    assert await _answers(accounts, "guest", office, 1, PASSWORD) == ["LimitReached"]
    assert await _answers(accounts, "clerk", office, 1, PASSWORD) == ["in"]


async def test_many_at_once_do_not_slip_by(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "_OF_PAIR", Rule(free=10, first_s=60, longest_s=300, since_last=True))
    answers = await asyncio.gather(*(_answers(accounts, "burst", ATTACKER, 1) for _ in range(16)))

    assert sorted(one[0] for one in answers) == ["LimitReached"] * 6 + ["Unauthorized"] * 10


async def test_names_are_counted_as_hashes(accounts: Accounts, database: Database) -> None:
    await _answers(accounts, "a password typed as a name", ATTACKER, 1)

    async with database.sessions() as session:
        keys = " ".join((await session.scalars(text("SELECT key FROM sign_in_failures"))).all())
    assert "password" not in keys
    assert "203.0.113" not in keys


async def test_suspended_user_is_told_after_the_right_password_alone(accounts: Accounts, database: Database) -> None:
    user = await accounts.sign_up("bad", PASSWORD, origin=HOME)
    token, _, _ = await accounts.log_in("bad", PASSWORD, origin=HOME)
    async with database.sessions.begin() as session:
        await session.execute(text("UPDATE users SET suspended_at = now() WHERE id = :id"), {"id": user.id})

    assert await _answers(accounts, "bad", HOME, 1) == ["Unauthorized"]
    with pytest.raises(Forbidden, match="This account is suspended"):
        await accounts.log_in("bad", PASSWORD, origin=HOME)
    with pytest.raises((Unauthorized, Forbidden)):
        await accounts.identify(token)


async def test_user_without_a_password_looks_like_any_wrong_password(accounts: Accounts, database: Database) -> None:
    user = await accounts.sign_up("external", PASSWORD, origin=HOME)
    async with database.sessions.begin() as session:
        await session.execute(text("UPDATE users SET password_hash = NULL WHERE id = :id"), {"id": user.id})

    with pytest.raises(Unauthorized, match="The username or the password is wrong"):
        await accounts.log_in("external", PASSWORD, origin=HOME)


async def test_kept_limit_holds_for_all_processes_and_is_forgotten(database: Database) -> None:
    first, second = Throttle(database.sessions), Throttle(database.sessions)
    limit = Limit(2, 60, "tries")
    await first.demand_kept("x:1", limit)
    await second.demand_kept("x:1", limit)
    with pytest.raises(LimitReached, match=r"Too many tries; try again in \d+ seconds, at"):
        await first.demand_kept("x:1", limit)
    await second.demand_kept("x:2", limit)
    await first.forget_kept("x:1")
    await second.demand_kept("x:1", limit)


async def test_limit_in_memory_counts_each_key_for_itself(database: Database) -> None:
    throttle = Throttle(database.sessions)
    limit = Limit(1, 60, "tries")
    throttle.demand("x:1", limit)
    throttle.demand("x:2", limit)
    with pytest.raises(LimitReached):
        throttle.demand("x:1", limit)


def test_ipv6_address_stands_for_its_network() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("testclient") == "testclient"


@pytest.mark.heavy
async def test_times_of_unknown_and_locked_out_names_overlap_with_those_of_users(database: Database) -> None:
    """The distributions of times overlap: the better guess by time is right in less than two of three cases."""
    accounts = Accounts(database.sessions, AccountRules())
    await accounts.sign_up("timed", PASSWORD, origin=HOME)
    taken: dict[str, list[float]] = {"timed": [], "nobody": []}
    for number in range(60):
        for kind, times in taken.items():
            origin = Origin(f"10.0.{number}.1")
            async with database.sessions.begin() as session:
                await session.execute(text("DELETE FROM sign_in_failures"))
            began = time.perf_counter()
            assert await _answers(accounts, kind if kind == "timed" else f"nobody {number}", origin, 1) == [
                "Unauthorized"
            ]
            times.append(time.perf_counter() - began)
    accounts.passwords.close()
    users, others = taken.values()
    higher = sum(user > other for user in users for other in others) / (len(users) * len(others))
    assert 0.3 < higher < 0.7, (statistics.median(users), statistics.median(others))
