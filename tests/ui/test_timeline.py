"""The timeline of a project, under AppTest: undo and redo, looking, comparing, restoring, branching, renaming."""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi, fake_api
from tests.ui.screen import no_crash, words_on
from ui.api_client import ApiClient
from ui.timeline_state import TimelineState

TITLES = ("Add the seat", "Add the *legs*", "Paint it red")


def timeline_page() -> None:
    """Nothing but the timeline, as a page of the app would have it."""
    import os

    import streamlit as st

    from ui.api_client import ApiClient
    from ui.session import UiSession, current_session, errors_as_banner
    from ui.timeline import draw_timeline

    if "ui_session" not in st.session_state:
        st.session_state["ui_session"] = UiSession(ApiClient(os.environ["P2M_API_URL"], os.environ["TEST_TOKEN"]))
    with errors_as_banner():
        project = current_session().client.get_project(os.environ["TEST_PROJECT"])
        st.write(f"The page shows {project['head_snapshot_id']}")
        draw_timeline(project)


@pytest.fixture(scope="module")
def served() -> Iterator[FakeApi]:
    with fake_api() as served:
        served.add_user("ada")
        yield served


@pytest.fixture
def project(served: FakeApi) -> dict[str, Any]:
    """One with three steps; the first has been asked for by a prompt."""
    made = served.add_project("Chair")
    job = served.add_job(made["id"], "a red chair")
    job["state"] = "succeeded"
    served.history.asked.clear()
    served.history.refuse = None
    for title in TITLES:
        served.history.add_step(made, title, job_id=job["id"])
    return made


