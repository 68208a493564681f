"""The parameters of a scene, under AppTest: fields, one change at a time, refusals, the ways back."""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi, fake_api
from tests.ui.screen import no_crash, words_on
from ui.api_client import ApiClient
from ui.parameter_state import ParameterState


def parameters_page() -> None:
    """Nothing but the parameters, as a page of the app would have them."""
    import os

    import streamlit as st

    from ui.api_client import ApiClient
    from ui.parameters_box import draw_parameters
    from ui.session import UiSession, current_session, errors_as_banner

    if "ui_session" not in st.session_state:
        st.session_state["ui_session"] = UiSession(ApiClient(os.environ["P2M_API_URL"], os.environ["TEST_TOKEN"]))
    with errors_as_banner():
        project = current_session().client.get_project(os.environ["TEST_PROJECT"])
        st.write(f"The page shows {project['head_snapshot_id']}")
        draw_parameters(project)


def parameter(name: str, kind: str, value: Any, low: float | None, high: float | None, **facts: Any) -> dict[str, Any]:
    usual = {"label": name.replace("_", " ").capitalize(), "unit": "", "description": "", "step": 1}
    return {
        **usual, "id": name, "name": name, "type": kind, "value": value, "min": low, "max": high,
        "step_title": "Add the chair", "snapshot_id": "s", **facts,
    }  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[FakeApi]:
    with fake_api() as served:
        served.add_user("ada")
        yield served


@pytest.fixture
def project(served: FakeApi) -> dict[str, Any]:
    made = served.add_project("Chair")
    served.history.add_step(made, "Add the chair")
    served.history.asked.clear()
    served.history.refuse = None
    served.history.parameters = [
        parameter("SEAT_HEIGHT", "number", 0.45, 0.3, 0.7, unit="m", description="height of the *seat*"),
        parameter("LEGS", "count", 4, 1, 16),
        parameter("FRAME_COLOR", "colour", [0.5271, 0.0137, 0.0137, 1.0], 0, 1),
        parameter("HAS_ARMS", "switch", False, None, None),
        parameter("NOISE_SEED", "count", 7, 0, 9999),
    ]
    return made


