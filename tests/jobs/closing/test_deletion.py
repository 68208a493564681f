"""An account that is given up leaves nothing but bare ids in the audit log, and takes nothing from anybody else."""

import asyncio
import datetime as dt
from pathlib import Path

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs.closing.work import SET_ASIDE_FOR, advance
from cloud.storage.store import ArtifactStore
from tests.api.rows import give_file
from tests.conftest import RunningApi
from tests.jobs.closing.conftest import PASSWORD, SHARED, Person, settle, sign_up
from tests.jobs.closing.leftovers import in_files, in_tables

LATER = SET_ASIDE_FOR + dt.timedelta(seconds=5)


async def _advance(api: RunningApi, report: str, client: httpx2.Client, *, now: dt.datetime | None = None) -> str:
    """Go on until the deletion cannot before some time has passed. Returns: its state."""
    database = Database.connect(api.settings.database_url, pool_size=3)
    store = ArtifactStore.local(api.settings.artifacts_dir)
    try:
        before = client.get(f"/v1/deletions/{report}").json()
        async with asyncio.timeout(60):
            while True:
                await advance(database, store, now=now)
                after = client.get(f"/v1/deletions/{report}").json()
                if now is not None or after["state"] in ("waiting", "finished"):
                    return after["state"]
                assert before["state"] != "finished"
                await asyncio.sleep(0.05)
    finally:
        await database.aclose()


def finish(api: RunningApi, report: str) -> dict[str, object]:
    """Let the time pass that a deletion takes. Returns: the report."""
    with httpx2.Client(base_url=api.url, timeout=20) as anybody:
        asyncio.run(_advance(api, report, anybody))
        for wait in (1, 2, 3):
            now = dt.datetime.now(dt.UTC) + wait * LATER
            asyncio.run(_advance(api, report, anybody, now=now))
        return anybody.get(f"/v1/deletions/{report}").json()


@pytest.fixture
def cluster(database_url: str) -> Path:
    """The folder of PostgreSQL itself."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def test_nothing_is_left_of_an_account_and_others_have_lost_nothing(api: RunningApi, cluster: Path) -> None:
    gone, stays = sign_up(api), sign_up(api)
    project = settle(api, gone)
    settle(api, stays)
    assert in_tables(api.settings.database_url, gone.words), "the words were planted"
    assert in_files(api.settings.data_dir, gone.words)
    theirs = in_tables(api.settings.database_url, stays.words), in_files(api.settings.data_dir, stays.words)

    answer = gone.give_up()
    assert answer.status_code == 202, answer.text
    assert gone.client.get(f"/v1/projects/{project}").status_code == 401
    report = finish(api, answer.json()["report_id"])

    assert report["state"] == "finished"
    assert in_tables(api.settings.database_url, gone.words) == {}
    assert in_files(api.settings.data_dir, gone.words) == {}
    assert in_tables(api.settings.database_url, [str(gone.user_id)]) == {str(gone.user_id): {"audit_log"}}
    assert (in_tables(api.settings.database_url, stays.words), in_files(api.settings.data_dir, stays.words)) == theirs
    assert in_files(cluster, gone.words) == {}, "PostgreSQL's own files"
    _downloads_all(stays)


def _downloads_all(person: Person) -> None:
    files = [
        file
        for project in person.client.get("/v1/projects").json()["items"]
        for file in person.client.get(f"/v1/projects/{project['id']}/artifacts").json()["items"]
    ]
    contents = [person.client.get(f"/v1/artifacts/{file['id']}/content").content for file in files]
    assert SHARED in contents
    assert all(contents)
