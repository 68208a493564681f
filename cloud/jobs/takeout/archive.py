"""All of a user's data as one zip, streamed: texts as they were at one moment, then the files that they name."""

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloud.errors import TooManyRequests
from cloud.jobs.takeout import queries
from cloud.jobs.takeout.contents import StoredEntry, write_contents
from cloud.jobs.takeout.spool import Spool
from cloud.jobs.zip_stream import ZipStream
from cloud.storage.store import ArtifactMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cloud.db.engine import Database
    from cloud.storage.store import ArtifactStore

_AT_ONCE = 4
_AGAIN_S = 60.0

_README = """\
All that Prompt2Mesh keeps of your account, as it was at {moment} UTC.

account/           who you are and were: the account, sessions, tokens, shares, devices, batches, the audit log of
                   what you did, and usage.csv, a line for each model call. Passwords, tokens and keys are not in it:
                   the server has only hashes of them, or keeps them sealed.
projects/<name>/   one folder for each project, deleted ones that are still kept among them (`deleted_at`):
    project.json   the project; history.json: its scenes, in order; files.json: its files; events.jsonl: what happened
    snapshots/     the scene after each step, as .blend files (Blender 4.2 or newer opens them)
    files/         reference pictures and uploads
    jobs/<nr>/     what came of each prompt: the job, its brief and reviews (consultations.json), the conversation with
                   the model (transcript.json) with the pictures in it, the steps with their code, and the files
index.json         every file here with its size and SHA-256; `lost` names stored files that could not be read
"""


class ExportRuns(TooManyRequests):
    """One at a time."""

    code = "export_runs"

    def __init__(self, *, is_own: bool) -> None:
        whose = "Your account is being exported already" if is_own else "Several accounts are being exported just now"
        super().__init__(f"{whose}; try again in a minute.", retry_after_s=_AGAIN_S)


@dataclass
class Exports:
    """Makes exports, some at once: each holds a connection and a core for a while. Belongs to one event loop."""

    database: "Database"
    store: "ArtifactStore"
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def stream(self, owner: uuid.UUID) -> AsyncGenerator[bytes, None]:
        """The zip's bytes; what is first yielded is empty, once it is certain that there will be one.

        Raises: ExportRuns, before anything is yielded. StoreUnavailable: the stream breaks off.
        """
        async with self._place(owner):
            yield b""
            with Spool() as spool:
                async with self.database.sessions() as session, session.begin():
                    stored = await write_contents(session, owner, spool)
                async with aclosing(_zip(self.store, spool, stored)) as pieces:
                    async for piece in pieces:
                        yield piece

    @asynccontextmanager
    async def _place(self, owner: uuid.UUID) -> "AsyncIterator[None]":
        if self._places.locked():
            raise ExportRuns(is_own=False)
        async with self._places, queries.only_one_export(self.database.engine, owner) as is_ours:
            if not is_ours:
                raise ExportRuns(is_own=True)
            yield


async def _zip(store: "ArtifactStore", spool: Spool, stored: list[StoredEntry]) -> AsyncGenerator[bytes, None]:
    now = dt.datetime.now(dt.UTC)
    index: dict[str, Any] = {"made_at": now.isoformat(), "files": [], "lost": []}
    with ZipStream() as archive:
        archive.add_text("README.txt", _README.format(moment=f"{now:%Y-%m-%d %H:%M:%S}"), now)
        for text in spool.texts:
            async with aclosing(archive.add(text.path, spool.read(text), text.bytes, now)) as pieces:
                async for piece in pieces:
                    yield piece
            index["files"].append({"path": text.path, "bytes": text.bytes, "sha256": text.sha256})
        for entry in stored:
            try:
                size_bytes = entry.bytes or await store.size_of(entry.sha256)
                adding = archive.add_stored(store, entry.path, entry.sha256, size_bytes, now)
                async with aclosing(adding) as pieces:
                    async for piece in pieces:
                        yield piece
            except ArtifactMissing:
                index["lost"].append({"path": entry.path, "sha256": entry.sha256})
            else:
                index["files"].append({"path": entry.path, "bytes": size_bytes, "sha256": entry.sha256})
        archive.add_text("index.json", json.dumps(index, indent=1, ensure_ascii=False) + "\n", now)
    yield archive.take()
