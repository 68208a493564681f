"""The Projects page: what its gallery is given, and what becomes of what it asks."""

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import ask, no_crash, painted, words_on

INBOX = "gallery_inbox"


def open_page(app: AppTest) -> AppTest:
    app.switch_page("views/projects.py").run()
    no_crash(app)
    return app


def gallery(app: AppTest) -> dict[str, Any]:
    no_crash(app)
    return painted(app, "p2m_gallery")


def names(app: AppTest) -> list[str]:
    return [card["name"] for card in gallery(app)["cards"]]


def test_projects_are_shown_with_their_pictures_newest_first(signed_in: AppTest, api: FakeApi) -> None:
    api.finish(api.add_project("Chair"), "a chair")
    castle = api.add_project("Castle *tower*")
    api.add_job(castle["id"], "a castle")
    first, second = gallery(open_page(signed_in))["cards"]
    assert (first["name"], first["picture"], first["busy"]) == ("Castle *tower*", "", "Running now")
    assert (second["name"], second["prompt"], second["busy"]) == ("Chair", "a chair", "")
    assert second["picture"].startswith("p2m/api/v1/artifacts/")


def test_nobody_sees_an_empty_page_without_a_way_on(signed_in: AppTest) -> None:
    empty = gallery(open_page(signed_in))["empty"]
    assert (empty["title"], empty["link"]) == ("You have no projects yet", "Open the studio")


def test_a_deleted_project_is_brought_back(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    ask(page, INBOX, "delete", id=project["id"])
    assert (names(page), list(api.projects)) == ([], [])
    assert gallery(page)["notice"]["undo_id"] == project["id"]
    ask(page, INBOX, "undelete", id=project["id"])
    assert (names(page), list(api.projects), api.deleted) == (["Chair"], [project["id"]], {})


def test_what_the_api_refuses_is_said_and_the_page_goes_on(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    api.projects.clear()
    ask(page, INBOX, "rename", id=project["id"], name="Throne")
    assert "There is no such thing" in words_on(page)
    ask(page, INBOX, "find", query="", sort="changed", deleted=False)
    assert gallery(page)["empty"] is not None


def test_a_message_that_cannot_be_understood_changes_nothing(signed_in: AppTest, api: FakeApi) -> None:
    api.add_project("Chair")
    page = open_page(signed_in)
    ask(page, INBOX, "explode")
    assert names(page) == ["Chair"]


def test_links_and_files_of_a_card_open_in_a_dialog(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    project["head_snapshot_id"] = "s"
    page = open_page(signed_in)
    ask(page, INBOX, "show", id=project["id"], box="share")
    assert page.button(key="share_make") is not None
    ask(page, INBOX, "show", id=project["id"], box="files")
    no_crash(page)
    assert painted(page, "p2m_downloads")["rows"][0]["title"] == "Blender file"
    assert "share_make" not in [one.key for one in page.button]


def test_a_project_without_a_scene_has_nothing_to_download(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    ask(page, INBOX, "show", id=project["id"], box="files")
    assert "There is no scene yet" in words_on(page)
