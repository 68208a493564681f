"""The clean-up on a real database, with a real folder and a bucket of S3: what goes, and what must never go."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from cloud.db.engine import Database
from cloud.db.models import Artifact, Message, Project, Snapshot, Step, Usage
from cloud.jobs import queries
from cloud.jobs.retention.cleanup import CleanUpRuns, Freed, clean_up
from cloud.jobs.retention.queries import _IN_JSON, only_one_cleans
from cloud.jobs.transcript import pack
from cloud.settings import Settings
from cloud.storage.store import ArtifactMissing
from tests.jobs.conftest import Account
from tests.jobs.retention.conftest import IN_BOTH, NOW, Shelf, artifact, hash_of, keep, picture, snapshot
from tests.support.stores import InFolder

HOUR = dt.timedelta(hours=1)
SETTINGS = Settings(database_url="unused")


async def _clean(owner: Account, shelf: Shelf, at: dt.datetime = NOW, *, dry_run: bool = False) -> Freed:
    return await clean_up(owner.database, shelf.store, SETTINGS, now=at, dry_run=dry_run)


@IN_BOTH
async def test_an_old_object_that_no_row_refers_to_goes_and_a_young_one_stays(owner: Account, shelf: Shelf) -> None:
    old = await shelf.put(b"old", age=2 * HOUR)
    young = await shelf.put(b"young", age=HOUR / 2)

    first = await _clean(owner, shelf)

    assert (first.objects_set_aside, first.bytes_set_aside, first.objects_deleted) == (1, 3, 0)
    assert await shelf.holds(young)
    assert not await shelf.holds(old)
    assert await shelf.store.get(old) == b"old"
    soon = await _clean(owner, shelf, NOW + HOUR / 2)
    assert soon.objects_deleted == 0
    later = await _clean(owner, shelf, NOW + HOUR)
    assert (later.objects_deleted, later.bytes_deleted) == (1, 3)
    with pytest.raises(ArtifactMissing):
        await shelf.store.get(old)


async def _step(owner: Account, job_id: Any, result: dict[str, Any]) -> Step:
    return Step(job_id=job_id, number=1, message_seq=1, tool="look", title="", attempt=1, result=result)


@pytest.mark.parametrize(
    "kind", ["snapshot", "artifact", "message", "message's tool result", "step", "step's tool result"]
)
async def test_every_kind_of_reference_protects_its_object(owner: Account, shelf: Shelf, kind: str) -> None:
    sha256 = await shelf.put(kind.encode())
    job_id = await owner.post()
    nested = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": ""}, picture(sha256)]}
    content = {"message": [picture(sha256)], "message's tool result": [{"type": "text", "text": "x"}, nested]}
    result = {"step": {"content": [picture(sha256)], "structured": {}}, "step's tool result": {"a": {"b": [nested]}}}
    row: Snapshot | Artifact | Message | Step
    if kind == "snapshot":
        row = snapshot(owner, sha256)
    elif kind == "artifact":
        row = artifact(owner, sha256)
    elif kind in content:
        row = Message(job_id=job_id, seq=1, role="user", content=content[kind], attempt=1)
    else:
        row = await _step(owner, job_id, result[kind])
    await keep(owner, row)

    freed = await _clean(owner, shelf)
    await _clean(owner, shelf, NOW + 2 * HOUR)

    assert freed.objects_set_aside == 0
    assert await shelf.holds(sha256)


async def test_a_picture_that_the_transcript_packs_is_found(owner: Account, shelf: Shelf) -> None:
    job_id = await owner.post()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "YWJj"}}
    blocks = [{"type": "tool_result", "tool_use_id": "t", "content": [image]}]
    await keep(owner, Message(job_id=job_id, seq=1, role="user", content=await pack(blocks, shelf.store), attempt=1))
    sha256 = await shelf.put(b"abc")

    await _clean(owner, shelf)

    assert await shelf.holds(sha256)


async def test_a_whole_history_with_its_thumbnails_stays(owner: Account, shelf: Shelf) -> None:
    """Also what undo went back from, and what is far from the head."""
    parent = None
    for number in range(4):
        thumbnail = artifact(owner, await shelf.put(b"picture %d" % number))
        thumbnail.id = uuid4()
        await keep(owner, thumbnail)
        step = snapshot(owner, await shelf.put(b"scene %d" % number), parent_id=parent, thumbnail_id=thumbnail.id)
        await keep(owner, step)
        parent = step.id

    assert (await _clean(owner, shelf)).objects_set_aside == 0
    assert len(shelf.files()) == 8


async def test_models_of_a_projects_newest_steps_stay_and_so_do_those_at_work_or_in_sight(
    owner: Account, shelf: Shelf, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the ten the newest three, the scene's own (the oldest) and that of a running job."""
    monkeypatch.setattr("cloud.jobs.retention.cleanup._MODELS_KEPT", 3)
    running = await owner.post()
    sql.execute("UPDATE jobs SET state = 'running' WHERE id = %s", (running,))
    steps = []
    for number in range(10):
        model = artifact(owner, await shelf.put(b"model %d" % number))
        model.id, model.kind, model.created_at = uuid4(), "model", NOW - number * HOUR
        model.job_id = running if number == 5 else None
        await keep(owner, model)
        steps.append(snapshot(owner, await shelf.put(b"step %d" % number), model_id=model.id))
        await keep(owner, steps[-1])
    await keep(owner, artifact(owner, await shelf.put(b"scene.glb")))
    sql.execute("UPDATE projects SET head_snapshot_id = %s WHERE id = %s", (steps[9].id, owner.project_id))

    would = await _clean(owner, shelf, dry_run=True)
    freed = await _clean(owner, shelf)

    assert (would.step_models, freed.step_models, freed.objects_set_aside) == (5, 5, 5)
    kept = dict(sql.execute("SELECT id, model_id IS NOT NULL FROM snapshots").fetchall())
    assert [number for number, step in enumerate(steps) if kept[step.id]] == [0, 1, 2, 5, 9]


