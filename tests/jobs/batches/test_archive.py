"""The zip of a batch: safe names, every item told of, and no more than a piece of a file in memory."""

import csv
import datetime as dt
import hashlib
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from cloud.db.models import Artifact, Batch, Job
from cloud.jobs.batches.archive import stream_archive
from cloud.jobs.batches.queries import ItemRow
from cloud.jobs.events import UsageTotals
from cloud.jobs.zip_stream import safe_file_name
from cloud.storage.store import ArtifactStore

NOW = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)
BATCH = Batch(id=uuid4(), user_id=uuid4(), name="Set", created_at=NOW)


def item(position: int, prompt: str, files: Sequence[Artifact] = (), **job: Any) -> ItemRow:
    row = Job(
        id=uuid4(),
        project_id=uuid4(),
        batch_position=position,
        prompt=prompt,
        **{"state": "succeeded", "finished_at": NOW, **job},
    )
    return ItemRow(row, prompt, False, None, UsageTotals(usd=0.25), files=list(files))


def artifact(name: str, content: bytes) -> Artifact:
    return Artifact(name=name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), created_at=NOW)


async def zip_of(store: ArtifactStore, items: Sequence[ItemRow]) -> zipfile.ZipFile:
    whole = b"".join([piece async for piece in stream_archive(store, BATCH, items)])
    archive = zipfile.ZipFile(io.BytesIO(whole))
    assert archive.testzip() is None
    return archive


async def test_each_item_has_a_folder_and_a_row(store: ArtifactStore) -> None:
    for content in (b"BLEND" * 100_000, b"print()", b""):
        await store.put(content)
    files = [artifact("scene.blend", b"BLEND" * 100_000), artifact("script.py", b"print()"), artifact("scene.obj", b"")]
    failed = {"state": "failed", "error": {"code": "nothing_built", "message": 'I know no "unicorn",\nsorry.'}}

    archive = await zip_of(store, [item(1, "红色的塔!", files), item(2, "a unicorn", **failed)])

    assert archive.read("001-红色的塔/scene.blend") == b"BLEND" * 100_000
    assert archive.read("001-红色的塔/scene.obj") == b""
    report = json.loads(archive.read("batch.json"))
    assert (report["finished"], report["total"], report["usd"]) == (True, 2, 0.5)
    assert report["items"][0]["files"] == ["scene.blend", "script.py", "scene.obj"]
    assert (report["items"][1]["folder"], report["items"][1]["files"]) == (None, [])
    rows = list(csv.DictReader(io.StringIO(archive.read("batch.csv").decode(), newline="")))
    assert [(row["state"], row["folder"], row["error_code"]) for row in rows] == [
        ("succeeded", "001-红色的塔", ""),
        ("failed", "", "nothing_built"),
    ]
    assert rows[1]["error_message"] == failed["error"]["message"]
    assert rows[0]["files"] == "scene.blend script.py scene.obj"


async def test_a_file_whose_bytes_are_lost_is_left_out_and_told(store: ArtifactStore) -> None:
    await store.put(b"kept")

    archive = await zip_of(store, [item(1, "a", [artifact("lost.glb", b"lost"), artifact("kept.glb", b"kept")])])

    assert "001-a/kept.glb" in archive.namelist()
    assert "001-a/lost.glb" not in archive.namelist()
    assert json.loads(archive.read("batch.json"))["items"][0]["lost_files"] == ["lost.glb"]


async def test_names_cannot_leave_their_folder_nor_hide_each_other(store: ArtifactStore) -> None:
    await store.put(b"x")
    names = ["../../etc/passwd", "a.obj", "A.obj", "a:b.obj", "\\x\\..\\c.obj", ".."]

    archive = await zip_of(store, [item(1, "../../x", [artifact(name, b"x") for name in names])])

    inside = [name.removeprefix("001-x/") for name in archive.namelist() if name.startswith("001-x/")]
    assert inside == ["passwd", "a.obj", "A-2.obj", "a_b.obj", "c.obj", "file"]
    assert len(archive.namelist()) == len(names) + 2


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a\r\nb", "a__b"), ("塔.blend", "塔.blend"), ("", "file"), ("x" * 300 + ".glb", "x" * 116 + ".glb")],
)
def test_a_file_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


async def test_memory_does_not_grow_with_the_files(store: ArtifactStore) -> None:
    content = random.Random(1).randbytes(24 * 2**20)
    await store.put(content)
    files = [artifact(f"{name}.blend", content) for name in "abc"]
    del content
    tracemalloc.start()
    try:
        size = sum([len(piece) async for piece in stream_archive(store, BATCH, [item(1, "a", files)])])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size > 72 * 2**20
    assert peak < 8 * 2**20


async def test_a_client_that_leaves_in_the_middle_harms_nothing(store: ArtifactStore) -> None:
    content = random.Random(1).randbytes(2 * 2**20)
    await store.put(content)
    stream = stream_archive(store, BATCH, [item(1, "a", [artifact("a.blend", content)])])

    async with aclosing(stream) as pieces:  # pyright: ignore[reportArgumentType]
        assert await anext(pieces)
