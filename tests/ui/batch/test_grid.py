"""The grid of a batch: each cell's state in words, and what can be asked of the whole."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.ui.fake_api import FakeApi
from tests.ui.fake_batches import batch_of, told
from ui.api_client import ApiClient, ApiError
from ui.api_types import Batch
from ui.batch.grid import BatchGrid


@pytest.fixture
def batch(api: FakeApi) -> dict[str, Any]:
    made = batch_of(["a chair", "a table", "a lamp"])
    api.batches[made["id"]] = made
    return made


@pytest.fixture
def grid(api: FakeApi, batch: dict[str, Any]) -> Iterator[BatchGrid]:
    with ApiClient(api.url, api.add_user()) as client:
        yield BatchGrid(client, cast("Batch", told(batch)))


def test_a_running_batch_fills_cell_by_cell(grid: BatchGrid, batch: dict[str, Any]) -> None:
    assert grid.shown()["told"] == "0 of 3 done · 3 waiting"
    done, running, _ = batch["items"]
    done.update(state="succeeded", preview_id="a1", triangles=1204, seconds=61.0, usd=0.25)
    running.update(state="running", stage="review")
    grid.act({"what": "refresh", "n": 1})
    shown = grid.shown()
    assert shown["told"] == "1 of 3 done · 1 building · 1 waiting"
    assert [cell["words"] for cell in shown["cells"]] == ["Done", "Reviewing the scene", "Waiting"]
    first = shown["cells"][0]
    assert first["facts"] == "1,204 triangles · 1:01 · $0.25"
    assert first["href"] == f"./?project={done['project_id']}"
    assert (shown["refreshes"], shown["cancel"], shown["retry"]) == (True, "Cancel the rest", "")
    assert shown["archive_words"] == "What is done as a zip"
    batch["items"][2].update(state="failed")
    grid.act({"what": "refresh", "n": 2})
    assert grid.shown()["retry"] == ""  # not before the rest has ended


def test_what_failed_says_why_and_can_be_tried_again(grid: BatchGrid, batch: dict[str, Any]) -> None:
    for item in batch["items"]:
        item.update(state="succeeded")
    batch["items"][1].update(state="failed", error={"code": "x", "message": "Blender ran out of memory."})
    grid.act({"what": "refresh", "n": 1})
    shown = grid.shown()
    assert (shown["retry"], shown["cancel"], shown["refreshes"]) == ("Try 1 prompt again", "", False)
    assert shown["cells"][1]["error"] == "Blender ran out of memory."
    assert shown["archive"] == f"p2m/api/v1/batches/{batch['id']}/archive"
    grid.act({"what": "retry", "n": 2})
    assert [cell["state"] for cell in grid.shown()["cells"]] == ["succeeded", "queued", "succeeded"]


def test_cancelled_prompts_can_be_tried_again(grid: BatchGrid) -> None:
    assert grid.shown()["archive"] == ""
    grid.act({"what": "cancel", "n": 1})
    assert grid.shown()["retry"] == "Try 3 prompts again"
    with pytest.raises(ApiError, match="Everything has ended"):
        grid.act({"what": "cancel", "n": 2})


def test_a_deleted_project_is_no_link(grid: BatchGrid, batch: dict[str, Any]) -> None:
    batch["items"][0].update(state="succeeded", project_deleted=True, preview_id="a1")
    grid.act({"what": "refresh", "n": 1})
    cell = grid.shown()["cells"][0]
    assert (cell["href"], cell["picture"], cell["facts"]) == ("", "", "Its project has been deleted.")
