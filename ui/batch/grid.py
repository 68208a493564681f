"""A batch as a grid of cards: words, addresses, and what can be asked of it. No Streamlit here."""

from dataclasses import dataclass
from typing import Any

from ui.api_client import ApiClient
from ui.api_types import Batch, BatchItem, BatchSummary, JobState
from ui.gallery.cards import picture_address, studio_address
from ui.job_progress import STAGES
from ui.money import money
from ui.painted import Message
from ui.wording import count, duration, shortened

_NAME_CHARS = 120
_STATES: dict[JobState, str] = {
    "queued": "Waiting",
    "running": "Building",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_UNFINISHED = ("queued", "running")
_MANY = 60


@dataclass
class BatchGrid:
    """One batch that a browser session looks at. Methods that ask the API raise ClientError."""

    client: ApiClient
    batch: Batch

    def act(self, message: Message) -> None:
        """Do what the person asks. Raises also: KeyError: the message is none of ours."""
        acts = {
            "refresh": self.client.get_batch,
            "retry": self.client.retry_batch,
            "cancel": self.client.cancel_batch,
        }
        self.batch = acts[message["what"]](self.batch["id"])

    @property
    def is_running(self) -> bool:
        return any(self.batch["counts"][state] for state in _UNFINISHED)

    def shown(self) -> dict[str, Any]:
        """All that the painter needs."""
        counts = self.batch["counts"]
        lost = counts["failed"] + counts["cancelled"]
        ended = self.batch["total"] - counts["queued"] - counts["running"]
        return {
            "told": told(self.batch),
            "done": self.batch["done"],
            "cells": [_cell(item) for item in self.batch["items"]],
            "retry": f"Try {count(lost, 'prompt')} again" if lost and not self.is_running else "",
            "cancel": "Cancel the rest" if self.is_running else "",
            "archive": f"p2m/api/v1/batches/{self.batch['id']}/archive" if ended else "",
            "archive_words": "Everything as a zip" if not self.is_running else "What is done as a zip",
            "refreshes": self.is_running,
            "refresh_s": 1 if self.batch["total"] <= _MANY else 3,
        }


def told(batch: BatchSummary) -> str:
    """How far it is: `2 of 3 done · 1 failed · $0.42`."""
    counts = batch["counts"]
    said = [f"{counts['succeeded']} of {batch['total']} done"]
    others = {"running": "building", "queued": "waiting", "failed": "failed", "cancelled": "cancelled"}
    said += [f"{counts[state]} {words}" for state, words in others.items() if counts[state]]
    if batch["usage"]["usd"] != 0:
        said.append(money(batch["usage"]["usd"]))
    return " · ".join(said)


def _cell(item: BatchItem) -> dict[str, Any]:
    name = shortened(item["name"], _NAME_CHARS)
    words = _STATES[item["state"]]
    if item["state"] == "running" and item["stage"]:
        words = STAGES.get(item["stage"], words)
    error = item["error"]["message"] if item["error"] else ""
    prompt = shortened(item["prompt"], _NAME_CHARS)
    return {
        "id": str(item["position"]),
        "name": f"{item['position']} · {name}",
        "prompt": "" if prompt == name else prompt,
        "state": item["state"],
        "words": words,
        "picture": "" if item["project_deleted"] else picture_address(item["preview_id"]),
        "alt": f"Picture of {name}",
        "href": "" if item["project_deleted"] else studio_address(item["project_id"]),
        "facts": "Its project has been deleted." if item["project_deleted"] else " · ".join(_facts(item)),
        "error": "" if item["state"] == "cancelled" else error,
    }


def _facts(item: BatchItem) -> list[str]:
    facts = [count(item["triangles"], "triangle")] if item["triangles"] else []
    if item["seconds"]:
        facts.append(duration(item["seconds"]))
    if item["usd"]:
        facts.append(money(item["usd"]))
    return facts
