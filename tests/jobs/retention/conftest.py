"""Rows and objects of a given age, for the tests of what is kept and what goes."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.db.models import Artifact, Message, Project, Snapshot, Step
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account
from tests.support.stores import InBucket, InFolder, Inside

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Shelf:
    """The store, seen past it too, where each object has the age that the test says."""

    store: ArtifactStore
    inside: Inside

    async def put(self, content: bytes, *, age: dt.timedelta = dt.timedelta(hours=3)) -> str:
        """An object that was written that long before `NOW`. Returns: its hash."""
        sha256 = (await self.store.put(content)).sha256
        self.inside.set_time(f"{sha256[:2]}/{sha256}", NOW - age)
        return sha256

    async def holds(self, sha256: str) -> bool:
        """Whether the object is in its place."""
        return await self.store.has(sha256)

    def files(self) -> set[str]:
        """The last part of every object's key, set aside or not."""
        return {key.rpartition("/")[2] for key in self.inside.keys()}  # noqa: SIM118


IN_BOTH = pytest.mark.parametrize("shelf", ["folder", "bucket"], indirect=True)
"""For tests whose outcome may depend on where the objects lie."""


@pytest.fixture
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if getattr(request, "param", "folder") == "folder":
        inside = InFolder(tmp_path / "artifacts")
    else:
        inside = InBucket(request.getfixturevalue("bucket"), tmp_path)
    return Shelf(inside.store, inside)


@pytest.fixture
async def owner(database: Database) -> Account:
    return await Account.create(database)


@pytest.fixture
def sql(database_url: str) -> Iterator[psycopg.Connection]:
    """A plain connection, to make rows as old as the test needs them and to count what is left."""
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        yield connection


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def picture(sha256: str) -> dict[str, Any]:
    """A picture as a transcript keeps it."""
    return {"type": "image", "source": {"type": "stored", "media_type": "image/png", "sha256": sha256}}


async def keep(owner: Account, *rows: Snapshot | Artifact | Message | Step | Project) -> None:
    async with owner.database.sessions.begin() as session:
        session.add_all(rows)


def snapshot(owner: Account, sha256: str, size: int = 1, **facts: Any) -> Snapshot:
    return Snapshot(
        **{"id": uuid4(), "user_id": owner.user_id, "project_id": owner.project_id, "sha256": sha256, "bytes": size}
        | facts
    )


def artifact(owner: Account, sha256: str, size: int = 1, project_id: UUID | None = None) -> Artifact:
    return Artifact(
        user_id=owner.user_id,
        project_id=project_id or owner.project_id,
        kind="scene",
        name="scene.blend",
        media_type="application/x-blender",
        sha256=sha256,
        bytes=size,
    )
