"""The page of a shared scene in a real browser: what it shows, and that it loads nothing from elsewhere."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from cloud.api.shared_page import assets
from tests.api import shares
from tests.api.shares import Finished, finished_project, make_share
from tests.conftest import RunningApi
from tests.support.glb import Point, triangles_glb

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PLAIN = ["--disable-3d-apis"]
IN_3D = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
TRIANGLE: list[Point] = [(0, 0, 0), (1, 0, 0), (0, 1, 0.5)]


def _glb() -> bytes:
    """A red triangle, and a lamp as bright as Blender's are."""
    return triangles_glb(TRIANGLE, (0.8, 0.02, 0.02, 1), lamp=90_000.0)


@pytest.fixture(scope="module")
def finished(ada: httpx2.Client, api: RunningApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shares, "MODEL", _glb())
        yield finished_project(ada, api)


@pytest.fixture(scope="module")
def address(ada: httpx2.Client, finished: Finished) -> str:
    return make_share(ada, finished.project, title="A red triangle", allow_download=True)["url"]


def _opened(browser: Browser, address: str, seen: list[str], **options: Any) -> Page:
    """The page; `seen` gets what it asks for elsewhere, and what the browser complains of."""
    page = browser.new_page(**options)
    page.set_default_timeout(60_000)
    ours = (address.partition("/s/")[0], "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(ours) else seen.append(request.url))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("console", lambda said: seen.append(said.text) if said.type == "error" else None)
    page.goto(address)
    return page


@pytest.fixture
def plain_browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *PLAIN])
        yield opened
        opened.close()


def test_a_browser_without_3d_shows_the_picture_on_a_phone_too(
    plain_browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    for scheme in ("light", "dark"):
        page = _opened(plain_browser, address, seen, viewport={"width": 375, "height": 740}, color_scheme=scheme)
        expect(page.get_by_role("heading", name="A red triangle")).to_be_visible()
        expect(page.get_by_role("img", name="Picture of A red triangle")).to_be_visible()
        expect(page.get_by_role("link", name="scene.blend")).to_be_visible()
        if assets.find(assets.VIEWER):
            expect(page.locator("#note")).to_have_text("This browser draws no 3D (WebGL); here is the picture.")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    monkeypatch.setitem(assets._FILES, assets.VIEWER, (Path("/nonexistent"), "text/javascript"))
    page = _opened(plain_browser, address, seen)
    expect(page.locator("#note")).to_have_text("This server has no 3D viewer; here is the picture.")
    assert seen == []


@pytest.mark.heavy
def test_the_model_is_lit_evenly_and_turns(address: str) -> None:
    assert assets.find(assets.VIEWER), "the 3D viewer is missing: scripts/setup_viewer now"
    seen: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *IN_3D])
        page = _opened(browser, address, seen, viewport={"width": 600, "height": 600})
        page.locator("#stage.turns").wait_for()
        page.wait_for_timeout(2_000)  # the viewer fades its first frames in
        before = _pixels(page)
        box = page.locator("#stage").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 150, box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + 330, box["y"] + 150, steps=6)
        page.mouse.up()
        page.wait_for_timeout(2_000)
        after = _pixels(page)
        page.get_by_role("button", name="Show the picture").click()
        expect(page.get_by_role("img", name="Picture of A red triangle")).to_be_visible()
        browser.close()
    assert seen == []
    red = (before[..., 0] > 120) & (before[..., 1:3].max(axis=2) < 90)
    assert red.mean() > 0.01, "the lamp has bleached it, or nothing is drawn"
    assert np.abs(before.astype(int) - after).max(axis=2).mean() > 1, "it has not turned"


def _pixels(page: Page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB"))
