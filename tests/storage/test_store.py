"""The artifact store: one promise for a real folder and for a bucket of S3."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud.storage.store import ArtifactMissing, ArtifactStore, Listed, StoreUnavailable
from tests.support.stores import Inside

CONTENT = bytes(range(256)) * 9_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KEY = f"{SHA256[:2]}/{SHA256}"
THEN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


async def _chunks(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def _read(store: ArtifactStore, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.stream(SHA256, start, end)])


async def test_bytes_a_file_and_a_stream_land_on_the_same_object(
    inside: Inside, store: ArtifactStore, tmp_path: Path
) -> None:
    file = tmp_path / "scene.blend"
    file.write_bytes(CONTENT)

    results = [await store.put(CONTENT), await store.put(file), await store.put(_chunks(CONTENT))]

    assert set(results) == {(SHA256, len(CONTENT))}
    assert await store.get(SHA256) == CONTENT
    assert inside.keys() == [KEY]


@pytest.mark.parametrize("size", [0, 1, 20 * 2**20])
async def test_a_stream_of_any_size_is_kept_whole(store: ArtifactStore, size: int) -> None:
    content = b"x" * size

    stored = await store.put(_chunks(content, 2**20))

    assert stored == (hashlib.sha256(content).hexdigest(), size)
    assert await store.get(stored.sha256) == content


async def test_a_range_gives_exactly_those_bytes(store: ArtifactStore) -> None:
    await store.put(CONTENT)

    assert await _read(store, 10, 20) == CONTENT[10:20]
    assert await _read(store, 2_000_000) == CONTENT[2_000_000:]
    assert await _read(store, 0, 1) == CONTENT[:1]


async def test_a_stream_that_breaks_leaves_nothing(inside: Inside, store: ArtifactStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield CONTENT
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken())

    assert inside.keys() == []


async def test_unknown_and_malformed_names_are_missing(store: ArtifactStore) -> None:
    for name in (SHA256, "", "../../etc/passwd", SHA256.upper()):
        with pytest.raises(ArtifactMissing):
            await store.get(name)


async def test_damaged_content_is_noticed(inside: Inside, store: ArtifactStore) -> None:
    await store.put(CONTENT)
    inside.write(KEY, CONTENT[:-1])

    with pytest.raises(ArtifactMissing, match="damaged"):
        await store.get(SHA256)


async def test_many_writers_of_the_same_content_agree(store: ArtifactStore) -> None:
    results = await asyncio.gather(*(store.put(CONTENT) for _ in range(20)))

    assert set(results) == {(SHA256, len(CONTENT))}
    assert await store.get(SHA256) == CONTENT


async def test_a_place_that_is_no_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StoreUnavailable):
        ArtifactStore.local(tmp_path / "file" / "artifacts")


async def test_check_writes_for_real(inside: Inside) -> None:
    await inside.store.check()

    assert inside.read("probe") == b"ok"


async def test_check_of_a_folder_that_is_none_any_more_fails(tmp_path: Path) -> None:
    store = ArtifactStore.local(tmp_path / "artifacts")
    await store.check()
    (tmp_path / "artifacts" / "probe").unlink()
    (tmp_path / "artifacts").rmdir()
    (tmp_path / "artifacts").write_text("in the way")

    with pytest.raises(StoreUnavailable):
        await store.check()


async def _listed(store: ArtifactStore, prefix: str = SHA256[:2]) -> list[Listed]:
    return [one async for chunk in store.list_objects(prefix) for one in chunk]


async def _aside(store: ArtifactStore) -> list[Listed]:
    return [one async for chunk in store.list_aside() for one in chunk]


async def test_the_list_holds_our_objects_alone_and_when_they_were_written(
    inside: Inside, store: ArtifactStore
) -> None:
    await store.put(CONTENT)
    inside.set_time(KEY, dt.datetime.fromtimestamp(1_000_000, dt.UTC))
    for foreign in ("note.txt", f"{SHA256[:2]}/notes ü.txt", f"{SHA256[:2]}/{'0' * 64}", f"{SHA256[:2]}/in/{SHA256}"):
        inside.write(foreign, b"not ours")

    assert await _listed(store) == [Listed(SHA256, len(CONTENT), dt.datetime.fromtimestamp(1_000_000, dt.UTC))]
    assert await _listed(store, "zz") == []


async def test_what_is_set_aside_can_be_read_and_brought_back(store: ArtifactStore) -> None:
    await store.put(CONTENT)

    await store.set_aside(SHA256, THEN)

    assert await store.get(SHA256) == CONTENT
    assert not await store.has(SHA256)
    assert await _listed(store) == []
    assert await _aside(store) == [Listed(SHA256, len(CONTENT), THEN)]
    await store.bring_back(SHA256, THEN)
    assert await store.has(SHA256)
    assert await _aside(store) == []


async def test_what_is_discarded_is_gone_and_leaves_no_folder(
    inside: Inside, store: ArtifactStore, tmp_path: Path
) -> None:
    await store.put(CONTENT)
    await store.set_aside(SHA256, THEN)

    await store.discard(SHA256, THEN)
    await store.discard(SHA256, THEN)
    await store.set_aside(SHA256, THEN)

    with pytest.raises(ArtifactMissing):
        await store.get(SHA256)
    assert inside.keys() == []
    assert not (tmp_path / "artifacts" / "aside").exists()


async def test_what_is_put_after_it_was_set_aside_outlives_the_discarding(store: ArtifactStore) -> None:
    await store.put(CONTENT)
    await store.set_aside(SHA256, THEN)

    await store.put(CONTENT)
    await store.discard(SHA256, THEN)

    assert await store.get(SHA256) == CONTENT
