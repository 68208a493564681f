"""What is left of sign-ins, links and API tokens that have ended goes with the clean-up."""

import datetime as dt
from uuid import uuid4

import psycopg

from cloud.jobs.retention.cleanup import clean_up
from cloud.settings import Settings
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import NOW, Shelf


async def test_ended_device_sign_ins_and_tokens_go_after_a_while(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    for expired_min in (-5, 30, 90):
        sql.execute(
            "INSERT INTO device_grants (id, device_code_hash, user_code, client, user_id, expires_at)"
            " VALUES (%s, %s, %s, 'cli', %s, %s)",
            (uuid4(), uuid4().bytes, f"after {expired_min}", owner.user_id, NOW - dt.timedelta(minutes=expired_min)),
        )
    for name, expired_days, revoked_days in (
        ("endless", None, None),
        ("expired lately", 20, None),
        ("expired", 31, None),
        ("revoked lately", None, 20),
        ("revoked", None, 31),
    ):
        ends = [days and NOW - dt.timedelta(days=days) for days in (expired_days, revoked_days)]
        sql.execute(
            "INSERT INTO api_tokens (id, user_id, name, token_hash, hint, scopes, expires_at, revoked_at)"
            " VALUES (%s, %s, %s, %s, 'wxyz', '[]', %s, %s)",
            (uuid4(), owner.user_id, name, uuid4().bytes, *ends),
        )

    freed = await clean_up(owner.database, shelf.store, Settings(), now=NOW)

    assert (freed.device_sign_ins, freed.api_tokens) == (1, 2)
    codes = sql.execute("SELECT user_code FROM device_grants ORDER BY expires_at").fetchall()
    assert codes == [("after 30",), ("after -5",)]
    names = sql.execute("SELECT name FROM api_tokens ORDER BY name").fetchall()
    assert names == [("endless",), ("expired lately",), ("revoked lately",)]


async def test_links_and_counts_of_failures_go_when_they_mean_nothing(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    for name, expires_min, used in (("usable", 5, False), ("expired", -5, False), ("used", 5, True)):
        times = [NOW + dt.timedelta(minutes=expires_min), NOW - dt.timedelta(minutes=1) if used else None]
        sql.execute(
            "INSERT INTO one_time_links (id, purpose, token_hash, note, expires_at, used_at)"
            " VALUES (%s, 'invite', %s, %s, %s, %s)",
            (uuid4(), uuid4().bytes, name, *times),
        )
    for key, last_min, blocked_min in (("old", -61, None), ("young", -59, None), ("blocked", -61, 5)):
        last, blocked = (each and NOW + dt.timedelta(minutes=each) for each in (last_min, blocked_min))
        sql.execute(
            "INSERT INTO sign_in_failures (key, first_at, last_at, blocked_until) VALUES (%s, %s, %s, %s)",
            (key, last, last, blocked),
        )

    freed = await clean_up(owner.database, shelf.store, Settings(), now=NOW)

    assert (freed.one_time_links, freed.sign_in_failures) == (2, 1)
    assert sql.execute("SELECT note FROM one_time_links").fetchall() == [("usable",)]
    assert sql.execute("SELECT key FROM sign_in_failures ORDER BY key").fetchall() == [("blocked",), ("young",)]
