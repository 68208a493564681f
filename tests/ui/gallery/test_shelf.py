"""The shelf of the gallery: found, searched, paged, and changed in place."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ui.fake_api import FakeApi
from ui.api_client import ApiClient, ApiError
from ui.gallery.shelf import PAGE_ITEMS, Shelf


@pytest.fixture
def shelf(api: FakeApi) -> Iterator[Shelf]:
    with ApiClient(api.url, api.add_user()) as client:
        yield Shelf(client)


def ask(shelf: Shelf, what: str, **details: Any) -> None:
    shelf.act({"what": what, "n": time.time_ns(), **details})


def find(shelf: Shelf, query: str = "", *, deleted: bool = False) -> None:
    ask(shelf, "find", query=query, sort="name", deleted=deleted)


def names(shelf: Shelf) -> list[str]:
    return [card["name"] for card in shelf.shown()["cards"]]


def test_many_projects_come_page_by_page(shelf: Shelf, api: FakeApi) -> None:
    for number in range(PAGE_ITEMS + 3):
        api.add_project(f"Boat {number}")
    shelf.load()
    assert (len(names(shelf)), shelf.shown()["has_more"]) == (PAGE_ITEMS, True)
    assert shelf.shown()["told"] == f"{PAGE_ITEMS} projects so far"
    ask(shelf, "more")
    assert (len(names(shelf)), shelf.shown()["has_more"]) == (PAGE_ITEMS + 3, False)
    api.add_project("Newer")
    ask(shelf, "more")  # there is no more: nothing is asked, so nothing is found
    assert len(set(names(shelf))) == PAGE_ITEMS + 3


def test_a_project_that_moved_to_the_next_page_is_shown_once(shelf: Shelf, api: FakeApi) -> None:
    for number in range(PAGE_ITEMS + 1):
        api.add_project(f"Boat {number}")
    shelf.load()
    api.add_project("Newer")
    ask(shelf, "more")
    assert len(names(shelf)) == len(set(names(shelf))) == PAGE_ITEMS + 1


def test_a_search_that_finds_nothing_says_so_and_the_way_back_is_kept(shelf: Shelf, api: FakeApi) -> None:
    api.add_project("Chair")
    find(shelf, "tower")
    assert shelf.shown()["empty"]["title"] == "Nothing matches “tower”"
    find(shelf, "CHAIR")
    assert names(shelf) == ["Chair"]
    assert shelf.shown()["told"] == "1 project with “CHAIR”"


def test_a_search_that_is_refused_shows_no_old_results(shelf: Shelf, api: FakeApi) -> None:
    api.add_project("Chair")
    shelf.load()
    with pytest.raises(ApiError, match="too many words"):
        find(shelf, "a b c d e f g h i")
    assert names(shelf) == []


def test_without_projects_it_leads_to_the_studio(shelf: Shelf) -> None:
    shelf.load()
    assert shelf.shown()["empty"]["href"] == "./"


def test_deleted_can_be_undone_at_once_and_later_from_the_list(shelf: Shelf, api: FakeApi) -> None:
    project = api.add_project("Chair")
    shelf.load()
    ask(shelf, "delete", id=project["id"])
    assert (names(shelf), list(api.projects), shelf.gone) == ([], [], [project["id"]])
    assert shelf.shown()["notice"] == {"text": "Deleted “Chair”.", "undo_id": project["id"]}
    ask(shelf, "undelete", id=project["id"])
    assert names(shelf) == ["Chair"]
    ask(shelf, "delete", id=project["id"])
    find(shelf, deleted=True)
    assert names(shelf) == ["Chair"]
    ask(shelf, "undelete", id=project["id"])
    assert (names(shelf), list(api.projects)) == ([], [project["id"]])


def test_renamed_and_duplicated_in_place(shelf: Shelf, api: FakeApi) -> None:
    api.add_project("Table")
    project = api.add_project("Chair")
    shelf.load()
    ask(shelf, "rename", id=project["id"], name="Throne")
    assert names(shelf) == ["Throne", "Table"]
    ask(shelf, "duplicate", id=project["id"])
    assert names(shelf) == ["Throne (copy)", "Throne", "Table"]


def test_only_what_runs_is_asked_for_again(shelf: Shelf, api: FakeApi) -> None:
    project = api.add_project("Chair")
    idle = api.add_project("Table")
    job = api.add_job(project["id"], "a chair")
    shelf.load()
    assert shelf.shown()["refreshes"]
    idle["name"] = "Desk"
    job["state"] = "succeeded"
    ask(shelf, "refresh")
    assert [card["busy"] for card in shelf.shown()["cards"]] == ["", ""]
    assert (names(shelf), shelf.shown()["refreshes"]) == (["Table", "Chair"], False)


def test_a_running_project_that_was_deleted_elsewhere_goes(shelf: Shelf, api: FakeApi) -> None:
    project = api.add_project("Chair")
    api.add_job(project["id"], "a chair")
    shelf.load()
    api.deleted[project["id"]] = api.projects.pop(project["id"])
    ask(shelf, "refresh")
    assert names(shelf) == []


@pytest.mark.parametrize("message", [{"what": "delete", "id": "other"}, {"what": "find", "query": "", "sort": "x"}])
def test_a_message_that_is_none_of_ours_does_nothing(shelf: Shelf, message: dict[str, Any]) -> None:
    shelf.load()
    with pytest.raises(ValueError, match=r"the project is not|no order"):
        shelf.act({"n": 1, "deleted": False, **message})
