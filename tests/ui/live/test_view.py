"""A job's view: what is worded, what counts, and that a watcher gets what has changed and no more."""

from typing import Any

import pytest

from tests.ui.fake_answers import now
from tests.ui.fake_api import BRIEF, USAGE, VERDICT
from ui.api_types import Job
from ui.live.view import LiveView


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def job_of(**facts: Any) -> Job:
    job: Any = {"id": "j", "created_at": now(), "finished_at": None, "cancel_requested": False, **facts}
    return job


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(clock: Clock) -> LiveView:
    """Of a job of Claude's that builds."""
    made = LiveView(job_of(), clock)
    made.apply("job.started", {"attempt": 1, "model": "claude-opus"})
    made.apply("stage", {"stage": "build"})
    return made


def begin(view: LiveView, number: int, title: str = "Add a leg") -> None:
    view.apply("step.started", {"step": number, "tool": "run_python", "title": title, "code": "pass"})


def finish(view: LiveView, number: int) -> None:
    view.apply("step.finished", {"step": number, "tool": "run_python", "title": "", "ok": True, "seconds": 0.41})


def test_a_watcher_gets_everything_first_then_only_what_changed(view: LiveView) -> None:
    begin(view, 1)
    first = view.since(-1)
    assert first["full"]
    assert [step["title"] for step in first["steps"]] == ["Add a leg"]
    begin(view, 2, "Add a seat")
    then = view.since(first["version"])
    assert not then["full"]
    assert [step["number"] for step in then["steps"]] == [2]
    assert {"model", "picture", "brief"}.isdisjoint(then)
    assert view.since(then["version"]).keys() == {"version", "full", "steps", "ages"}


def test_watchers_of_any_pace_come_to_the_same(view: LiveView) -> None:
    known: dict[int, Any] = {}
    seen = -1
    for number in range(1, 6):
        begin(view, number)
        if number % 2:
            part = view.since(seen)
            seen, known = part["version"], known | {step["number"]: step for step in part["steps"]}
        finish(view, number)
    known |= {step["number"]: step for step in view.since(seen)["steps"]}
    assert list(known.values()) == view.since(-1)["steps"]
    assert {step["took"] for step in known.values()} == {"0.4 s"}


def test_a_wait_for_claude_counts_up_from_its_beginning(view: LiveView, clock: Clock) -> None:
    clock.now_s += 12
    said = view.since(-1)
    assert (said["head"]["doing"], said["head"]["counts"]) == ("Waiting for Claude", "up")
    assert said["ages"]["doing_s"] == 12


def test_a_wait_that_was_announced_counts_down(view: LiveView, clock: Clock) -> None:
    clock.now_s += 50
    view.apply("waiting", {"reason": "rate_limit", "seconds": 30})
    clock.now_s += 4
    said = view.since(-1)
    assert said["head"]["doing"] == "Waiting for Claude, which asks us to slow down"
    assert (said["head"]["counts"], said["head"]["waits_s"], said["ages"]["doing_s"]) == ("down", 30, 4)


def test_what_the_model_says_appears_as_it_comes_and_its_whole_text_takes_its_place(view: LiveView) -> None:
    for piece in ("I begin ", "with the "):
        view.apply("text.delta", {"kind": "text", "text": piece})
    said = view.since(-1)
    assert (said["said"]["text"], said["head"]["doing"]) == ("I begin with the ", "Claude is writing")
    view.apply("text", {"text": "I begin with the legs."})
    assert view.since(-1)["said"]["text"] == "I begin with the legs."
    begin(view, 1)
    said = view.since(-1)
    assert (said["said"]["text"], said["steps"][0]["said"]) == ("", "I begin with the legs.")


def test_thinking_is_no_part_of_what_is_said(view: LiveView) -> None:
    view.apply("text.delta", {"kind": "thinking", "text": "hm"})
    view.apply("text.delta", {"kind": "text", "text": "Yes."})
    assert view.since(-1)["said"] == {"kind": "text", "text": "Yes."}


