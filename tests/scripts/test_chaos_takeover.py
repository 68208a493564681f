"""Which waits of a killed runner's jobs count as takeovers, and how long they were."""

import json
from pathlib import Path

from scripts.bench.disturbed.killer import Kill
from scripts.bench.disturbed.records import JobRecord
from scripts.bench.disturbed.takeover import Takeover, takeovers

KILL = Kill("runner", 1, 120.0, "runner.log")


def a_job(job_id: str, *events: tuple[str, float], user: str = "ada") -> JobRecord:
    record = JobRecord(job_id, "succeeded", "finished", None, {}, 2, user_id=user)
    record.events = [{"seq": seq, "type": kind, "at": at} for seq, (kind, at) in enumerate(events, 1)]
    return record


TAKEN = (("job.started", 110.0), ("job.handed_over", 125.0), ("job.started", 126.0), ("job.finished", 140.0))


def logs_in(folder: Path, **jobs_by_log: str) -> Path:
    for log, job_id in jobs_by_log.items():
        line = {"event": "job started", "job_id": job_id, "timestamp": "1970-01-01T00:01:50.100000Z"}
        (folder / f"{log}.log").write_text(f"not JSON\n{json.dumps(line)}\n")
    return folder


def test_a_takeover_lasts_from_the_kill_to_the_next_start(tmp_path: Path) -> None:
    assert takeovers(logs_in(tmp_path, runner="a"), [KILL], [a_job("a", *TAKEN)]) == [Takeover(6.0, alone=True)]


def test_a_job_of_another_runner_or_one_that_had_ended_was_not_taken_over(tmp_path: Path) -> None:
    others = a_job("b", *TAKEN)
    ended = a_job("a", ("job.started", 110.0), ("job.finished", 119.0))
    assert takeovers(logs_in(tmp_path, **{"runner": "a", "runner-2": "b"}), [KILL], [others, ended]) == []


def test_a_takeover_is_not_alone_if_the_database_was_killed_or_its_user_was_busy(tmp_path: Path) -> None:
    logs = logs_in(tmp_path, runner="a")
    database = Kill("postgres", 2, 122.0)
    assert not takeovers(logs, [KILL, database], [a_job("a", *TAKEN)])[0].alone
    of_the_user = a_job("c", ("job.started", 121.0), ("job.finished", 125.5))
    assert not takeovers(logs, [KILL], [a_job("a", *TAKEN), of_the_user])[0].alone
