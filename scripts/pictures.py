"""Makes the README's pictures of the web UI: builds scenes with the offline modeller and photographs the pages.

Usage: .venv/bin/python scripts/pictures.py [FOLDER]     (ui/pictures; needs Debian's chromium; takes some minutes)

It starts a stack of its own in a temporary folder, and ends it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cloud.stack.lease import read_stack_info

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("prompt2mesh")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--no-first-run", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SCENES = {
    "Tower": "a medieval castle tower with a wooden door",
    "Den": "a red wooden chair next to a round table with two mugs on it",
}
PATIENCE_MS = 180_000


def main() -> None:
    """Make all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "ui" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, "P2M_DATA_DIR": f"{place}/data"}
        for name, prompt in SCENES.items():
            # The first one leaves the stack running for the others, and for the pages.
            made = [COMMAND, "make", prompt, "--project", name, "--out", f"{place}/{name}", "--keep"]
            subprocess.run(made, env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([COMMAND, "down"], env=environment, check=True, stdout=subprocess.DEVNULL)
        stack = subprocess.Popen([COMMAND, "up", "--port", "0"], env=environment, stdout=subprocess.DEVNULL)
        try:
            photograph(
                _address_of(stack, Path(f"{place}/data")),
                json.loads(Path(f"{place}/data/local-user.json").read_text()),
                folder,
            )
        finally:
            stack.terminate()
            stack.wait(60)


def _address_of(stack: "subprocess.Popen[bytes]", data_dir: Path) -> str:
    """The web UI's address, once the stack is ready."""
    while stack.poll() is None:
        info = read_stack_info(data_dir)
        if info is not None and info.ui_url is not None:
            return info.ui_url
        time.sleep(0.5)
    raise SystemExit("pictures: the stack did not start; see what `prompt2mesh up` says")


def photograph(url: str, user: dict[str, str], folder: Path) -> None:
    """The pages, signed in as the local user."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        dark = _signed_in(browser, url, user, "dark")
        dark.goto(f"{url}/projects")
        dark.get_by_text(SCENES["Den"]).first.wait_for()
        _settle(dark)
        dark.screenshot(path=folder / "projects.png")
        dark.get_by_role("link", name="Tower").first.click()
        _studio(dark, folder / "studio.png")
        light = _signed_in(browser, url, user, "light")
        light.goto(dark.url)
        light.get_by_role("tab", name="Parameters").click()
        _studio(light, folder / "parameters.png")
        browser.close()


def _signed_in(browser: Browser, url: str, user: dict[str, str], scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 960},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url)
    page.get_by_label("User name").first.fill(user["username"])
    page.get_by_label("Password", exact=True).first.fill(user["password"])
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_role("link", name="Projects").wait_for()
    _settle(page)
    return page


def _studio(page: Page, path: Path) -> None:
    """The studio, when the scene is drawn: the readout of its size stands below it then."""
    page.get_by_text("triangles ·").last.wait_for()
    _settle(page, 8)
    page.screenshot(path=path)
    print(f"pictures: {path}")


def _settle(page: Page, seconds: float = 3) -> None:
    """What fades in and what loads late is there afterwards."""
    page.wait_for_timeout(seconds * 1000)


if __name__ == "__main__":
    main()
