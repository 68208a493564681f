"""An account that is given up leaves nothing but bare ids in the audit log, and takes nothing from anybody else."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs.closing.work import SET_ASIDE_FOR, advance
from cloud.jobs.ledger.queries import used_by_system
from cloud.storage.store import ArtifactStore
from tests.api.rows import pay
from tests.conftest import RunningApi
from tests.jobs.closing.leftovers import in_files, in_tables
from tests.jobs.planted import SHARED, Person, enter, fail_to_sign_in, settle, sign_up

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


def finish(api: RunningApi, report: str) -> dict[str, Any]:
    """Let the time pass that a deletion takes. Returns: the report."""
    with httpx2.Client(base_url=api.url, timeout=20) as anybody:
        asyncio.run(_advance(api, report, anybody))
        for wait in (1, 2, 3):
            now = dt.datetime.now(dt.UTC) + wait * LATER
            asyncio.run(_advance(api, report, anybody, now=now))
        return anybody.get(f"/v1/deletions/{report}").json()


@dataclass(frozen=True)
class Cluster:
    """PostgreSQL's own files: those of this module's database, and those that all databases share."""

    folder: Path
    database: str

    def words(self, words: list[str]) -> dict[str, set[str]]:
        """Where each of the words stands."""
        others = {path.name for path in (self.folder / "base").iterdir()} - {self.database}
        return in_files(self.folder, words, left_out=others)


@pytest.fixture
def cluster(database_url: str) -> Cluster:
    with psycopg.connect(libpq_url(database_url)) as connection:
        asked = (
            "SELECT current_setting('data_directory'), oid::text FROM pg_database WHERE datname = current_database()"
        )
        row = connection.execute(asked).fetchone()
    assert row is not None
    return Cluster(Path(row[0]), row[1])


@pytest.mark.heavy
def test_nothing_is_left_of_an_account_and_others_have_lost_nothing(api: RunningApi, cluster: Cluster) -> None:
    gone, stays = sign_up(api), enter(api)
    fail_to_sign_in(api, gone)
    project = settle(api, gone)
    settle(api, stays)
    assert in_tables(api.settings.database_url, gone.words), "the words were planted"
    assert in_files(api.settings.data_dir, gone.words)
    assert cluster.words(gone.words)
    theirs = in_tables(api.settings.database_url, stays.words), in_files(api.settings.data_dir, stays.words)

    answer = gone.give_up()
    assert answer.status_code == 202, answer.text
    assert gone.client.get(f"/v1/projects/{project}").status_code == 401
    report = finish(api, answer.json()["report_id"])

    _check_report(report, gone)
    assert in_tables(api.settings.database_url, gone.words) == {}
    assert in_files(api.settings.data_dir, gone.words) == {}
    assert in_tables(api.settings.database_url, [str(gone.user_id)]) == {str(gone.user_id): {"audit_log"}}
    assert (in_tables(api.settings.database_url, stays.words), in_files(api.settings.data_dir, stays.words)) == theirs
    assert cluster.words(gone.words) == {}
    _downloads_all(stays)


def _check_report(report: dict[str, Any], person: Person) -> None:
    assert report["state"] == "finished"
    assert report["finished_at"] is not None
    tables = ("users", "sessions", "projects", "messages", "model_keys")
    assert [report["rows"][table] for table in tables] == [1, 2, 3, 1, 1]
    assert {"snapshot", "scene", "thumbnail", "reference"} <= set(report["bytes"])
    assert not any(word in str(report) for word in [*person.words, str(person.user_id)])


def _downloads_all(person: Person) -> None:
    files = [
        file
        for project in person.client.get("/v1/projects").json()["items"]
        for file in person.client.get(f"/v1/projects/{project['id']}/artifacts").json()["items"]
    ]
    contents = [person.client.get(f"/v1/artifacts/{file['id']}/content").content for file in files]
    assert SHARED in contents
    assert all(contents)


async def test_what_the_deployment_has_spent_stays_spent(api: RunningApi, database: Database) -> None:
    person = enter(api)
    project = person.post("/v1/projects", json={"name": "Scene"})["id"]
    job = person.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"})["id"]
    await pay(database, job, 2.5)
    month = dt.datetime.now(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    async def spent() -> Any:
        async with database.sessions() as session:
            return await used_by_system(session, None, month, None)

    before = await spent()
    with httpx2.Client(base_url=api.url, timeout=20) as anybody:
        await _advance(api, person.give_up().json()["report_id"], anybody)

    assert before[0] >= 2.5
    assert await spent() == before


def test_a_wrong_word_deletes_nothing(api: RunningApi) -> None:
    person = enter(api)
    other = enter(api)

    codes = [
        (answer.status_code, answer.json()["code"])
        for answer in (
            person.give_up(username=other.username),
            person.give_up(password="not this one"),
            person.client.request("DELETE", "/v1/account", json={"username": person.username}),
        )
    ]

    assert codes == [(422, "invalid_input"), (403, "wrong_password"), (403, "wrong_password")]
    assert person.client.get("/v1/me").status_code == 200


def test_somebody_without_a_password_needs_a_fresh_session(api: RunningApi) -> None:
    person = enter(api)
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        sql.execute("UPDATE users SET password_hash = NULL WHERE id = %s", (person.user_id,))
        sql.execute("UPDATE sessions SET created_at = now() - interval '1 hour' WHERE user_id = %s", (person.user_id,))
        assert person.give_up(password=None).json()["code"] == "sign_in_again"
        sql.execute("UPDATE sessions SET created_at = now() WHERE user_id = %s", (person.user_id,))

    assert person.give_up(password=None).status_code == 202


def test_the_last_admin_stays_until_there_is_another(api: RunningApi) -> None:
    admin, other = enter(api), enter(api)
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        sql.execute("UPDATE users SET is_admin = true WHERE id = %s", (admin.user_id,))
        refused = admin.give_up()
        sql.execute("UPDATE users SET is_admin = true WHERE id = %s", (other.user_id,))

    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    assert admin.give_up().status_code == 202


def test_the_name_is_free_at_once_and_the_old_sessions_open_nothing(api: RunningApi) -> None:
    person = enter(api)
    assert person.give_up().status_code == 202

    again = sign_up(api, person.username)

    assert again.user_id != person.user_id
    assert again.client.get("/v1/projects").json()["items"] == []
    assert person.client.get("/v1/me").status_code == 401


def test_rows_stay_while_a_runner_is_at_work_and_go_when_it_is_gone(api: RunningApi) -> None:
    person = enter(api)
    project = person.post("/v1/projects", json={"name": "Scene"})["id"]
    job = person.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"})["id"]
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        sql.execute("UPDATE jobs SET state = 'running', heartbeat_at = now() WHERE id = %s", (job,))
        report = person.give_up().json()["report_id"]
        with httpx2.Client(base_url=api.url) as anybody:
            before = asyncio.run(_advance(api, report, anybody, now=dt.datetime.now(dt.UTC)))
            told = sql.execute("SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = %s", (job,)).fetchone()
            sql.execute("UPDATE jobs SET heartbeat_at = now() - interval '1 minute' WHERE id = %s", (job,))
            after = asyncio.run(_advance(api, report, anybody))
        left = sql.execute("SELECT count(*) FROM jobs WHERE id = %s", (job,)).fetchone()

    assert (before, told) == ("stopping", (True,))
    assert (after, left) == ("waiting", (0,))


def test_a_report_that_there_is_not_is_not_found(api: RunningApi) -> None:
    with httpx2.Client(base_url=api.url) as anybody:
        assert anybody.get("/v1/deletions/00000000-0000-4000-8000-000000000000").status_code == 404
