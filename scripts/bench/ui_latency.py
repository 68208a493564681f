#!/usr/bin/env python
"""How fast the web UI is in a real Chromium against a real stack: the first paint, and from an event to the screen.

An event has happened when the API sends it (a client of our own notes the moment); it is on the screen when the
browser has drawn the frame with it. The model is a stand-in that takes a step about every `PACE_S`, slower than none
and faster than Claude; Blender, the runner, the API and the UI are real. `--json` prints one JSON object.
"""

import argparse
import json
import re
import sys
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from scripts.bench.paced_messages import prompt_of  # noqa: E402
from scripts.bench.ui_stack import FLAGS, UiStack, ui_stack  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PACE_S = 1.5
BUILD_S = 90.0
PAINTS = 7
WAIT_MS = 300_000
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
    parser.add_argument("--build-s", type=float, default=BUILD_S, help="seconds for which the watched job builds")
    asked = parser.parse_args()
    with ui_stack(PACE_S) as stack:
        figures = _measure(stack, asked.build_s)
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value}")


def _measure(stack: UiStack, build_s: float) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # slow to import

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = stack.signed_in(chromium, WAIT_MS)
        paints_ms = _first_paints(context, stack.ui_url)
        latencies_ms = _event_latencies(context, stack, build_s)
        chromium.close()
    cuts = quantiles(latencies_ms, n=100, method="inclusive")
    return {
        "event_to_screen_ms_p50": round(cuts[49], 1),
        "event_to_screen_ms_p95": round(cuts[94], 1),
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


def _event_latencies(context: "BrowserContext", stack: UiStack, build_s: float) -> list[float]:
    """Of the beginnings and ends of the steps of a job that is sent from the page, in milliseconds.

    Those count that happened when the job was on the screen.
    """
    project_id = stack.client.create_project("Latency")["id"]
    happened: dict[str, float] = {}

    def listen() -> None:
        for event in stack.client.project_events(project_id, after="latest"):
            if event.type in _WHICH:
                happened[f"{_WHICH[event.type]} {event.data['step']}"] = time.time() * 1000
            if event.type == "job.finished":
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    page = context.new_page()
    page.goto(f"{stack.ui_url}/?project={project_id}")
    page.get_by_label("Your prompt").fill(prompt_of(0, 0))
    page.evaluate(_WATCH)
    stack.model.ends[0, 0] = time.monotonic() + build_s
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
