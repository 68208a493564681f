"""The timeline and the parameters in a real browser, against a server whose steps and jobs the tests play."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.stack_processes import wait_for
from tests.ui.fake_api import FakeApi, fake_api, picture_png
from tests.ui.test_parameters_box import parameter
from tests.ui.ui_process import ui_process

if TYPE_CHECKING:
    from playwright.sync_api import Locator

DEADLINE_S = 60
pytestmark = [pytest.mark.browser, pytest.mark.heavy]


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """Machines that run tests are busy."""
    expect.set_options(timeout=DEADLINE_S * 1000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeApi, str]]:
    with fake_api() as api, ui_process(api.url) as (url, _):
        api.add_user("ada")
        yield api, url


@pytest.fixture
def api(served: tuple[FakeApi, str]) -> FakeApi:
    api = served[0]
    api.history.asked.clear()
    api.history.parameters = [parameter("SEAT_HEIGHT", "number", 0.45, 0.3, 0.7, unit="m")]
    return api


def with_steps(api: FakeApi, count: int) -> dict[str, Any]:
    project = api.add_project("Chair")
    job = api.add_job(project["id"], "a red chair")
    job["state"] = "succeeded"
    for number in range(1, count + 1):
        picture = api.add_artifact(job, "thumbnail", "step.webp", picture_png(), "image/png")
        api.history.add_step(project, f"Part {number}", job_id=job["id"], thumbnail_id=picture)
    return project


def open_project(page: Page, served: tuple[FakeApi, str], project: dict[str, Any]) -> None:
    page.set_default_timeout(DEADLINE_S * 1000)
    page.goto(f"{served[1]}/?project={project['id']}")
    page.get_by_label("User name").first.fill("ada")
    page.get_by_label("Password", exact=True).first.fill("correct horse")
    page.get_by_role("button", name="Sign in").first.click()
    expect(step(page, 1)).to_be_attached()


def step(page: Page, number: int) -> "Locator":
    return page.get_by_role("option", name=f"Step {number}:")


def head_is(api: FakeApi, project: dict[str, Any], number: int) -> bool:
    return api.history.steps[project["id"]][number - 1]["id"] == api.projects[project["id"]]["head_snapshot_id"]


def test_undo_and_redo_by_keyboard_lose_no_press_and_leave_text_fields_alone(
    page: Page, served: tuple[FakeApi, str], api: FakeApi
) -> None:
    project = with_steps(api, 5)
    open_project(page, served, project)
    page.locator("body").press("Control+z")
    page.locator("body").press("Control+z")
    page.locator("body").press("Control+z")
    wait_for(lambda: head_is(api, project, 2), DEADLINE_S, "three undos")
    expect(step(page, 2)).to_have_attribute("aria-current", "step")
    page.locator("body").press("Control+Shift+z")
    wait_for(lambda: head_is(api, project, 3), DEADLINE_S, "the redo")
    page.locator("body").press("Control+y")
    wait_for(lambda: head_is(api, project, 4), DEADLINE_S, "the other redo")
    expect(step(page, 4)).to_have_attribute("aria-current", "step")

    prompt = page.get_by_label("What should change?")
    prompt.press_sequentially("thicker legs")
    prompt.press("Control+z")
    page.get_by_role("button", name="Undo").click()
    wait_for(lambda: head_is(api, project, 3), DEADLINE_S, "the undo by the button")
    assert [what for what, _ in api.history.asked].count("undo") == 4


def test_the_strip_is_walked_by_keyboard(page: Page, served: tuple[FakeApi, str], api: FakeApi) -> None:
    project = with_steps(api, 4)
    open_project(page, served, project)
    step(page, 4).focus()
    page.keyboard.press("ArrowLeft")
    expect(step(page, 3)).to_be_focused()
    page.keyboard.press("Home")
    expect(step(page, 1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Part 1")).to_be_visible()
    expect(step(page, 1)).to_have_attribute("aria-selected", "true")
    expect(step(page, 1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_role("heading", name="Part 1 → Part 4")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Part 1 → Part 4")).to_be_hidden()


def test_hundreds_of_steps_begin_at_the_scene_and_fetch_what_is_seen(
    page: Page, served: tuple[FakeApi, str], api: FakeApi
) -> None:
    project = with_steps(api, 300)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/artifacts/" in request.url else None)
    open_project(page, served, project)
    expect(step(page, 300)).to_be_in_viewport()
    expect(step(page, 1)).not_to_be_in_viewport()
    assert len(fetched) < 150


def test_the_strip_grows_while_a_job_builds_and_what_is_typed_stays(
    page: Page, served: tuple[FakeApi, str], api: FakeApi
) -> None:
    project = with_steps(api, 2)
    job = api.add_job(project["id"], "and a table")
    open_project(page, served, project)
    prompt = page.get_by_role("textbox").first
    prompt.fill("a lamp, too")
    api.history.add_step(project, "Part 3", job_id=job["id"])
    expect(step(page, 3)).to_have_attribute("aria-current", "step")
    expect(prompt).to_have_value("a lamp, too")
    api.play_end(job)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_a_slider_moved_by_keyboard_applies_the_newest_value(
    page: Page, served: tuple[FakeApi, str], api: FakeApi
) -> None:
    project = with_steps(api, 2)
    open_project(page, served, project)
    page.get_by_role("tab", name="Parameters").click()
    slider = page.get_by_role("slider", name="Seat height (m)")
    expect(slider).to_be_visible()
    slider.press("ArrowRight")
    wait_for(lambda: any(job["kind"] == "parameters" for job in api.jobs.values()), DEADLINE_S, "the change")
    expect(page.get_by_text("Applying Seat height")).to_be_visible()
    job = next(job for job in api.jobs.values() if job["kind"] == "parameters")
    api.history.parameters[0]["value"] = api.history.asked[-1][1]["values"]["SEAT_HEIGHT"]
    api.history.add_step(project, "Part 2")
    job.update(state="succeeded", result={"summary": "Made again."})
    expect(page.get_by_text("done in")).to_be_visible()
    expect(page.get_by_role("option", name="the scene now")).to_have_attribute("aria-current", "step")
