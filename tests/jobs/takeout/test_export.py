"""The zip with all of a user's data: whole, true to its index, safe to unpack, and without a secret."""

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from pathlib import PurePosixPath
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs.takeout import queries
from tests.conftest import RunningApi
from tests.jobs.planted import PASSWORD, SHARED, Person, enter, settle


@pytest.fixture(scope="module")
def person(api: RunningApi) -> Person:
    """Somebody who has used everything."""
    found = enter(api)
    settle(api, found)
    return found


def _export(person: Person) -> zipfile.ZipFile:
    answer = person.client.post("/v1/account/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def _index(archive: zipfile.ZipFile) -> dict[str, Any]:
    return json.loads(archive.read("index.json"))


def _all_text(archive: zipfile.ZipFile) -> str:
    return "\n".join(
        [*archive.namelist(), *(archive.read(name).decode(errors="replace") for name in archive.namelist())]
    )


def test_everything_that_a_user_said_is_in_it_and_nothing_of_another(api: RunningApi, person: Person) -> None:
    other = enter(api)
    settle(api, other)

    text = _all_text(_export(person))

    # Of the key only the end is told; the scene is compressed; of an idempotency key a copy is no use to anybody.
    hidden = {word for word in person.words if word not in text}
    assert len(hidden) <= 2
    assert not [word for word in other.words if word in text]
    assert SHARED.decode() in text


def test_the_index_names_every_file_with_its_hash(person: Person) -> None:
    archive = _export(person)

    told = {each["path"]: each for each in _index(archive)["files"]}
    assert set(told) == set(archive.namelist()) - {"README.txt", "index.json"}
    for path, each in told.items():
        content = archive.read(path)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (each["sha256"], each["bytes"])
    # A step whose objects the test has not really stored would be told as lost.
    assert _index(archive)["lost"] == []


def test_no_hash_token_or_key_is_in_it(api: RunningApi, person: Person) -> None:
    with psycopg.connect(libpq_url(api.settings.database_url)) as sql:
        secrets = [
            *sql.execute("SELECT password_hash FROM users WHERE id = %s", (person.user_id,)),
            *sql.execute("SELECT encode(token_hash, 'hex') FROM sessions WHERE user_id = %s", (person.user_id,)),
            *sql.execute("SELECT encode(token_hash, 'hex') FROM api_tokens WHERE user_id = %s", (person.user_id,)),
            *sql.execute("SELECT encode(sealed, 'hex') FROM model_keys WHERE user_id = %s", (person.user_id,)),
        ]
    token = person.client.headers["Authorization"].removeprefix("Bearer ")

    text = _all_text(_export(person))

    assert len(secrets) == 4
    for secret in [token, PASSWORD, *(row[0] for row in secrets)]:
        assert secret not in text
        assert bytes.hex(secret.encode()) not in text


def test_names_are_safe_on_every_system(api: RunningApi) -> None:
    person = enter(api)
    for name in ("../../etc", "CON", "con", "a/b\\c", "x" * 100, "Scene", "scene", "塔" * 60, "..", "nul.txt"):
        person.post("/v1/projects", json={"name": name})

    paths = _export(person).namelist()

    assert len({path.casefold() for path in paths}) == len(paths)
    for path in paths:
        for part in PurePosixPath(path).parts:
            assert part not in ("..", ".", "/")
            assert part.partition(".")[0].casefold() not in ("con", "nul")
            assert len(part.encode()) <= 124
            assert not set(part) & set('<>:"|?*\\')
    assert sum(path.endswith("/project.json") for path in paths) == 10


def test_the_ledger_is_a_table(person: Person) -> None:
    rows = list(csv.DictReader(io.StringIO(_export(person).read("account/usage.csv").decode())))

    assert [(row["model"], float(row["usd"])) for row in rows] == [("claude", 0.25)]


def test_a_lost_file_is_told_and_the_rest_comes(api: RunningApi) -> None:
    person = enter(api)
    settle(api, person)
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        sql.execute(
            "UPDATE artifacts SET sha256 = repeat('0', 64) WHERE user_id = %s AND kind = 'reference'", (person.user_id,)
        )

    index = _index(_export(person))

    assert [each["sha256"] for each in index["lost"]] == ["0" * 64]
    assert index["files"]


def test_one_at_a_time_and_an_entry_in_the_log(api: RunningApi) -> None:
    person = enter(api)

    async def while_another_runs() -> httpx2.Response:
        database = Database.connect(api.settings.database_url, pool_size=1)
        async with queries.only_one_export(database.engine, person.user_id) as is_ours:
            assert is_ours
            answer = await asyncio.to_thread(person.client.post, "/v1/account/export")
        await database.aclose()
        return answer

    refused = asyncio.run(while_another_runs())
    assert (refused.status_code, refused.json()["code"]) == (429, "export_runs")
    assert int(refused.headers["Retry-After"]) > 0

    _export(person)
    log = json.loads(_export(person).read("account/audit_log.json"))
    assert [entry["action"] for entry in log].count("account.exported") == 2