@IN_BOTH
async def test_a_put_while_the_object_is_taken_away_survives(
    owner: Account, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: it was found to be unreferenced, is written again, is set aside, and then gets its row."""
    again = uuid4().bytes  # the rows of another shelf stay
    sha256 = await shelf.put(again)
    set_aside = shelf.store.set_aside

    async def put_first(taken: str, at: dt.datetime) -> None:
        await shelf.store.put(again)
        await set_aside(taken, at)

    monkeypatch.setattr(shelf.store, "set_aside", put_first)
    assert (await _clean(owner, shelf)).objects_set_aside == 1
    await keep(owner, snapshot(owner, sha256))

    assert await shelf.store.get(sha256) == again
    later = await _clean(owner, shelf, NOW + HOUR)
    assert (later.objects_brought_back, later.objects_deleted) == (1, 0)
    assert await shelf.holds(sha256)


@IN_BOTH
async def test_a_put_between_the_two_steps_survives(owner: Account, shelf: Shelf) -> None:
    sha256 = await shelf.put(b"twice")
    await _clean(owner, shelf)

    await shelf.store.put(b"twice")
    await _clean(owner, shelf, NOW + HOUR)

    assert await shelf.store.get(sha256) == b"twice"


@IN_BOTH
async def test_a_dry_run_counts_and_changes_nothing(owner: Account, shelf: Shelf, sql: psycopg.Connection) -> None:
    sha256 = await shelf.put(b"old")
    await _delete_project(sql, owner, days=8)
    await _add_expired_rows(sql, owner)

    told = await _clean(owner, shelf, dry_run=True)

    assert (told.objects_set_aside, told.projects, told.idempotency_keys, told.sessions) == (1, 1, 1, 2)
    assert await shelf.holds(sha256)
    done = await _clean(owner, shelf)
    assert done == replace(told, batches=done.batches)


@IN_BOTH
async def test_a_file_that_is_not_ours_stays(owner: Account, shelf: Shelf) -> None:
    sha256 = await shelf.put(b"x")
    foreign = ["note.txt", "aside/note.txt", f"{sha256[:2]}/note.txt"]
    for key in foreign:
        shelf.inside.write(key, b"mine")

    await _clean(owner, shelf)
    freed = await _clean(owner, shelf, NOW + 2 * HOUR)

    assert freed.objects_deleted == 1
    assert [shelf.inside.read(key) for key in foreign] == [b"mine"] * 3


async def test_a_folder_that_cannot_be_listed_does_not_stop_the_rest(owner: Account, tmp_path: Path) -> None:
    """Only a folder can hold such names."""
    inside = InFolder(tmp_path / "artifacts")
    shelf = Shelf(inside.store, inside)
    sha256 = await shelf.put(b"goes")
    blocked = "00" if sha256[:2] != "00" else "01"
    (inside.folder / blocked).mkdir()
    (inside.folder / blocked / b"\xff\xfe".decode(errors="surrogateescape")).write_text("a name in no encoding")

    freed = await _clean(owner, shelf)

    assert (freed.unreadable_folders, freed.objects_set_aside) == (1, 1)


async def _delete_project(sql: psycopg.Connection, owner: Account, *, days: float) -> None:
    deleted_at = NOW - dt.timedelta(days=days)
    sql.execute("UPDATE projects SET deleted_at = %s WHERE id = %s", (deleted_at, owner.project_id))


async def _add_expired_rows(sql: psycopg.Connection, owner: Account) -> None:
    """Of each table one row that is needed; of the keys one, of the sessions two, of the batches one that is not."""
    for age in (47, 49):
        sql.execute(
            "INSERT INTO idempotency_keys (user_id, key, request_hash, made_id, created_at)"
            " VALUES (%s, %s, '', %s, %s)",
            (owner.user_id, f"key of {age} h", uuid4(), NOW - age * HOUR),
        )
    for expires, revoked in ((1, None), (-1, None), (1, -1)):
        sql.execute(
            "INSERT INTO sessions (id, user_id, token_hash, expires_at, revoked_at) VALUES (%s, %s, %s, %s, %s)",
            (uuid4(), owner.user_id, uuid4().bytes, NOW + expires * HOUR, revoked and NOW + revoked * HOUR),
        )


async def test_expired_rows_go_and_the_others_stay(owner: Account, shelf: Shelf, sql: psycopg.Connection) -> None:
    await _add_expired_rows(sql, owner)

    freed = await _clean(owner, shelf)

    assert (freed.idempotency_keys, freed.sessions) == (1, 2)
    kept = sql.execute("SELECT key FROM idempotency_keys WHERE user_id = %s", (owner.user_id,)).fetchall()
    assert kept == [("key of 47 h",)]
    left = sql.execute("SELECT revoked_at, expires_at FROM sessions WHERE user_id = %s", (owner.user_id,)).fetchall()
    assert left == [(None, NOW + HOUR)]


async def test_a_batch_whose_projects_are_purged_goes_with_them(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    full, empty = uuid4(), uuid4()
    for batch in (full, empty):
        sql.execute(
            "INSERT INTO batches (id, user_id, name, created_at) VALUES (%s, %s, '', %s)",
            (batch, owner.user_id, NOW - dt.timedelta(days=30)),
        )
    await owner.post(batch_id=full, batch_position=1)

    await _clean(owner, shelf)

    assert sql.execute("SELECT id FROM batches WHERE user_id = %s", (owner.user_id,)).fetchall() == [(full,)]


async def _fill(owner: Account, shelf: Shelf) -> None:
    """A row of each kind, one referring to the other as a job's rows do."""
    job_id = await owner.post()
    first = snapshot(owner, await shelf.put(b"first"), job_id=job_id)
    thumbnail = artifact(owner, await shelf.put(b"thumbnail"))
    thumbnail.id, thumbnail.job_id = uuid4(), job_id
    await keep(owner, first, thumbnail)
    second = snapshot(owner, await shelf.put(b"second"), job_id=job_id, parent_id=first.id, thumbnail_id=thumbnail.id)
    await keep(owner, second)
    step = await _step(owner, job_id, {"content": [picture(await shelf.put(b"look"))]})
    step.before_snapshot_id, step.after_snapshot_id = first.id, second.id
    content = [picture(await shelf.put(b"reference"))]
    await keep(
        owner, step, Message(job_id=job_id, seq=1, role="user", content=content, attempt=1, snapshot_id=first.id)
    )
    async with owner.database.sessions.begin() as session:
        writer = await queries.open_writer(session, job_id)
        writer.job.base_snapshot_id = first.id
        writer.finish("succeeded", "finished")
        await writer.move_head(second.id)
        session.add(Usage(user_id=owner.user_id, job_id=job_id, message_seq=1, model="m", usd=1))


ROWS = ("projects", "jobs", "messages", "steps", "events", "snapshots", "artifacts", "usage")


def _left(sql: psycopg.Connection, owner: Account) -> dict[str, int]:
    """How many rows each table has of the owner."""
    of_jobs = "job_id IN (SELECT id FROM jobs WHERE user_id = %s)"
    of_projects = "project_id IN (SELECT id FROM projects WHERE user_id = %s)"
    where = {"messages": of_jobs, "steps": of_jobs, "events": of_projects}
    counts = {}
    for table in ROWS:
        query = f"SELECT count(*) FROM {table} WHERE {where.get(table, 'user_id = %s')}".encode()  # noqa: S608
        counts[table] = (sql.execute(query, (owner.user_id,)).fetchone() or (0,))[0]
    return counts


async def test_a_project_deleted_8_days_ago_goes_with_all_but_the_ledger(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    await _fill(owner, shelf)
    assert all(_left(sql, owner).values())
    await _delete_project(sql, owner, days=8)

    freed = await _clean(owner, shelf)
    later = await _clean(owner, shelf, NOW + HOUR)

    assert (freed.projects, freed.objects_set_aside, later.objects_deleted) == (1, 5, 5)
    assert _left(sql, owner) == {**dict.fromkeys(ROWS, 0), "usage": 1}
    assert sql.execute("SELECT job_id, usd::float FROM usage WHERE user_id = %s", (owner.user_id,)).fetchall() == [
        (None, 1.0)
    ]
    assert shelf.files() == set()


async def test_a_project_deleted_6_days_ago_loses_nothing(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    await _fill(owner, shelf)
    before = _left(sql, owner)
    await _delete_project(sql, owner, days=6)

    freed = await _clean(owner, shelf)

    assert freed == Freed()
    assert _left(sql, owner) == before


async def test_content_that_another_project_uses_outlives_a_purged_one(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    shared = await shelf.put(b"shared by a branch")
    branch = Project(id=uuid4(), user_id=owner.user_id, name="Branch")
    await keep(owner, snapshot(owner, shared), branch)
    await keep(owner, snapshot(owner, shared, project_id=branch.id))
    await _delete_project(sql, owner, days=8)

    freed = await _clean(owner, shelf)

    assert (freed.projects, freed.objects_set_aside) == (1, 0)
    assert await shelf.holds(shared)


async def test_a_project_with_a_running_job_waits(owner: Account, shelf: Shelf, sql: psycopg.Connection) -> None:
    job_id = await owner.post()
    sql.execute("UPDATE jobs SET state = 'running' WHERE id = %s", (job_id,))
    await _delete_project(sql, owner, days=8)

    assert (await _clean(owner, shelf)).projects == 0
    sql.execute("UPDATE jobs SET state = 'cancelled' WHERE id = %s", (job_id,))
    assert (await _clean(owner, shelf)).projects == 1


async def test_more_projects_than_one_transaction_takes_all_go(
    owner: Account, shelf: Shelf, sql: psycopg.Connection
) -> None:
    deleted_at = NOW - dt.timedelta(days=9)
    await keep(
        owner, *(Project(user_id=owner.user_id, name=str(number), deleted_at=deleted_at) for number in range(45))
    )

    assert (await _clean(owner, shelf)).projects == 45
    assert _left(sql, owner)["projects"] == 1


async def test_only_one_process_cleans_up_at_a_time(owner: Account, shelf: Shelf, database: Database) -> None:
    async with only_one_cleans(database.engine) as is_ours:
        assert is_ours
        with pytest.raises(CleanUpRuns):
            await _clean(owner, shelf)

    await _clean(owner, shelf)


async def test_references_are_found_by_index(owner: Account, database: Database) -> None:
    """With many rows: nothing is read whole."""
    job_id = await owner.post()
    filled = '[{"type": "text", "text": "' + "x" * 2000 + '"}]'
    async with database.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO messages (job_id, seq, role, content, attempt)"
                " SELECT :job, number, 'user', CAST(:content AS jsonb), 1 FROM generate_series(1, 3000) AS number"
            ),
            {"job": job_id, "content": filled},
        )
        await session.execute(text("ANALYZE messages"))
        plan = await session.scalars(text(f"EXPLAIN {_IN_JSON}"), {"hashes": [hash_of(b"x")]})
        lines = "\n".join(plan)

    assert "ix_messages_hashes" in lines
    assert "Seq Scan on messages" not in lines