@pytest.fixture
def box(served: FakeApi, project: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("P2M_API_URL", served.url)
    monkeypatch.setenv("TEST_TOKEN", next(iter(served.tokens)))
    monkeypatch.setenv("TEST_PROJECT", project["id"])
    shown = AppTest.from_function(parameters_page, default_timeout=20).run()
    no_crash(shown)
    return shown


def field_key(project: dict[str, Any], name: str, part: str = "") -> str:
    return f"parameter-{project['id']}-{name}{part}"


def running_job(served: FakeApi, project: dict[str, Any]) -> dict[str, Any]:
    jobs = [job for job in served.jobs.values() if job["project_id"] == project["id"] and job["state"] == "queued"]
    return jobs[-1]


def applied(served: FakeApi, project: dict[str, Any], name: str, value: Any, summary: str = "Made again.") -> None:
    """The job that runs has ended, with this value."""
    item = next(each for each in served.history.parameters if each["id"] == name)
    item["value"] = value
    served.history.add_step(project, "Add the chair")
    running_job(served, project).update(state="succeeded", result={"summary": summary})


def changes(served: FakeApi) -> list[dict[str, Any]]:
    return [body["values"] for what, body in served.history.asked if what == "parameters"]


def test_every_kind_has_a_field_with_its_name(box: AppTest, project: dict[str, Any]) -> None:
    assert [each.label for each in box.slider] == ["Seat height (m)", "Legs"]
    assert box.slider[0].value == 0.45
    assert box.toggle[0].label == "Has arms"
    assert box.color_picker[0].value.startswith("#")
    assert box.number_input(key=field_key(project, "NOISE_SEED", "-typed")).value == 7
    assert box.slider[0].help == "height of the \\*seat\\*"


def test_a_change_becomes_a_job_and_then_the_scene(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    head = project["head_snapshot_id"]
    box.slider(key=field_key(project, "SEAT_HEIGHT")).set_value(0.6).run()
    assert served.history.asked == [("parameters", {"values": {"SEAT_HEIGHT": 0.6}, "expected_head": head})]
    applied(served, project, "SEAT_HEIGHT", 0.6)
    shown = words_on(box.run())
    no_crash(box)
    assert f"The page shows {project['head_snapshot_id']}" in shown
    assert "Seat height 0\\.6 m\\: done in" in shown
    assert box.number_input(key=field_key(project, "SEAT_HEIGHT", "-typed")).value == 0.6


def test_the_new_model_is_shown_before_the_job_has_made_its_files(
    box: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    box.slider(key=field_key(project, "SEAT_HEIGHT")).set_value(0.6).run()
    head = served.history.add_step(project, "Add the chair")
    assert head not in words_on(box)
    project["model_id"] = "model"
    assert f"The page shows {head}" in words_on(box.run())
    assert "Applying Seat height" in words_on(box)
    running_job(served, project).update(state="succeeded", result={"summary": "Made again."})
    assert "done in" in words_on(box.run())


def test_a_change_tells_the_page_of_its_model_and_of_its_end(served: FakeApi, project: dict[str, Any]) -> None:
    with ApiClient(served.url, next(iter(served.tokens))) as client:
        state = ParameterState(project["id"])
        state.read(client, client.get_project(project["id"]))
        state.want("LEGS", 8)
        assert not state.go_on(client)
        assert not state.go_on(client)
        project["model_id"] = "model"
        assert state.go_on(client)
        state.read(client, client.get_project(project["id"]))
        assert not state.go_on(client)
        running_job(served, project).update(state="succeeded", result={"summary": "Made again."})
        assert state.go_on(client)
        assert not state.busy


def test_while_one_change_is_at_work_only_the_newest_value_waits(
    box: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    for value in (0.5, 0.55, 0.6):
        box.slider(key=field_key(project, "SEAT_HEIGHT")).set_value(value).run()
    assert changes(served) == [{"SEAT_HEIGHT": 0.5}]
    assert "Applying Seat height 0\\.5 m" in words_on(box)
    applied(served, project, "SEAT_HEIGHT", 0.5)
    box.run()
    assert changes(served) == [{"SEAT_HEIGHT": 0.5}, {"SEAT_HEIGHT": 0.6}]
    assert box.slider[0].value == 0.6


def test_a_refused_value_goes_back_and_says_why(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    served.history.refuse = (422, "invalid_input", "SEAT_HEIGHT must lie between 0.3 and 0.7 m.")
    box.number_input(key=field_key(project, "SEAT_HEIGHT", "-typed")).set_value(9.0).run()
    assert "SEAT_HEIGHT must lie between" in words_on(box).replace("\\", "")
    assert box.number_input(key=field_key(project, "SEAT_HEIGHT", "-typed")).value == 0.45


def test_a_step_that_fails_leaves_the_old_value(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    box.number_input(key=field_key(project, "LEGS", "-typed")).set_value(9).run()
    error = {"code": "step_failed", "message": "The step 'Add the chair' failed with the new values."}
    running_job(served, project).update(state="failed", error=error)
    box.run()
    assert "failed with the new values" in words_on(box)
    assert box.slider(key=field_key(project, "LEGS")).value == 4


def test_a_value_that_changes_nothing_says_so(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    box.toggle(key=field_key(project, "HAS_ARMS")).set_value(True).run()
    said = "The scene was made again. Nothing in the scene changed: most likely a later step sets it again."
    applied(served, project, "HAS_ARMS", True, said)
    assert "Has arms on: Nothing in the scene changed" in words_on(box.run()).replace("\\", "")


def test_a_value_goes_back_to_what_it_was(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    back = f"parameter-back-{field_key(project, 'LEGS')}"
    assert box.button(key=back).disabled
    box.slider(key=field_key(project, "LEGS")).set_value(8).run()
    applied(served, project, "LEGS", 8)
    box.run()
    box.button(key=back).click().run()
    assert changes(served)[-1] == {"LEGS": 4}


def test_all_values_go_back_at_once(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    for name, value in (("LEGS", 8), ("SEAT_HEIGHT", 0.6)):
        box.slider(key=field_key(project, name)).set_value(value).run()
        applied(served, project, name, value)
        box.run()
    box.button(key="parameters-reset").click().run()
    assert changes(served)[-1] == {"SEAT_HEIGHT": 0.45, "LEGS": 4}


def test_a_scene_that_was_changed_elsewhere_is_read_anew(
    box: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    served.history.add_step(project, "Elsewhere")
    box.slider(key=field_key(project, "LEGS")).set_value(8).run()
    no_crash(box)
    box.slider(key=field_key(project, "LEGS")).set_value(9).run()
    assert served.history.asked[-1][1]["expected_head"] == project["head_snapshot_id"]


def test_while_a_prompt_is_built_the_fields_wait(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    served.add_job(project["id"], "more")
    box.run()
    assert box.slider[0].disabled
    assert "A job is at work on this scene" in words_on(box)


def test_a_page_that_is_loaded_meanwhile_follows_the_change(
    box: AppTest, served: FakeApi, project: dict[str, Any]
) -> None:
    served.add_job(project["id"], "with a value", "parameters")
    assert "Applying the change" in words_on(box.run())
    running_job(served, project).update(state="succeeded", result={"summary": "Made again."})
    assert "the change: done in" in words_on(box.run()).replace("\\", "")


def test_many_values_can_be_searched(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    served.history.parameters = [parameter(f"PART_{n}", "count", n, 0, 99, step=n // 20 + 1) for n in range(60)]
    served.history.add_step(project, "Many parts")
    box.run()
    assert len(box.slider) == 40
    assert "20 more values" in words_on(box)
    box.text_input(key=f"parameters-search-{project['id']}").set_value("part 42").run()
    assert [each.label for each in box.slider] == ["Part 42"]


def test_a_new_seed_is_drawn(box: AppTest, served: FakeApi, project: dict[str, Any]) -> None:
    box.button(key=f"{field_key(project, 'NOISE_SEED', '-typed')}-another").click().run()
    assert set(changes(served)[-1]) == {"NOISE_SEED"}
