"""Everything that is sealed gets the new key, while others read, and also if it was cut off in the middle."""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID, uuid4

import pytest

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.rotation.queries import sealed_tables
from cloud.accounts.rotation.rotation import rotate
from cloud.accounts.secrets import Safe, new_key
from cloud.db.account_models import OidcFlow
from cloud.db.engine import Database, Transaction
from cloud.db.models import Base, ModelKey, User

OLD, NEW, LOST = new_key(), new_key(), new_key()
COUNT = 230


async def _fill(database: Database) -> list[UUID]:
    """Users with keys, sign-ins under way at a provider; one row of each whose key nobody has any more."""
    users = [uuid4() for _ in range(COUNT)]
    old, lost = Safe([OLD]), Safe([LOST])
    async with database.sessions.begin() as session:
        await session.execute(Base.metadata.tables["model_keys"].delete())
        await session.execute(Base.metadata.tables["oidc_flows"].delete())
        session.add_all([User(id=user, username=str(user)) for user in users])
        await session.flush()
        session.add_all([ModelKey(user_id=user, sealed=old.seal(user, f"key of {user}"), hint="x") for user in users])
        session.add_all([_flow(old, users[0]) for _ in range(3)])
        session.add(_flow(lost, users[0]))
    return users


def _flow(safe: Safe, owner: UUID) -> OidcFlow:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    return OidcFlow(state_hash=os.urandom(32), sealed=safe.seal(owner, "verifier"), expires_at=ends)


def test_every_column_that_holds_what_is_sealed_is_known() -> None:
    assert {table.name for table in sealed_tables()} >= {"model_keys", "oidc_flows"}


async def test_rotation_while_others_read_and_write(database: Database) -> None:
    users = await _fill(database)
    both = Safe([NEW, OLD])
    keys, stopped, reads = ModelKeys(both), asyncio.Event(), 0

    async def read() -> None:
        nonlocal reads
        while not stopped.is_set():
            for user in (users[0], users[COUNT // 2], users[-1]):
                async with database.sessions() as session:
                    assert await keys.read(session, user) == f"key of {user}"
                reads += 1

    reading = asyncio.create_task(read())
    done = {each.table: each for each in await rotate(database.sessions.begin, both)}
    stopped.set()
    await reading
    assert reads > 0
    assert (done["model_keys"].encrypted_anew, done["model_keys"].up_to_date) == (COUNT, 0)
    assert (done["oidc_flows"].encrypted_anew, done["oidc_flows"].unreadable) == (3, 1)
    only_new = ModelKeys(Safe([NEW]))
    async with database.sessions() as session:
        for user in users:
            assert await only_new.read(session, user) == f"key of {user}"
    again = {each.table: each for each in await rotate(database.sessions.begin, both)}
    assert (again["model_keys"].encrypted_anew, again["model_keys"].up_to_date) == (0, COUNT)


async def test_rotation_that_was_cut_off_goes_on_where_it_was(database: Database) -> None:
    await _fill(database)
    begun = 0

    def begin() -> AbstractAsyncContextManager[Transaction]:
        @asynccontextmanager
        async def open_one() -> AsyncIterator[Transaction]:
            nonlocal begun
            begun += 1
            async with database.sessions.begin() as session:
                yield session
                if begun == 4:  # two of the sign-ins, and the first hundred keys are sealed
                    raise ConnectionError("cut off")

        return open_one()

    both = Safe([NEW, OLD])
    with pytest.raises(ConnectionError):
        await rotate(begin, both)
    done = {each.table: each for each in await rotate(database.sessions.begin, both)}
    assert 0 < done["model_keys"].up_to_date < COUNT
    assert done["model_keys"].encrypted_anew + done["model_keys"].up_to_date == COUNT
