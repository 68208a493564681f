"""What only a bucket has: requests that fail, parts of uploads, pages of lists, copies in place of renames.

The S3 server is moto, and before it one that fails as told; see tests/support/s3_server.py for what moto is not.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from cloud.storage.contents import ContentChanged
from cloud.storage.store import ArtifactMissing, ArtifactStore, StoreUnavailable
from tests.support.s3_server import Bucket, Fault, FaultyServer, faulty
from tests.support.stores import PREFIX

CONTENT = bytes(range(256)) * 9_000
LARGE = bytes(range(251)) * 100_000  # 24 MiB: three parts
SHA256, LARGE_SHA256 = (hashlib.sha256(content).hexdigest() for content in (CONTENT, LARGE))
KEY = f"{PREFIX}{SHA256[:2]}/{SHA256}"
THEN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def before(bucket: Bucket) -> Iterator[FaultyServer]:
    with faulty(bucket.url) as server:
        yield server


def store_at(bucket: Bucket, server: FaultyServer, folder: Path, **more: Any) -> ArtifactStore:
    return ArtifactStore.of_settings(bucket.settings(folder, artifacts_endpoint=server.url, **more))


@pytest.fixture
def store(bucket: Bucket, before: FaultyServer, tmp_path: Path) -> ArtifactStore:
    return store_at(bucket, before, tmp_path)


def writes(method: str, path: str) -> bool:
    return method == "PUT"


def reads(method: str, path: str) -> bool:
    return method == "GET" and "list-type" not in path


def everything(method: str, path: str) -> bool:
    return True


async def test_a_server_that_is_gone_is_unavailable_and_comes_back(bucket: Bucket, tmp_path: Path) -> None:
    with faulty(bucket.url) as server:
        store = store_at(bucket, server, tmp_path, artifacts_retries=1)
        await store.put(CONTENT)
        port = server.server_address[1]

    of_one = (store.get, store.has, store.size_of)
    at_a_time = (store.set_aside, store.bring_back, store.discard)
    calls = [*(partial(call, SHA256) for call in of_one), *(partial(call, SHA256, THEN) for call in at_a_time)]
    for call in (*calls, store.check, partial(store.put, b"else")):
        with pytest.raises(StoreUnavailable):
            await call()
    with pytest.raises(StoreUnavailable):
        _ = [chunk async for chunk in store.list_objects(SHA256[:2])]

    with faulty(bucket.url, port):
        assert await store.get(SHA256) == CONTENT
        await store.check()


async def test_a_server_that_asks_to_slow_down_is_asked_again(store: ArtifactStore, before: FaultyServer) -> None:
    before.faults = [Fault(writes, 503, "SlowDown", times=2), Fault(reads, 503, "SlowDown", times=2)]

    await store.put(CONTENT)

    assert await store.get(SHA256) == CONTENT
    assert [fault.hit for fault in before.faults] == [2, 2]


async def test_requests_are_not_sent_again_for_ever(store: ArtifactStore, before: FaultyServer) -> None:
    before.faults = [Fault(writes, 503, "SlowDown")]

    with pytest.raises(StoreUnavailable):
        await store.put(CONTENT)

    assert before.faults[0].hit == 3


async def test_a_silent_server_is_cut(bucket: Bucket, before: FaultyServer, tmp_path: Path) -> None:
    store = store_at(bucket, before, tmp_path, artifacts_timeout_s=0.3, artifacts_retries=1)
    before.faults = [Fault(everything, silent_s=3.0)]

    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.put(CONTENT)

    assert time.monotonic() - started < 2.5


async def test_a_body_that_breaks_off_is_fetched_on(store: ArtifactStore, before: FaultyServer) -> None:
    await store.put(CONTENT)
    before.faults = [Fault(reads, cut_at=1_000_000, times=1)]

    assert await store.get(SHA256) == CONTENT
    assert before.faults[0].hit == 1


async def test_a_body_that_always_breaks_off_is_no_whole_one(store: ArtifactStore, before: FaultyServer) -> None:
    await store.put(CONTENT)
    before.faults = [Fault(reads, cut_at=1000)]

    with pytest.raises(StoreUnavailable):
        await store.get(SHA256)


async def test_a_bucket_that_is_deleted_is_not_taken_for_a_missing_object(bucket: Bucket, store: ArtifactStore) -> None:
    bucket.client.delete_bucket(Bucket=bucket.name)

    with pytest.raises(StoreUnavailable):
        await store.get(SHA256)
    with pytest.raises(StoreUnavailable):
        await store.put(CONTENT)
    with pytest.raises(StoreUnavailable):
        await store.set_aside(SHA256, THEN)


async def test_a_large_file_and_a_large_stream_go_in_parts(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer, tmp_path: Path
) -> None:
    file = tmp_path / "large.blend"
    file.write_bytes(LARGE)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(LARGE), 1 << 20):
            yield LARGE[start : start + (1 << 20)]

    contents: list[Path | AsyncIterator[bytes]] = [file, chunks()]
    for content in contents:
        before.asked.clear()
        assert await store.put(content) == (LARGE_SHA256, len(LARGE))
        parts = [path for method, path in before.asked if method == "PUT" and "partNumber=" in path]
        assert len(parts) == 3
        assert await store.get(LARGE_SHA256) == LARGE
        bucket.client.delete_object(Bucket=bucket.name, Key=f"{PREFIX}{LARGE_SHA256[:2]}/{LARGE_SHA256}")


async def test_an_upload_that_fails_at_a_part_leaves_nothing(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer
) -> None:
    before.faults = [Fault(lambda method, path: "partNumber=2" in path, 403, "AccessDenied")]

    with pytest.raises(StoreUnavailable):
        await store.put(LARGE)

    assert before.faults[0].hit
    assert (bucket.names(), bucket.uploads()) == ([], [])


async def test_an_upload_whose_end_fails_leaves_nothing(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer
) -> None:
    # S3 says 200 at once and the error at the end of the body.
    ends = Fault(lambda method, path: method == "POST" and "uploadId=" in path, 200, "InternalError")
    before.faults = [ends]

    with pytest.raises(StoreUnavailable):
        await store.put(LARGE)

    assert ends.hit
    assert bucket.names() == []


async def test_an_upload_that_is_cancelled_leaves_no_object(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer
) -> None:
    has_begun, loop = asyncio.Event(), asyncio.get_running_loop()

    def begins(method: str, path: str) -> bool:
        is_part = "partNumber=" in path
        if is_part:
            loop.call_soon_threadsafe(has_begun.set)
        return is_part

    before.faults = [Fault(begins, silent_s=0.4)]
    upload = asyncio.create_task(store.put(LARGE))
    await has_begun.wait()

    upload.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await upload

    assert bucket.names() == []
    before.faults = []
    assert (await store.put(LARGE)).sha256 == LARGE_SHA256


@pytest.mark.parametrize("content", [CONTENT, LARGE])
async def test_a_file_that_changes_while_it_is_kept_is_not_kept(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "scene.blend"
    file.write_bytes(content)

    def change(method: str, path: str) -> bool:
        if method == "HEAD":
            file.write_bytes(content[:-1] + b"!")
        return False

    before.faults = [Fault(change)]

    with pytest.raises(ContentChanged):
        await store.put(file)

    assert bucket.names() == []


async def test_more_objects_than_a_page_are_all_listed(bucket: Bucket, store: ArtifactStore) -> None:
    names = {f"ab{number:062x}" for number in range(2_300)}
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for name in names:
        backend.put_object(bucket.name, f"{PREFIX}ab/{name}", b"")
        backend.put_object(bucket.name, f"{PREFIX}aside/{name}/1", b"")

    chunks = [chunk async for chunk in store.list_objects("ab")]

    assert {each.sha256 for chunk in chunks for each in chunk} == names
    assert len(chunks) == 3
    assert sum([len(chunk) async for chunk in store.list_aside()]) == len(names)


@pytest.mark.parametrize(("encryption", "key"), [("AES256", ""), ("aws:kms", ""), ("aws:kms", "alias/p2m")])
async def test_every_write_asks_for_the_encryption(
    bucket: Bucket, before: FaultyServer, tmp_path: Path, encryption: str, key: str
) -> None:
    store = store_at(bucket, before, tmp_path, artifacts_encryption=encryption, artifacts_kms_key=key)
    await store.put(CONTENT)
    await store.put(LARGE)
    await store.set_aside(SHA256, THEN)

    for name in bucket.names():
        found = bucket.client.head_object(Bucket=bucket.name, Key=name)
        assert found.get("ServerSideEncryption") == encryption, name
        assert not key or found["SSEKMSKeyId"] == key, name


async def test_a_copy_that_failed_deletes_nothing(bucket: Bucket, store: ArtifactStore, before: FaultyServer) -> None:
    await store.put(CONTENT)
    # A copy too says 200 first; whoever believed it would delete the only one that there is.
    before.faults = [Fault(lambda method, path: method == "PUT" and "/aside/" in path, 200, "InternalError")]

    with pytest.raises(StoreUnavailable):
        await store.set_aside(SHA256, THEN)

    assert before.faults[0].hit
    assert bucket.names() == [KEY]


async def test_death_between_copy_and_delete_loses_nothing_and_is_mended(
    bucket: Bucket, store: ArtifactStore, before: FaultyServer
) -> None:
    await store.put(CONTENT)
    deletes = Fault(lambda method, path: method in ("POST", "DELETE"), 403, "AccessDenied")

    before.faults = [deletes]
    with pytest.raises(StoreUnavailable):
        await store.set_aside(SHA256, THEN)
    assert len(bucket.names()) == 2
    with pytest.raises(StoreUnavailable):
        await store.bring_back(SHA256, THEN)
    assert len(bucket.names()) == 2
    before.faults = []

    assert await store.get(SHA256) == CONTENT
    await store.discard(SHA256, THEN)  # a clean-up that finds no row takes the one, and the other an hour later
    assert await store.has(SHA256)
    later = THEN + dt.timedelta(hours=1)
    await store.set_aside(SHA256, later)
    assert await store.get(SHA256) == CONTENT
    await store.discard(SHA256, later)
    with pytest.raises(ArtifactMissing):
        await store.get(SHA256)


async def test_putting_and_setting_aside_in_a_race_never_loses_the_content(store: ArtifactStore) -> None:
    """As a clean-up and jobs do it at once; what they leave has to be readable, whoever was first."""
    await store.put(CONTENT)

    for number in range(10):
        at = THEN + dt.timedelta(seconds=number)
        await asyncio.gather(store.put(CONTENT), store.set_aside(SHA256, at), store.put(CONTENT))

        assert await store.get(SHA256) == CONTENT
        await store.bring_back(SHA256, at)
        assert await store.get(SHA256) == CONTENT
