"""The Projects page: the list, one project opened, rename, delete, export, continue."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on


def open_page(app: AppTest) -> AppTest:
    app.switch_page("views/projects.py").run()
    no_crash(app)
    return app


def test_projects_are_shown_with_their_pictures_newest_first(signed_in: AppTest, api: FakeApi) -> None:
    api.finish(api.add_project("Chair"), "a chair")
    api.add_project("Castle *tower*")
    page = open_page(signed_in)
    words = words_on(page).replace("\\", "")
    assert words.index("Castle *tower*") < words.index("Chair")
    assert len(page.image) == 1


def test_nobody_sees_an_empty_page_without_a_hint(signed_in: AppTest) -> None:
    assert "You have no projects yet" in words_on(open_page(signed_in))


def test_opened_project_shows_its_prompts_and_files(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    api.finish(project, "a chair")
    api.finish(project, "make it huge", "failed")
    page = open_page(signed_in)
    page.button(key=f"open-{project['id']}").click().run()
    no_crash(page)
    words = words_on(page).replace("\\", "")
    assert "make it huge" in words
    assert "It was 1 < 2 *stars* too many." in words
    assert len(page.download_button) == 4
    page.button(key="leave").click().run()
    assert page.button(key=f"open-{project['id']}") is not None


def test_rename_shows_the_new_name(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    page.text_input(key=f"name-{project['id']}").set_value("Throne")
    page.button(key=f"rename-{project['id']}").click().run()
    no_crash(page)
    assert project["name"] == "Throne"
    assert "Throne" in words_on(page)


def test_delete_asks_twice(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    assert page.button(key=f"delete-{project['id']}").disabled
    page.checkbox(key=f"sure-{project['id']}").check().run()
    page.button(key=f"delete-{project['id']}").click().run()
    no_crash(page)
    assert api.projects == {}


def test_a_deleted_project_is_brought_back(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    page.checkbox(key=f"sure-{project['id']}").check().run()
    page.button(key=f"delete-{project['id']}").click().run()
    page.button(key=f"undelete-{project['id']}").click().run()
    no_crash(page)
    assert page.button(key=f"open-{project['id']}") is not None
    assert (list(api.projects), api.deleted) == ([project["id"]], {})


def test_continue_opens_the_studio_on_that_project(signed_in: AppTest, api: FakeApi) -> None:
    api.add_project("Chair")
    castle = api.add_project("Castle")
    for number in range(60):
        api.add_project(f"Boat {number}")
    signed_in.session_state["projects_shown"] = 100
    page = open_page(signed_in)
    page.button(key=f"open-{castle['id']}").click().run()
    page.button(key="continue").click().run()
    page.switch_page("views/studio.py").run()  # AppTest forgets where st.switch_page went
    page.text_area(key="prompt").set_value("add a moat")
    page.button(key="build").click().run()
    no_crash(page)
    assert [job["project_id"] for job in api.jobs.values()] == [castle["id"]]


def test_export_is_asked_for(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    project["head_snapshot_id"] = "s"
    page = open_page(signed_in)
    page.button(key=f"open-{project['id']}").click().run()
    page.selectbox(key="export_format").set_value("stl")
    page.button(key="export").click().run()
    page.switch_page("views/studio.py").run()
    no_crash(page)
    (job,) = api.jobs.values()
    assert (job["kind"], job["formats"]) == ("export", ["stl"])


def test_project_that_is_gone_is_said_and_can_be_left(signed_in: AppTest, api: FakeApi) -> None:
    project = api.add_project("Chair")
    page = open_page(signed_in)
    page.button(key=f"open-{project['id']}").click().run()
    api.projects.clear()
    page.run()
    no_crash(page)
    assert "There is no such thing" in words_on(page)
    page.button(key="leave").click().run()
    assert "You have no projects yet" in words_on(page)
