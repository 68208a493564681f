"""Pages under AppTest, against a server that plays jobs event by event."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

import ui
from tests.ui.fake_api import FakeApi, fake_api

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

APP = Path(ui.__file__).parent / "main.py"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
"""What a page is given for anything: these machines are shared, and draw slowly."""
Visit = Callable[..., AppTest]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as served:
        yield served


@pytest.fixture
def app(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app as a new browser session, nobody signed in, not run yet."""
    monkeypatch.setenv("P2M_API_URL", api.url)
    return AppTest.from_file(str(APP), default_timeout=20)


@pytest.fixture
def signed_in(app: AppTest, api: FakeApi) -> AppTest:
    """The app on its first page, with ada signed in through the form."""
    api.add_user("ada", "correct horse")
    app.run()
    app.text_input(key="sign_in_name").set_value("ada")
    app.text_input(key="sign_in_password").set_value("correct horse")
    return app.button(key="sign_in_button").click().run()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import expect, sync_playwright  # slow to import, and few tests need it

    assert CHROMIUM.exists(), "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)  # in the whole process
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()
