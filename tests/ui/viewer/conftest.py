"""A page with the built viewer in it, in a browser that draws 3D without a graphics card."""

import functools
import http.server
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import ui
from tests.support.glb import box_glb, empty_glb
from tests.ui.conftest import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

SCRIPT = Path(ui.__file__).parent / "viewer" / "dist" / "viewer.js"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
IN_3D = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
# No wider than that of the public page of a shared scene.
POLICY = (
    "default-src 'none'; script-src 'nonce-n' 'wasm-unsafe-eval'; style-src 'nonce-n'; img-src 'self' blob: data:; "
    "connect-src 'self' blob:; worker-src blob:"
)
PAGE = """<!doctype html><html lang="en"><head><title>Viewer</title><link rel="icon" href="data:,">
<style nonce="n">:root { color-scheme: light dark } body { margin: 0 } #place { height: 100vh }</style></head>
<body><main><h1 hidden>Viewer</h1><div id="place"></div></main><script type="module" nonce="n">
window.made = import("/viewer.js").then((viewer) => {
  window.viewerModule = viewer;
  window.place = document.getElementById("place");
});
</script></body></html>"""


@dataclass
class Site:
    """Files by path. `asked` is what was asked for, in order; a path in `held` is answered when its event is set."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    held: dict[str, threading.Event] = field(default_factory=dict)


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self._site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        self._site.asked.append(self.path)
        if held := self._site.held.get(self.path):
            held.wait(30)
        body = self._site.files.get(self.path)
        self.send_response(404 if body is None else 200)
        kinds = {".js": "text/javascript", "page": "text/html", ".png": "image/png"}
        kind = next((kind for end, kind in kinds.items() if self.path.endswith(end)), "model/gltf-binary")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (named by the base class)
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    assert SCRIPT.exists(), "the 3D viewer is missing: scripts/setup_viewer now"
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (20, 160, 60)).save(picture, "PNG")
    made = Site()
    made.files = {
        "/page": PAGE.encode(),
        "/viewer.js": SCRIPT.read_bytes(),
        "/picture.png": picture.getvalue(),
        "/red.glb": box_glb(),
        "/blue.glb": box_glb((1, 1.1, 1), (0.02, 0.05, 0.8, 1)),
        "/town.glb": box_glb((1200, 90, 800)),
        "/bead.glb": box_glb((0.01, 0.01, 0.01)),
        "/empty.glb": empty_glb(),
        "/broken.glb": b"glTF, but not really",
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def browser_3d() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright  # slow to import, and few tests need it

    assert CHROMIUM.exists(), "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *IN_3D])
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of in this test."""
    return []


@pytest.fixture
def page_3d(browser_3d: "Browser", site: Site, complaints: list[str]) -> "Iterator[Page]":
    """A page with the viewer's script loaded and nothing made of it."""
    page = _open(browser_3d, site)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    page.close()


def _open(browser: "Browser", site: Site) -> "Page":
    # Without motion there are few pictures to draw: each takes a tenth of a second without a graphics card.
    page = browser.new_page(viewport={"width": 480, "height": 360}, reduced_motion="reduce")
    page.set_default_timeout(90_000)
    page.goto(f"{site.url}/page")
    page.evaluate("window.made")
    return page


@pytest.fixture(scope="module")
def shared_page(browser_3d: "Browser", site: Site) -> "Iterator[Page]":
    """One viewer for many tests: to light a scene takes seconds without a graphics card."""
    page = _open(browser_3d, site)
    page.evaluate(
        """() => {
          window.viewer = viewerModule.createViewer(place, { title: "a box" });
          viewer.setPicture("/picture.png");
        }"""
    )
    yield page
    page.close()


Show = Callable[[str], bool]


@pytest.fixture
def viewed(shared_page: "Page") -> "Page":
    """The page of the shared viewer, set as a new one is."""
    shared_page.evaluate(
        """async () => {
          await viewer.show("/empty.glb");
          viewer.setMode("material");
          viewer.setGrid(true);
          Object.assign(viewer.rig, { touched: false, framesNothingYet: true });
          viewer.hasShown = false;
        }"""
    )
    return shared_page


@pytest.fixture
def show(viewed: "Page") -> Show:
    """Shows a model in the shared viewer; says whether it is on the screen."""
    return lambda name: viewed.evaluate("(name) => viewer.show(name)", f"/{name}.glb")


def facts(page: "Page") -> dict[str, Any]:
    """What the viewer says of itself."""
    return page.evaluate("viewer.facts()")


def come_to_rest(page: "Page") -> None:
    """Waits until nothing moves: no new picture in five frames of the browser."""
    page.evaluate(
        """async () => {
          let before = -1;
          while (before !== viewer.facts().frames) {
            before = viewer.facts().frames;
            for (let turn = 0; turn < 5; turn += 1) await new Promise(requestAnimationFrame);
          }
        }"""
    )


def pixels(seen: "Page | Locator") -> np.ndarray:
    """The middle of the picture, without the buttons over it and the words below."""
    picture = Image.open(io.BytesIO(seen.screenshot())).convert("RGB")
    wide, high = picture.size
    return np.asarray(picture.crop((wide // 8, 60, wide - wide // 8, high - 80))).astype(int)
