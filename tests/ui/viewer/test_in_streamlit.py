"""The viewer inside a Streamlit page: its script comes from the web UI's server, and a rerun keeps the camera."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import pytest

from tests.support.stack_processes import wait_for
from tests.ui.viewer.conftest import pixels
from ui.launch import OPTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

APP = Path(__file__).parent / "little_app" / "app.py"
DEADLINE_S = 90


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module")
def app_url() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    where = ["--server.address=127.0.0.1", f"--server.port={free_port}"]
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *options, *where]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{free_port}"
    try:
        wait_for(lambda: process.poll() is not None or _answers(f"{url}/_stcore/health"), DEADLINE_S, "Streamlit")
        assert process.poll() is None, "Streamlit has ended"
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def page(browser_3d: "Browser", app_url: str, complaints: list[str]) -> "Iterator[Page]":
    opened = browser_3d.new_page(viewport={"width": 800, "height": 640})
    opened.set_default_timeout(60_000)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(app_url)
    yield opened
    opened.close()


def _canvas_colours(page: "Page") -> np.ndarray:
    return pixels(page.locator("canvas").first).reshape(-1, 3).mean(axis=0)


def test_a_rerun_swaps_the_model_in_the_same_canvas(page: "Page", complaints: list[str]) -> None:
    page.locator(".facts", has_text="1 × 1 × 1.1 m").wait_for()
    canvas = page.locator("canvas")
    canvas.evaluate("(canvas) => { canvas.marked = true; }")
    canvas.press("7")
    before = _canvas_colours(page)
    page.get_by_role("button", name="Next step").click()
    page.locator(".facts", has_text="1 × 1 × 1 m").wait_for()
    after = _canvas_colours(page)
    assert canvas.evaluate("(canvas) => canvas.marked") is True
    assert before[2] > before[0], "the first is blue"
    assert after[0] > after[2], "the second is red"
    page.get_by_text("Compare", exact=True).click()
    handle = page.get_by_role("slider")
    handle.wait_for()
    assert page.locator("canvas").count() == 2
    handle.press("End")
    assert handle.get_attribute("aria-valuenow") == "100"
    page.get_by_text("Compare", exact=True).click()
    page.locator(".facts", has_text="1 × 1 × 1 m").wait_for()
    assert page.locator("canvas").count() == 1
    assert complaints == []
