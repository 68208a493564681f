"""Signing in in a real browser: it outlives a reload and a new tab, and ends everywhere when it is to."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.stack_processes import wait_for
from tests.ui.fake_api import FakeApi
from tests.ui.served_ui import served_ui

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FakeApi]]:
    with served_ui(tmp_path_factory.mktemp("ui") / "ui.log") as (url, api):
        api.add_user("ada", "correct horse")
        yield url, api


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    opened = browser.new_context()
    opened.set_default_timeout(PATIENCE_S * 1000)
    yield opened
    opened.close()


def sign_in(context: "BrowserContext", url: str) -> "Page":
    page = context.new_page()
    page.goto(url)
    page.get_by_label("User name").first.fill("ada")
    page.get_by_label("Password", exact=True).first.fill("correct horse")
    page.get_by_role("button", name="Sign in").first.click()
    expect_signed_in(page)
    wait_for(lambda: bool(cookies(context)), PATIENCE_S, "the cookie")
    return page


def cookies(context: "BrowserContext") -> list[str]:
    return [one.get("value", "") for one in context.cookies() if one.get("name") == "p2m_web"]


def expect_signed_in(page: "Page") -> None:
    expect(page.get_by_role("link", name="Account").first).to_be_visible(timeout=PATIENCE_S * 1000)


def expect_signed_out(page: "Page") -> None:
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible(timeout=PATIENCE_S * 1000)


def test_session_outlives_a_reload_and_a_new_tab_and_no_script_sees_it(
    context: "BrowserContext", ui: tuple[str, FakeApi]
) -> None:
    page = sign_in(context, ui[0])
    assert "p2m_web" not in page.evaluate("document.cookie")
    assert page.evaluate("fetch('/p2m/api/v1/me').then((answer) => answer.status)") == 200
    page.reload()
    expect_signed_in(page)
    other = context.new_page()
    other.goto(f"{ui[0]}/account")
    expect(other.get_by_text("Signed in as ada")).to_be_visible(timeout=PATIENCE_S * 1000)


def test_signing_out_everywhere_leaves_no_cookie_and_no_tab(context: "BrowserContext", ui: tuple[str, FakeApi]) -> None:
    url, api = ui
    page = sign_in(context, url)
    other = context.new_page()
    other.goto(f"{url}/account")
    other.get_by_role("tab", name="Devices and tokens").click()
    everywhere = other.get_by_role("button", name="Sign out everywhere", exact=True)
    expect(everywhere).to_be_visible(timeout=PATIENCE_S * 1000)
    expect(other.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    api.tokens.clear()  # what the real API does when all sessions end
    everywhere.click()
    expect_signed_out(other)
    wait_for(lambda: not cookies(context), PATIENCE_S, "the end of the cookie")
    page.reload()
    expect_signed_out(page)


def test_cookie_of_a_revoked_session_is_forgotten(context: "BrowserContext", ui: tuple[str, FakeApi]) -> None:
    url, _ = ui
    context.add_cookies([{"name": "p2m_web", "value": "p2m_ses_revoked", "url": url}])
    page = context.new_page()
    page.goto(url)
    expect_signed_out(page)
    wait_for(lambda: not cookies(context), PATIENCE_S, "the end of the cookie")


def test_cursor_waits_in_the_first_field(context: "BrowserContext", ui: tuple[str, FakeApi]) -> None:
    page = context.new_page()
    page.goto(ui[0])
    expect(page.get_by_label("User name").first).to_be_focused(timeout=PATIENCE_S * 1000)
    assert page.get_by_label("Password", exact=True).first.get_attribute("autocomplete") == "current-password"
