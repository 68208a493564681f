"""What a job's events add up to."""

from tests.ui.fake_api import USAGE
from ui.job_progress import JobProgress

STEP = {"tool": "run_python", "title": "Add", "code": "pass"}
STEP_DONE = {**STEP, "ok": True, "seconds": 0.1, "changed": "added A", "error": None}


def test_bar_only_ever_goes_forward() -> None:
    job = JobProgress()
    seen = [job.fraction]
    events = [
        ("job.started", {"attempt": 1, "model": "m"}),
        ("stage", {"stage": "prepare"}),
        ("stage", {"stage": "build"}),
    ]
    for number in range(1, 40):
        events += [("step.started", {**STEP, "step": number}), ("step.finished", {**STEP_DONE, "step": number})]
    events += [("stage", {"stage": "review"}), ("stage", {"stage": "mend"}), ("stage", {"stage": "build"})]
    events += [("stage", {"stage": "deliver"}), ("job.finished", {"state": "succeeded", "outcome": "finished"})]
    for kind, data in events:
        job.apply(kind, data)
        seen.append(job.fraction)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_wait_is_said_until_something_happens() -> None:
    job = JobProgress()
    job.apply("job.started", {"attempt": 1, "model": "m"})
    job.apply("waiting", {"reason": "rate_limit", "seconds": 12.4})
    assert (job.doing, job.waits_s) == ("Waiting for Claude, which asks us to slow down", 12.4)
    job.apply("stage", {"stage": "build"})
    assert (job.stage_words, job.waits_s) == ("Building", None)


def test_unknown_reasons_stages_and_events_do_no_harm() -> None:
    job = JobProgress()
    job.apply("job.started", {"attempt": 1, "model": "m"})
    job.apply("waiting", {"reason": "full_moon"})
    assert job.doing == "Waiting (full_moon)"
    job.apply("stage", {"stage": "dream"})
    job.apply("something.new", {"x": 1})
    assert job.stage_words == "Starting"


def test_tokens_count_cached_ones_too() -> None:
    job = JobProgress()
    job.apply("usage", {"usage": {**USAGE, "cache_read_tokens": 500}})
    assert job.tokens == 2000


def test_a_mend_that_was_rolled_back_leaves_the_verdict_of_the_scene_that_stands() -> None:
    job = JobProgress()
    job.apply("review", {"round": 1, "verdict": {"summary": "good"}, "kept": ""})
    job.apply("review", {"round": 2, "verdict": {"summary": "worse"}, "kept": "rolled_back"})
    assert (job.verdict, job.rounds, job.rolled_back) == ({"summary": "good"}, 2, True)
