#!/usr/bin/env python
"""Ten tabs of a real Chromium that watch one running job of a real stack for ten minutes: lost events, and growth.

The model is a stand-in that takes a step about every `PACE_S`. Growth is that of the processes that serve the pages,
from the end of the first fifth (by then every tab has all that it loads once) to the end. `--json` prints one object.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from scripts.bench.paced_messages import prompt_of  # noqa: E402
from scripts.bench.ui_stack import FLAGS, UiStack, ui_stack  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

TABS = 10
MINUTES = 10.0
PACE_S = 11.0  # a job has 60 steps at most
EVERY_S = 10.0
WAIT_MS = 300_000


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--tabs", type=int, default=TABS)
    asked = parser.parse_args()
    with ui_stack(PACE_S) as stack:
        figures = _measure(stack, asked.tabs, asked.minutes * 60)
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value}")


def _measure(stack: UiStack, tabs: int, watched_s: float) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # slow to import

    complaints: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = stack.signed_in(chromium, WAIT_MS)
        project_id = stack.client.create_project("Ten tabs")["id"]
        pages = [_open(context, f"{stack.ui_url}/?project={project_id}", complaints) for _ in range(tabs)]
        end = stack.model.ends[0, 0] = time.monotonic() + watched_s
        pages[0].get_by_label("Your prompt").fill(prompt_of(0, 0))
        pages[0].keyboard.press("Control+Enter")
        pages[0].get_by_role("button", name="Cancel", exact=True).wait_for()
        for page in pages[1:]:
            page.reload()  # a tab that was there before the job learns of it when it is looked at again
            page.get_by_role("button", name="Cancel", exact=True).wait_for()
        sizes_mib = _sizes_until(end, pages[0], stack)
        for page in pages:
            page.get_by_role("button", name="Cancel", exact=True).wait_for(state="hidden")
        job_id = next(stack.client.list_jobs(project_id=project_id))["id"]
        steps = [event.data["title"] for event in stack.client.events(job_id) if event.type == "step.finished"]
        wanted = [f"{number} · {title}" for number, title in enumerate(steps, 1)]
        lost = sum(page.locator(".steps .title").all_inner_texts() != wanted for page in pages)
        chromium.close()
    settled = sizes_mib[len(sizes_mib) // 5 :]
    return {
        "tabs": tabs,
        "watched_s": round(watched_s),
        "steps": len(steps),
        "tabs_with_other_steps": lost,
        "page_errors": len(complaints),
        "complaints": complaints[:5],
        "ui_mib_settled": round(settled[0], 1),
        "ui_mib_end": round(settled[-1], 1),
        "ui_growth_ratio": round(settled[-1] / settled[0], 3),
        "ui_mib_all": [round(size) for size in sizes_mib[:: max(1, len(sizes_mib) // 20)]],
    }


def _open(context: "BrowserContext", url: str, complaints: list[str]) -> "Page":
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    page.get_by_label("Your prompt").wait_for()
    return page


def _sizes_until(end: float, page: "Page", stack: UiStack) -> list[float]:
    """Resident memory of the web UI in MiB, now and every `EVERY_S` seconds until `end` (monotonic seconds)."""
    processes = stack.ui_processes()
    assert processes, "no process of the web UI was found"
    sizes: list[float] = []
    while time.monotonic() < end:
        sizes.append(sum(process.memory_info().rss for process in processes) / 2**20)
        page.wait_for_timeout(EVERY_S * 1000)  # the browser's events are heard meanwhile
    return sizes


if __name__ == "__main__":
    main()
