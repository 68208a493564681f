"""A folder's objects into a bucket and back, by the command that operators use."""

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.cli.commands import app
from cloud.storage.moving import copy_objects
from cloud.storage.store import ArtifactStore, StoreUnavailable
from tests.support.s3_server import KEY_ID, SECRET, Bucket, Fault, faulty
from tests.support.stores import InBucket, InFolder

CONTENTS = [b"one", b"two" * 100_000, b"", bytes(12 * 2**20)]


def copy(bucket: Bucket, *arguments: str, code: int = 0) -> dict[str, object]:
    environment = {
        "P2M_ARTIFACTS_ENDPOINT": bucket.url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "P2M_ARTIFACTS_URL": f"s3://{bucket.name}/some/where",
    }
    done = CliRunner().invoke(app, ["copy-artifacts", *arguments, "--json"], env=environment)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout.startswith("{") else {"error": done.output}


async def fill(store: ArtifactStore) -> list[str]:
    return [(await store.put(content)).sha256 for content in CONTENTS]


def test_a_folder_goes_into_a_bucket_and_back(bucket: Bucket, tmp_path: Path) -> None:
    names = asyncio.run(fill(ArtifactStore.local(tmp_path / "old")))

    went = copy(bucket, str(tmp_path / "old"), "here")
    again = copy(bucket, str(tmp_path / "old"), f"s3://{bucket.name}/some/where")
    came = copy(bucket, "here", str(tmp_path / "new"))

    assert (went["objects"], went["already_there"], went["bytes"]) == (4, 0, sum(map(len, CONTENTS)))
    assert (again["objects"], again["already_there"]) == (0, 4)
    assert came["objects"] == 4
    new = ArtifactStore.local(tmp_path / "new")
    assert [asyncio.run(new.get(name)) for name in names] == CONTENTS


def test_a_place_that_is_none_is_one_sentence(bucket: Bucket, tmp_path: Path) -> None:
    assert "There is no folder" in str(copy(bucket, str(tmp_path / "none"), "here", code=2)["error"])
    assert "There is no bucket" in str(copy(bucket, str(tmp_path), "s3://there-is-none", code=2)["error"])


async def test_a_copy_that_broke_goes_on_where_it_was(bucket: Bucket, tmp_path: Path) -> None:
    source = ArtifactStore.local(tmp_path / "old")
    names = await fill(source)
    with faulty(bucket.url) as server:
        target = ArtifactStore.of_settings(bucket.settings(tmp_path, artifacts_endpoint=server.url))
        server.faults = [Fault(lambda method, path: method == "PUT" and names[1] in path, 403, "AccessDenied")]
        with pytest.raises(ExceptionGroup) as raised:
            await copy_objects(source, target)
        assert raised.group_contains(StoreUnavailable)
        server.faults = []
        copied = await copy_objects(source, target)

        assert copied.objects >= 1
        assert [await target.get(name) for name in names] == CONTENTS


async def test_damage_is_told_and_never_copied_and_mended_at_the_target(bucket: Bucket, tmp_path: Path) -> None:
    source, target = InFolder(tmp_path / "old"), InBucket(bucket, tmp_path)
    names = await fill(source.store)
    damaged, mended = names[0], names[1]
    source.write(f"{damaged[:2]}/{damaged}", b"onf")
    target.write(f"{mended[:2]}/{mended}", b"twp" * 100_000)

    unseen = await copy_objects(source.store, target.store)
    copied = await copy_objects(source.store, target.store, verify=True)

    assert (unseen.damaged, unseen.already_there) == ([damaged], 1)
    assert (copied.damaged, copied.objects) == ([damaged], 1)
    assert await target.store.get(mended) == CONTENTS[1]
    assert not await target.store.has(damaged)


async def test_what_is_set_aside_comes_along(bucket: Bucket, tmp_path: Path) -> None:
    source, target = ArtifactStore.local(tmp_path / "old"), InBucket(bucket, tmp_path).store
    names = await fill(source)
    await source.set_aside(names[0], dt.datetime(2026, 11, 1, tzinfo=dt.UTC))

    assert (await copy_objects(source, target)).objects == 4
    assert await target.get(names[0]) == CONTENTS[0]
