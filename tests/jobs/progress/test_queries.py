"""The time that counts towards a job's limit is the time in which somebody worked on it."""

import datetime as dt

from cloud.jobs.progress.queries import active_seconds


def at(seconds: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


def test_time_between_attempts_does_not_count() -> None:
    events = [
        ("job.queued", at(0)),
        ("job.started", at(100)),
        ("stage", at(103)),
        ("job.handed_over", at(150)),
        ("job.started", at(200)),
        ("usage", at(207)),
    ]
    assert active_seconds(events) == 3 + 7


def test_job_that_has_just_begun_has_used_no_time() -> None:
    assert active_seconds([("job.queued", at(0)), ("job.started", at(5))]) == 0
    assert active_seconds([("job.queued", at(0))]) == 0
