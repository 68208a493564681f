"""What the front makes of answers that our own code would not give: nothing of them is stored or passed on."""

import os
from pathlib import Path
from typing import Any

import pytest

from cloud.blender.frames import Message
from cloud.blender.intake import Intake, SenselessAnswer
from cloud.blender.store import NoFile, PodStore, StoreFull

NAMES = ["../../outside", "..", "", ".hidden", "a/b", "x" * 200, "a\0b", "a\n", None, 7]
LISTS = [5, "abc", {"name": "a.stl"}, [5], None, [], [{"name": "a.stl"}, {"name": "b.stl"}]]


@pytest.fixture
def store(tmp_path: Path) -> PodStore:
    return PodStore(tmp_path / "pod", limit_bytes=2**20, file_limit_bytes=2**19)


def opened(folder: Path, content: bytes) -> int:
    """A descriptor of a file with this content."""
    (folder / "handed-over").write_bytes(content)
    return os.open(folder / "handed-over", os.O_RDONLY)


async def keep(store: PodStore, tool: str, structured: Any, *fds: int) -> Any:
    """What the front makes of an answer; the scene was the empty one."""
    return await Intake(store).keep(
        tool, {"title": "Step"}, Message({"text": "", "structured": structured}, (), fds), ""
    )


@pytest.mark.parametrize("name", NAMES)
async def test_an_export_under_a_forged_name_is_refused(store: PodStore, tmp_path: Path, name: object) -> None:
    fd = opened(tmp_path, b"solid")
    with pytest.raises(SenselessAnswer):
        await keep(store, "export", {"files": [{"name": name}]}, fd)
    assert list(store.exports_folder.iterdir()) == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("files", LISTS)
async def test_a_forged_list_of_exports_is_refused(store: PodStore, tmp_path: Path, files: object) -> None:
    with pytest.raises(SenselessAnswer):
        await keep(store, "export", {"files": files}, opened(tmp_path, b"solid"))


async def test_an_export_is_stored_under_its_name_and_told_with_its_hash(store: PodStore, tmp_path: Path) -> None:
    forged = {"files": [{"name": "a.stl", "sha256": "f" * 64, "bytes": 1}], "sha256": "f" * 64}
    kept = await keep(store, "export", forged, opened(tmp_path, b"solid"))
    told = kept.answer.header["structured"]
    assert (told["file"], told["bytes"]) == ("a.stl", 5)
    assert told["sha256"] != "f" * 64
    assert (store.exports_folder / "a.stl").read_bytes() == b"solid"


async def test_a_snapshot_that_is_claimed_without_a_file_is_none(store: PodStore) -> None:
    kept = await keep(store, "run_python", {"snapshot": {"sha256": "f" * 64}})
    assert (kept.snapshot, kept.answer.header["structured"]["snapshot"]) == (None, None)


@pytest.mark.parametrize("content", [b"", b"no scene"])
async def test_a_snapshot_that_is_no_scene_is_refused(store: PodStore, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NoFile):
        await keep(store, "run_python", {}, opened(tmp_path, content))
    assert list(store.snapshots_folder.iterdir()) == []


async def test_a_snapshot_beyond_the_quota_is_refused_and_leaves_nothing(store: PodStore, tmp_path: Path) -> None:
    with pytest.raises(StoreFull, match="larger than"):
        await keep(store, "run_python", {}, opened(tmp_path, b"BLENDER" + bytes(2**19)))
    assert list(store.snapshots_folder.iterdir()) == []


async def test_snapshots_beyond_the_quota_drop_the_oldest_and_never_the_present(
    store: PodStore, tmp_path: Path
) -> None:
    taken = [
        (await keep(store, "run_python", {}, opened(tmp_path, b"BLENDER%d" % number + bytes(400_000)))).snapshot
        for number in range(4)
    ]
    left = {entry.sha256 for entry in store.list_snapshots()}
    assert taken[-1] in left
    assert taken[0] not in left
    assert store.used_bytes() <= 2**20


async def test_a_step_that_changed_nothing_is_the_snapshot_that_was(store: PodStore, tmp_path: Path) -> None:
    first = (await keep(store, "run_python", {}, opened(tmp_path, b"BLENDER"))).snapshot
    again = await Intake(store).keep(
        "run_python", {}, Message({"structured": {}}, (), (opened(tmp_path, b"BLENDER"),)), str(first)
    )
    assert again.snapshot == first
    assert store.entry(str(first)).parent == ""


async def test_native_output_and_its_warnings_are_told(store: PodStore) -> None:
    header = {"text": "OK", "structured": {"stdout": "", "warnings": []}, "output": "Warning: thin\nmore\n"}
    kept = await Intake(store).keep("run_python", {}, Message(header), "")
    assert kept.answer.header["structured"]["warnings"] == ["Warning: thin"]
    assert "native output:\nWarning: thin" in kept.answer.header["text"]
