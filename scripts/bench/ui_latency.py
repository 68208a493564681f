#!/usr/bin/env python
"""How fast the web UI is in a real Chromium against a real stack: the first paint, and from an event to the screen.

An event has happened when the API sends it (a client of our own notes the moment); it is on the screen when the
browser has drawn the frame with it. The offline modeller does the work. `--json` prints one JSON object.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cloud.stack.lease import StackInfo, read_stack_info  # noqa: E402
from ui.api_client import ApiClient  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PROMPTS = ("a red wooden chair next to a round table with two mugs on it", "three green bottles in a row")
PAINTS = 7
WAIT_MS = 300_000
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_WHICH = {"step.started": "start", "step.finished": "end"}
# Notes when each step, done or not, is first in a frame that has been drawn: the clock is this machine's.
_WATCH = """
() => {
  window.p2mSeen = {};
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      if (!element.matches(".steps > li")) continue;
      const title = element.querySelector(".title")?.textContent;
      for (const key of element.className === "running" ? [`start ${title}`] : [`start ${title}`, `end ${title}`])
        window.p2mSeen[key] ??= Date.now();
    }
  };
  const frame = () => { look(document); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}
"""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--data-dir", type=Path, help="of a stack that runs; without it one is started")
    asked = parser.parse_args()
    with _stack(asked.data_dir) as stack:
        figures = _measure(stack)
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value}")


@contextmanager
def _stack(data_dir: Path | None) -> Iterator[StackInfo]:
    if data_dir is not None:
        info = read_stack_info(data_dir)
        assert info is not None, f"no stack runs on {data_dir}"
        yield info
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("prompt2mesh"), "up", "--port", "0"]
        environment = {**os.environ, "P2M_DATA_DIR": folder}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            while (info := read_stack_info(Path(folder))) is None:
                assert process.poll() is None, "the stack did not start"
                time.sleep(0.2)
            yield info
        finally:
            process.terminate()
            process.wait(60)


def _measure(stack: StackInfo) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # slow to import

    client = ApiClient(stack.api_url)
    client.sign_up(f"bench{os.getpid()}", "correct horse battery staple")
    session = client.log_in(f"bench{os.getpid()}", "correct horse battery staple")
    client.token = session["token"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WAIT_MS)
        context.add_cookies([{"name": "p2m_web", "value": session["token"], "url": stack.ui_url or ""}])
        paints_ms = _first_paints(context, stack.ui_url or "")
        latencies_ms = [ms for prompt in PROMPTS for ms in _event_latencies(context, client, stack, prompt)]
        chromium.close()
    cuts = quantiles(latencies_ms, n=100, method="inclusive")
    return {
        "event_to_screen_ms_p50": round(cuts[49], 1),
        "event_to_screen_ms_p99": round(cuts[98], 1),
        "events": len(latencies_ms),
        "first_paint_ms": round(median(paints_ms)),
        "first_paint_ms_all": [round(ms) for ms in paints_ms],
    }


def _first_paints(context: "BrowserContext", url: str) -> list[float]:
    """From the request to the prompt's field, each in a new tab of a browser that has been here before."""
    taken: list[float] = []
    for _ in range(PAINTS + 1):
        page = context.new_page()
        began = time.monotonic()
        page.goto(url, wait_until="commit")
        page.get_by_label("Your prompt").wait_for()
        taken.append((time.monotonic() - began) * 1000)
        page.close()
    return taken[1:]


def _event_latencies(context: "BrowserContext", client: ApiClient, stack: StackInfo, prompt: str) -> list[float]:
    """Of the beginnings and ends of the steps of a job that is sent from the page, in milliseconds.

    Those count that happened when the job was on the screen.
    """
    project_id = client.create_project(prompt[:40])["id"]
    happened: dict[str, float] = {}

    def listen() -> None:
        for event in client.project_events(project_id, after="latest"):
            if event.type in _WHICH:
                happened[f"{_WHICH[event.type]} {event.data['step']}"] = time.time() * 1000
            if event.type == "job.finished":
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    page = context.new_page()
    page.goto(f"{stack.ui_url}/?project={project_id}")
    page.get_by_label("Your prompt").fill(prompt)
    page.evaluate(_WATCH)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Cancel", exact=True).wait_for()
    painted_since = time.time() * 1000
    listener.join(WAIT_MS / 1000)
    time.sleep(2)
    seen = _by_number(page)
    page.close()
    return [seen[key] - at for key, at in happened.items() if key in seen and at > painted_since]


def _by_number(page: "Page") -> dict[str, float]:
    """When each was seen: `start 3`, `end 3`."""
    noted: dict[str, float] = page.evaluate("window.p2mSeen")
    return {re.sub(r"^(start|end) (\d+) .*$", r"\1 \2", key): at for key, at in noted.items()}


if __name__ == "__main__":
    main()