def test_a_long_speech_keeps_its_end(view: LiveView) -> None:
    for number in range(2000):
        view.apply("text.delta", {"kind": "text", "text": f"{number} "})
    text = view.since(-1)["said"]["text"]
    assert len(text) <= 4000
    assert text.endswith("1999 ")


def test_pictures_belong_to_their_steps_and_the_newest_of_the_scene_is_shown(view: LiveView) -> None:
    begin(view, 1)
    for kind, name in (("look", "a"), ("thumbnail", "b"), ("review", "c")):
        view.apply("picture", {"artifact_id": name, "name": f"{name}.png", "kind": kind, "step": 1})
    said = view.since(-1)
    assert [picture["alt"] for picture in said["steps"][0]["pictures"]] == [
        "After step 1: Add a leg",
        "Looked at in step 1: Add a leg",
    ]
    assert said["picture"] == "p2m/api/v1/artifacts/b/content"


def test_the_newest_model_is_shown_and_a_step_without_one_keeps_it(view: LiveView) -> None:
    extent = [[0, 0, 0], [1, 1, 1]]
    view.apply("model", {"artifact_id": "m1", "snapshot_id": "s", "step": 1, "extent": extent})
    view.apply("model", {"artifact_id": None, "snapshot_id": "s", "step": 2, "reason": "too many triangles"})
    assert view.since(-1)["model"] == {"address": "p2m/api/v1/artifacts/m1/content", "extent": extent}
    view.apply("scene.moved", {"reason": "rollback", "snapshot_id": "s", "thumbnail_id": None, "model_id": "m0"})
    assert view.since(-1)["model"]["address"] == "p2m/api/v1/artifacts/m0/content"


def test_brief_and_review_are_lines_to_unfold(view: LiveView) -> None:
    view.apply("brief", {"brief": BRIEF})
    view.apply("review", {"round": 1, "verdict": VERDICT, "kept": ""})
    said = view.since(-1)
    assert said["brief"]["line"] == "Brief: Red *kitchen* chair · 2 parts"
    assert said["brief"]["items"] == ["Seat", "4 × Leg"]
    assert said["verdict"]["line"] == "Review: 1 of 3 requirements met"
    assert [item["word"] for item in said["verdict"]["items"]] == ["Met", "Partly met", "Not met"]


def test_the_end_stops_the_clock_and_says_of_every_step_how_it_ended(view: LiveView, clock: Clock) -> None:
    begin(view, 1)
    clock.now_s += 5
    view.apply("job.finished", {"state": "cancelled", "outcome": "cancelled"})
    clock.now_s += 60
    said = view.since(-1)
    assert view.over
    assert (said["end"], said["head"]["ticks"], said["head"]["stage"]) == ("cancelled", False, "Cancelled")
    assert said["steps"][0]["error"] == "The job ended before this step did."
    assert 5 <= said["ages"]["elapsed_s"] < 10


def test_a_job_that_ended_long_ago_took_as_long_as_it_did() -> None:
    job = job_of(created_at="2026-01-01T10:00:00+00:00", finished_at="2026-01-01T10:00:42+00:00")
    assert LiveView(job).since(-1)["ages"]["elapsed_s"] == 42


def test_a_lost_connection_is_said_until_it_is_back(view: LiveView) -> None:
    seen = view.since(-1)["version"]
    view.lose("Connection lost, trying again…")
    assert view.since(seen)["head"]["lost"] == "Connection lost, trying again…"
    view.lose("")
    assert view.since(seen)["head"]["lost"] == ""


def test_facts_are_steps_tokens_and_money(view: LiveView) -> None:
    begin(view, 1)
    view.apply("usage", {"usage": USAGE, "usd_limit": 5.0})
    assert view.since(-1)["head"]["facts"] == ["1 step", "1,500 tokens", "$0.01 of $5.00"]
    view.apply("usage", {"usage": {**USAGE, "usd": None}, "usd_limit": None, "token_limit": 4_000_000})
    assert view.since(-1)["head"]["facts"][1:] == ["1,500 of at most 4,000,000 tokens", "price unknown"]
