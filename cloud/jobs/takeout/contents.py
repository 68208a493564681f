"""What an export holds: all texts, written at one moment, and which stored objects belong where."""

import csv
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud.jobs.prompt import slug_of
from cloud.jobs.takeout import queries
from cloud.jobs.takeout.queries import Row
from cloud.jobs.takeout.spool import Spool
from cloud.jobs.zip_stream import Names

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_FOLDER_BYTES = 60
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


@dataclass(frozen=True)
class StoredEntry:
    """A stored object's place in the zip. `bytes` 0: not known."""

    path: str
    sha256: str
    bytes: int


async def write_contents(session: "AsyncSession", owner: uuid.UUID, spool: Spool) -> list[StoredEntry]:
    """Every text goes to the spool, as the database is at this moment. Returns: the objects, with their places."""
    await queries.freeze(session)
    await spool.add_json("account/account.json", await queries.account_row(session, owner))
    async for table, rows in queries.account_tables(session, owner):
        if table == "usage":
            await spool.add("account/usage.csv", _csv(rows))
        elif rows:
            await spool.add_json(f"account/{table}.json", rows)
    await spool.add_json("account/audit_log.json", await queries.audit_entries(session, owner))
    names, entries = Names(), list[StoredEntry]()
    for project in await queries.projects_of(session, owner):
        entries += await _project(session, project, spool, names)
    return entries


async def _project(session: "AsyncSession", project: Row, spool: Spool, names: Names) -> list[StoredEntry]:
    folder = names.take("projects", project["name"], _FOLDER_BYTES)
    project_id = uuid.UUID(project["id"])
    snapshots = await queries.snapshots_of(session, project_id)
    artifacts = await queries.artifacts_of(session, project_id)
    await spool.add_json(f"{folder}/project.json", project)
    await spool.add_json(f"{folder}/history.json", snapshots)
    await spool.add_json(f"{folder}/files.json", artifacts)
    await spool.add(f"{folder}/events.jsonl", _json_lines(await queries.events_of(session, project_id)))
    entries, jobs = list[StoredEntry](), dict[str, str]()
    for number, job in enumerate(await queries.jobs_of(session, project_id), 1):
        jobs[job["id"]] = place = names.take(f"{folder}/jobs", f"{number:03d}-{slug_of(job['prompt'] or job['kind'])}")
        entries += await _job(session, job, place, spool, names)
    for artifact in artifacts:
        place = jobs.get(artifact["job_id"], f"{folder}/files")
        entries.append(StoredEntry(names.take(place, artifact["name"]), artifact["sha256"], artifact["bytes"]))
    for number, snapshot in enumerate(snapshots, 1):
        title = slug_of(snapshot["label"] or snapshot["title"])
        path = names.take(f"{folder}/snapshots", f"{number:04d}-{title}.blend")
        entries.append(StoredEntry(path, snapshot["sha256"], snapshot["bytes"]))
    return entries


async def _job(session: "AsyncSession", job: Row, folder: str, spool: Spool, names: Names) -> list[StoredEntry]:
    # First, so that no file of the job's takes the name.
    paths = {name: names.take(folder, f"{name}.json") for name in ("job", "transcript", "consultations", "steps")}
    await spool.add_json(paths["job"], job)
    pictures: dict[str, StoredEntry] = {}
    for name, rows in (await queries.conversation_of(session, uuid.UUID(job["id"]))).items():
        if rows:
            await spool.add_json(paths[name], rows)
        for sha256, media_type in _pictures_in(rows):
            if sha256 not in pictures:
                path = names.take(f"{folder}/pictures", f"{sha256}{_SUFFIXES.get(media_type, '')}")
                pictures[sha256] = StoredEntry(path, sha256, 0)
    return list(pictures.values())


def _pictures_in(value: Any) -> Iterator[tuple[str, str]]:
    """Hash and media type of every picture that a transcript or a step's result refers to."""
    if isinstance(value, dict):
        if value.get("type") == "stored" and isinstance(value.get("sha256"), str):
            yield value["sha256"], str(value.get("media_type", ""))
        for each in value.values():
            yield from _pictures_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _pictures_in(each)


def _csv(rows: Sequence[Row]) -> Iterable[str]:
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, list(rows[0]) if rows else ["user_id"])
    table.writeheader()
    for row in rows:
        table.writerow(row)
        yield written.getvalue()
        written.seek(0)
        written.truncate()
    yield written.getvalue()


def _json_lines(rows: Sequence[Row]) -> Iterable[str]:
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