@pytest.fixture
def timeline(served: FakeApi, project: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("P2M_API_URL", served.url)
    monkeypatch.setenv("TEST_TOKEN", next(iter(served.tokens)))
    monkeypatch.setenv("TEST_PROJECT", project["id"])
    shown = AppTest.from_function(timeline_page, default_timeout=20).run()
    no_crash(shown)
    return shown


def ids(served: FakeApi, project: dict[str, Any]) -> list[str]:
    return [step["id"] for step in served.history.steps[project["id"]]]


def look(timeline: AppTest, project_id: str, snapshot_id: str, second_id: str | None = None) -> AppTest:
    """What a click on the strip comes to, which AppTest cannot do."""
    state = timeline.session_state[f"timeline-{project_id}"]
    state.look(snapshot_id)
    if second_id is not None:
        state.compare(second_id)
    shown = timeline.run()
    no_crash(shown)
    return shown


def test_undo_and_redo_move_the_scene_and_draw_the_page_anew(
    timeline: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    first, second, third = ids(served, project)
    timeline.button(key="timeline-undo").click().run()
    assert project["head_snapshot_id"] == second
    assert f"The page shows {second}" in words_on(timeline)
    assert "Undone" in words_on(timeline)
    timeline.button(key="timeline-redo").click().run()
    assert project["head_snapshot_id"] == third
    assert timeline.button(key="timeline-redo").disabled
    assert served.history.asked[0] == ("undo", {"expected_head": third})
    assert first != second


def test_a_scene_that_another_tab_has_changed_is_told_and_shown(
    timeline: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    other = served.history.add_step(project, "Elsewhere")
    timeline.button(key="timeline-undo").click().run()
    assert project["head_snapshot_id"] == other
    assert "changed elsewhere, so nothing was undone" in words_on(timeline).replace("\\", "")
    assert f"The page shows {other}" in words_on(timeline)
    timeline.button(key="timeline-undo").click().run()
    assert project["head_snapshot_id"] != other


def test_a_move_of_a_scene_that_was_changed_asks_for_a_new_page(served: FakeApi, project: dict[str, Any]) -> None:
    with ApiClient(served.url, next(iter(served.tokens))) as client:
        state = TimelineState(project["id"], head="another")
        state.hear(client, [{"what": "undo"}])
        assert state.moved
        assert "nothing was undone" in state.trouble
        state = TimelineState(project["id"], head=project["head_snapshot_id"])
        state.hear(client, [{"what": "undo"}, {"what": "undo"}, {"what": "look", "id": "a"}])
        assert (state.moved, state.selected, project["head_snapshot_id"]) == (True, "a", ids(served, project)[0])


def test_a_refused_move_is_one_sentence(timeline: AppTest, served: FakeApi) -> None:
    served.history.refuse = (409, "scene_busy", "A job is at work on this scene; wait for its end.")
    timeline.button(key="timeline-undo").click().run()
    assert "A job is at work on this scene" in words_on(timeline)


def test_while_a_job_builds_undo_waits(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    served.add_job(project["id"], "more")
    timeline.run()
    assert timeline.button(key="timeline-undo").disabled


def test_a_step_that_is_looked_at_says_what_it_is(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    look(timeline, project["id"], ids(served, project)[1])
    shown = words_on(timeline)
    assert "added Add the *legs*" in shown
    assert "a red chair" in shown
    assert "No model call asked for it" in shown
    timeline.toggle[0].set_value(True).run()
    assert "import bpy  # Add the *legs*" in timeline.code[0].value


def test_restore_makes_the_step_the_scene(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    first = ids(served, project)[0]
    look(timeline, project["id"], first)
    timeline.button(key="timeline-restore").click().run()
    assert project["head_snapshot_id"] == first
    assert timeline.button(key="timeline-restore").disabled
    assert f"The page shows {first}" in words_on(timeline)


def test_a_branch_is_a_project_of_its_own_that_is_opened(
    timeline: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    first = ids(served, project)[0]
    look(timeline, project["id"], first)
    timeline.text_input(key=f"branch-name-{first}").set_value("Stool")
    timeline.button(key="timeline-branch-off").click().run()
    made = next(each for each in served.projects.values() if each["name"] == "Stool")
    assert timeline.query_params["project"] == made["id"]


def test_a_step_gets_a_name(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    first = ids(served, project)[0]
    look(timeline, project["id"], first)
    timeline.text_input(key=f"label-words-{first}").set_value("Before the roof")
    timeline.button(key="timeline-label").click().run()
    assert served.history.steps[project["id"]][0]["label"] == "Before the roof"
    assert "Before the roof" in words_on(timeline)


def test_two_steps_are_compared_in_words(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    first, _, third = ids(served, project)
    look(timeline, project["id"], third, first)
    assert served.history.asked[-1] == ("compare", {"a": first, "b": third})
    assert "Measuring what differs" in words_on(timeline)
    job = next(each for each in served.jobs.values() if each["kind"] == "compare")
    changed = {"summary": "added 4, changed 1", "added": ["Leg *1*"], "counts": {"added": 4}}
    comparison = {"a_picture_id": None, "b_picture_id": None, "changed": changed}
    job.update(state="succeeded", result={"comparison": comparison})
    shown = words_on(timeline.run())
    assert "added 4, changed 1" in shown
    assert "Leg" in shown
    assert len([each for each in served.history.asked if each[0] == "compare"]) == 1


def test_a_step_without_a_model_has_it_made_once(timeline: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    first = ids(served, project)[0]
    served.history.steps[project["id"]][0]["model_id"] = None
    look(timeline, project["id"], first)
    assert "3D model of this step is being made" in words_on(timeline)
    jobs = [each for each in served.jobs.values() if each["kind"] == "export"]
    jobs[-1].update(state="failed", error={"code": "no_model", "message": "It has 3 million triangles."})
    shown = words_on(timeline.run())
    assert "There is no 3D model of this step: It has 3 million triangles" in shown.replace("\\", "")
    assert len([each for each in served.jobs.values() if each["kind"] == "export"]) == len(jobs)


def test_a_project_without_steps_says_what_will_be_there(served: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2M_API_URL", served.url)
    monkeypatch.setenv("TEST_TOKEN", next(iter(served.tokens)))
    monkeypatch.setenv("TEST_PROJECT", served.add_project("New")["id"])
    shown = AppTest.from_function(timeline_page, default_timeout=20).run()
    no_crash(shown)
    assert "Every step of the build will stand here" in words_on(shown)
