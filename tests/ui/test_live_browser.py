"""A running job in a real browser, against an API that plays it event by event."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.ui.fake_api import USAGE, FakeApi, fake_api, picture_png
from tests.ui.ui_process import ui_process

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

WAIT_MS = 60_000
TABS = 10
STEPS = 60
GROWTH_LIMIT_MIB = 60


@pytest.fixture(scope="module")
def api() -> Iterator[FakeApi]:
    with fake_api() as served:
        yield served


@pytest.fixture(scope="module")
def site(api: FakeApi) -> Iterator[tuple[str, Any]]:
    with ui_process(api.url) as served:
        yield served


@pytest.fixture
def tabs(browser: "Browser", api: FakeApi, site: tuple[str, Any]) -> "Iterator[BrowserContext]":
    """A browser of somebody who is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    context.add_cookies([{"name": "p2m_web", "value": api.add_user(), "url": site[0]}])
    yield context
    context.close()


def begin(api: FakeApi) -> dict[str, Any]:
    job = api.add_job(api.add_project("Chair")["id"], "a red chair")
    job["state"] = "running"
    api.play(job, "job.started", attempt=1, model="claude-opus")
    api.play(job, "stage", stage="build")
    return job


def step(api: FakeApi, job: dict[str, Any], number: int) -> None:
    facts = {"step": number, "tool": "run_python", "title": f"Part {number}"}
    api.play(job, "step.started", **facts, code=f"import bpy\n# part {number}")
    api.play(job, "step.finished", **facts, ok=True, seconds=0.4, changed=f"added Part {number}", error=None)
    thumbnail = api.add_artifact(job, "thumbnail", f"step-{number:03}.png", picture_png(), "image/png")
    api.play(job, "picture", artifact_id=thumbnail, name=f"step-{number:03}.png", kind="thumbnail", step=number)


def open_tab(tabs: "BrowserContext", url: str, job: dict[str, Any], complaints: list[str]) -> Page:
    page = tabs.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}/?project={job['project_id']}")
    expect(page.get_by_text("Building", exact=True)).to_be_visible(timeout=WAIT_MS)
    return page


def shown_steps(page: Page) -> list[str]:
    return page.locator(".steps .title").all_inner_texts()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_MS / 1000
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.1)


def test_steps_code_and_pictures_come_live_and_typed_words_outlive_the_end(
    tabs: "BrowserContext", api: FakeApi, site: tuple[str, Any]
) -> None:
    complaints: list[str] = []
    job = begin(api)
    page = open_tab(tabs, site[0], job, complaints)
    expect(page.get_by_text("Waiting for Claude", exact=False)).to_be_visible()
    step(api, job, 1)
    api.play(job, "usage", usage=USAGE, usd_limit=5.0)
    expect(page.get_by_text("1,500 tokens · $0.01 of $5.00")).to_be_visible()
    page.get_by_text("1 · Part 1").click()
    page.get_by_role("button", name="Show the code").click()
    expect(page.locator("pre .keyword", has_text="import")).to_be_visible()
    page.get_by_role("button", name="After step 1: Part 1, large").click()
    expect(page.get_by_role("dialog").get_by_role("img", name="After step 1: Part 1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_label("What should change?").fill("and then a table")
    api.play_end(job)
    expect(page.get_by_text("A red chair.")).to_be_visible()
    expect(page.get_by_label("What should change?")).to_have_value("and then a table")
    expect(page.locator("pre .keyword", has_text="import")).to_be_visible()  # nothing was drawn anew
    assert complaints == []


def test_cancel_is_said_at_once_and_reaches_the_job(
    tabs: "BrowserContext", api: FakeApi, site: tuple[str, Any]
) -> None:
    job = begin(api)
    page = open_tab(tabs, site[0], job, [])
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("You cancelled this job.")).to_be_visible()
    assert job["state"] == "cancelled"


def test_api_and_web_ui_that_restart_in_the_middle_lead_back_to_the_live_job(browser: "Browser", api: FakeApi) -> None:
    complaints: list[str] = []
    job = begin(api)
    with ui_process(api.url) as (url, _):
        port = int(url.rsplit(":", 1)[1])
        context = browser.new_context()
        context.add_cookies([{"name": "p2m_web", "value": api.add_user(), "url": url}])
        page = open_tab(context, url, job, complaints)
        step(api, job, 1)
        expect(page.get_by_text("1 · Part 1")).to_be_visible(timeout=WAIT_MS)
        api.away = True
        expect(page.get_by_text("Connection lost, trying again…")).to_be_visible(timeout=WAIT_MS)
        api.away = False
        expect(page.get_by_text("Connection lost, trying again…")).to_be_hidden(timeout=WAIT_MS)
    expect(page.get_by_text("Connection lost, trying again…")).to_be_visible(timeout=WAIT_MS)
    step(api, job, 2)
    with ui_process(api.url, port):
        until(lambda: shown_steps(page) == ["1 · Part 1", "2 · Part 2"], "the second step")
        step(api, job, 3)
        expect(page.get_by_text("3 · Part 3")).to_be_visible(timeout=WAIT_MS)
        page.reload()
        until(lambda: len(shown_steps(page)) == 3, "the steps after the reload")
        api.play_end(job)
        expect(page.get_by_text("A red chair.")).to_be_visible(timeout=WAIT_MS)
        context.close()
    assert complaints == []


def test_ten_tabs_lose_no_event_and_share_one_stream(
    tabs: "BrowserContext", api: FakeApi, site: tuple[str, Any]
) -> None:
    url, process = site
    complaints: list[str] = []
    job = begin(api)
    streams_before = api.streams
    own: list[str] = []  # what the shared worker asks for, Playwright does not see
    tabs.on("request", lambda request: own.append(request.url) if "/p2m/live/" in request.url else None)
    pages = [open_tab(tabs, url, job, complaints) for _ in range(TABS)]
    for number in range(1, STEPS // 2 + 1):
        step(api, job, number)
    wanted = [f"{number} · Part {number}" for number in range(1, STEPS // 2 + 1)]
    until(lambda: all(shown_steps(page) == wanted for page in pages), "the first half in all tabs")
    before_mib = _memory_mib(process.pid)
    for number in range(STEPS // 2 + 1, STEPS + 1):
        step(api, job, number)
        time.sleep(0.05)
    wanted = [f"{number} · Part {number}" for number in range(1, STEPS + 1)]
    until(lambda: all(shown_steps(page) == wanted for page in pages), "every step in all tabs")
    assert (own, api.streams - streams_before) == ([], 1)
    assert _memory_mib(process.pid) - before_mib < GROWTH_LIMIT_MIB
    api.play_end(job)
    for page in pages:
        expect(page.get_by_text("A red chair.")).to_be_visible(timeout=WAIT_MS)
    assert complaints == []


def _memory_mib(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 2**20
