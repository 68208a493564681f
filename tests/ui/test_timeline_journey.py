"""The timeline and the parameters in a real browser, against the real stack and real Blender."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cloud.stack.lease import StackInfo
from tests.support.stack_processes import wait_for
from tests.ui.test_browser import stack
from ui.api_client import ApiClient

__all__ = ["stack"]  # a fixture

JOB_DEADLINE_S = 600
BLEND_MAGIC = (b"BLENDER", b"\x28\xb5\x2f\xfd")
PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.blender, pytest.mark.heavy]


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """Machines that run tests are busy."""
    expect.set_options(timeout=120_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def client(stack: StackInfo) -> Iterator[ApiClient]:
    """Grace's, whose project has a chair and a table."""
    with ApiClient(stack.api_url) as client:
        client.sign_up("grace", PASSWORD)
        client.token = client.log_in("grace", PASSWORD, client="cli")["token"]
        project = client.create_project("Chair and table")
        job = client.create_job(project["id"], "a red wooden chair next to a round table", formats=["blend", "glb"])
        ended = [event for event in client.events(job["id"]) if event.type == "job.finished"]
        assert ended[-1].data["state"] == "succeeded"
        yield client


@pytest.fixture
def project_id(client: ApiClient) -> str:
    return next(each["id"] for each in client.list_projects() if each["name"] == "Chair and table")


@pytest.fixture
def studio(page: Page, stack: StackInfo, project_id: str) -> Page:
    """The project's page, signed in."""
    page.set_default_timeout(120_000)
    page.goto(f"{stack.ui_url}/?project={project_id}")
    page.get_by_label("User name").first.fill("grace")
    page.get_by_label("Password", exact=True).first.fill(PASSWORD)
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("option").first).to_be_attached()
    return page


def head_of(client: ApiClient, project_id: str) -> str | None:
    return client.get_project(project_id)["head_snapshot_id"]


def test_undo_and_redo_by_keyboard(studio: Page, client: ApiClient, project_id: str) -> None:
    last = head_of(client, project_id)
    studio.locator("body").press("Control+z")
    wait_for(lambda: head_of(client, project_id) != last, JOB_DEADLINE_S, "the undo")
    studio.locator("body").press("Control+Shift+z")
    wait_for(lambda: head_of(client, project_id) == last, JOB_DEADLINE_S, "the redo")
    expect(studio.get_by_text("Redone.", exact=True).first).to_be_visible()


def test_a_slider_makes_another_scene_that_undo_takes_back(studio: Page, client: ApiClient, project_id: str) -> None:
    before = head_of(client, project_id)
    studio.get_by_role("tab", name="Parameters").click()
    studio.get_by_role("slider").first.press("ArrowRight")
    wait_for(lambda: head_of(client, project_id) != before, JOB_DEADLINE_S, "the new scene")
    expect(studio.get_by_text("done in")).to_be_visible(timeout=JOB_DEADLINE_S * 1000)
    assert {job["kind"]: job["state"] for job in client.list_jobs(project_id=project_id)}["parameters"] == "succeeded"
    undo = studio.get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    undo.click()
    wait_for(lambda: head_of(client, project_id) == before, JOB_DEADLINE_S, "the undo")


def test_two_steps_are_compared_in_pictures_and_words(studio: Page) -> None:
    studio.get_by_role("option", name="Step 1:").first.click()
    studio.get_by_role("button", name="Compare with").click()
    expect(studio.get_by_text("Now click the step to compare it with")).to_be_visible()
    studio.get_by_role("option", name="Step 2:").first.click()
    expect(studio.get_by_text("Added (")).to_be_visible(timeout=JOB_DEADLINE_S * 1000)
    studio.get_by_role("button", name="End the comparison").click()
    expect(studio.get_by_role("button", name="Restore")).to_be_visible()


def test_a_step_is_restored_downloaded_and_branched_off(studio: Page, client: ApiClient, project_id: str) -> None:
    studio.get_by_role("option", name="Step 1:").first.click()
    studio.get_by_role("button", name="Restore").click()
    expect(studio.get_by_role("button", name="The scene now")).to_be_disabled()
    # The slider's line of steps, of the test before, has a first step of its own.
    firsts = {each["id"] for each in client.snapshots(project_id) if each["parent_id"] is None}
    assert head_of(client, project_id) in firsts

    with studio.expect_download() as downloading:
        studio.get_by_role("link", name="Download .blend").click()
    assert downloading.value.path().read_bytes().startswith(BLEND_MAGIC)

    studio.get_by_role("button", name="Branch").click()
    studio.get_by_label("Name", exact=True).fill("Only the chair")
    studio.get_by_role("button", name="Branch off").click()
    expect(studio.get_by_role("heading", name="Only the chair")).to_be_visible()
    branch = next(each for each in client.list_projects() if each["name"] == "Only the chair")
    assert f"project={branch['id']}" in studio.url
    assert len(list(client.snapshots(branch["id"]))) == 1
