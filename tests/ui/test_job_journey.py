"""A job in a real browser, against the real stack and real Blender, with a model that goes on until it is told to end.

Cancelled, reloaded, and with the back end killed in the middle; and one's own Claude key, tested and taken back.
"""

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Page, expect

from cloud.stack.lease import StackInfo
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.replies import Answer, calls, finishes
from tests.support.messages_api.server import MessagesApi, messages_api
from tests.support.stack_processes import processes_of
from tests.support.web_stack import web_stack
from tests.ui.test_accessibility import findings
from tests.ui.test_browser import JOB_DEADLINE_MS, sign_up
from ui.api_client import ApiClient

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.blender, pytest.mark.heavy]

GOOD_KEY = "sk-ant-the-key-that-the-model-server-knows"
STEP = """import bpy, time
bpy.ops.mesh.primitive_cube_add(size=0.8, location=({x}, 0, 0.4))
bpy.context.object.name = "Cube {number}"
time.sleep(1)
"""


@dataclass
class Builder:
    """A model that adds a cube a second until `end` is set. `steps`: how many each conversation has asked for."""

    end: threading.Event = field(default_factory=threading.Event)

    def __call__(self, body: dict[str, Any]) -> Answer:
        """The next turn, by what the request says has been done."""
        number = 1 + sum(
            block["type"] == "tool_use"
            for message in body["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
        )
        if self.end.is_set() or number > 60:
            return finishes("The row of cubes stands.")
        return calls(("run_python", {"code": STEP.format(x=number, number=number), "title": f"Add cube {number}"}))


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder()


@pytest.fixture(scope="module")
def model_server(builder: Builder) -> Iterator[MessagesApi]:
    model = KnownModel("any", adaptive_thinking=True, max_input_tokens=10**6)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            messages_api(answering=builder, any_model=model, key=GOOD_KEY, models=(model,))
        ) as api,
    ):
        yield api


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job_journey") / "data"


@pytest.fixture(scope="module")
def stack(data_dir: Path, model_server: MessagesApi) -> Iterator[StackInfo]:
    """A real stack with its web UI, whose model is the builder."""
    model = {"ANTHROPIC_API_KEY": GOOD_KEY, "ANTHROPIC_BASE_URL": model_server.base_url, "P2M_REVIEW": "0"}
    with web_stack(data_dir, **model) as running:
        yield running


@pytest.fixture(scope="module")
def client(stack: StackInfo) -> Iterator[ApiClient]:
    """Margaret's."""
    with ApiClient(stack.api_url) as anybody:
        anybody.sign_up("margaret", "correct horse battery")
        anybody.log_in("margaret", "correct horse battery")
        yield anybody


@pytest.fixture
def studio(browser: "Browser", stack: StackInfo, client: ApiClient, builder: Builder) -> Iterator[Page]:
    """Margaret's studio, with a job that builds and has shown its first steps."""
    builder.end.clear()
    assert stack.ui_url is not None
    token = client.log_in("margaret", "correct horse battery")["token"]
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(JOB_DEADLINE_MS)
    context.add_cookies([{"name": "p2m_web", "value": token, "url": stack.ui_url}])
    page = context.new_page()
    page.goto(stack.ui_url)
    page.get_by_label("Your prompt").fill("a row of cubes")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 · Add cube 2")).to_be_visible(timeout=JOB_DEADLINE_MS)
    yield page
    builder.end.set()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_hidden(timeout=JOB_DEADLINE_MS)
    context.close()


def shown_steps(page: Page) -> list[str]:
    return page.locator(".steps .title").all_inner_texts()


def in_order(count: int) -> list[str]:
    return [f"{number} · Add cube {number}" for number in range(1, count + 1)]


def newest_job(client: ApiClient, page: Page) -> dict[str, Any]:
    found = re.search(r"project=([0-9a-f-]{36})", page.url)
    assert found is not None
    return dict(next(client.list_jobs(project_id=found[1])))


def test_cancel_is_on_the_screen_and_the_job_has_ended(studio: Page, client: ApiClient) -> None:
    studio.get_by_role("button", name="Cancel", exact=True).click()
    expect(studio.get_by_text("You cancelled this job.")).to_be_visible()
    assert newest_job(client, studio)["state"] == "cancelled"
    expect(studio.get_by_role("application", name="3D model of a row of cubes")).to_be_visible()


def test_a_reload_in_the_middle_leads_back_to_the_live_job(studio: Page, builder: Builder) -> None:
    seen = len(shown_steps(studio))
    studio.reload()
    expect(studio.get_by_text(f"{seen + 2} · Add cube {seen + 2}")).to_be_visible(timeout=JOB_DEADLINE_MS)
    titles = shown_steps(studio)
    assert titles == in_order(len(titles))
    assert findings(studio) == []
    builder.end.set()
    expect(studio.get_by_text("The row of cubes stands.")).to_be_visible(timeout=JOB_DEADLINE_MS)
    assert findings(studio) == []


def test_a_back_end_that_is_killed_in_the_middle_costs_nothing(
    studio: Page, client: ApiClient, builder: Builder, data_dir: Path
) -> None:
    studio.get_by_label("What should change?").fill("and a lamp beside it")
    killed = [pid for pid, command in processes_of(data_dir).items() if _is_back_end(command)]
    assert len(killed) == 2, processes_of(data_dir)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    expect(studio.get_by_text("Connection lost, trying again…")).to_be_visible()
    expect(studio.get_by_text("Connection lost, trying again…")).to_be_hidden(timeout=JOB_DEADLINE_MS)
    seen = len(shown_steps(studio))
    expect(studio.get_by_text(f"{seen + 2} · Add cube {seen + 2}")).to_be_visible(timeout=JOB_DEADLINE_MS)
    builder.end.set()
    expect(studio.get_by_text("The row of cubes stands.")).to_be_visible(timeout=JOB_DEADLINE_MS)
    titles = shown_steps(studio)
    assert titles[: seen + 2] == in_order(seen + 2)
    job = newest_job(client, studio)
    assert job["state"] == "succeeded"
    cubes = [title for title in titles if "Add cube" in title]
    assert f"{len(cubes)} objects" in studio.locator("body").inner_text()  # no step was made twice
    expect(studio.get_by_label("What should change?")).to_have_value("and a lamp beside it")


def test_own_key_is_tested_kept_and_taken_back(page: Page, stack: StackInfo) -> None:
    assert stack.ui_url is not None
    sign_up(page, stack.ui_url, "radia")
    expect(page.get_by_label("Your prompt")).to_be_visible()
    page.goto(f"{stack.ui_url}/account")
    field = page.get_by_label("Claude key")
    field.fill("sk-ant-a-key-that-is-nobodys-0000")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.get_by_role("alert")).to_contain_text("key")
    expect(page.get_by_text("None: your jobs use this server's own model access.")).to_be_visible()
    field.fill(GOOD_KEY)
    page.get_by_role("button", name="Test and keep").click()
    expect(page.get_by_text(f"…{GOOD_KEY[-4:]}, entered on", exact=False)).to_be_visible()
    assert GOOD_KEY not in page.content()
    page.get_by_role("button", name="Remove the key").click()
    expect(page.get_by_text("None: your jobs use this server's own model access.")).to_be_visible()


def _is_back_end(command: str) -> bool:
    return any(f"-m {module}" in command for module in ("cloud.api", "cloud.jobs"))
