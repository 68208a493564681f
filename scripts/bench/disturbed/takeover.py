"""How long the jobs of a killed runner stood still: from the kill to the next runner's start on them."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.bench.disturbed.killer import Kill
from scripts.bench.disturbed.records import JobRecord

_STARTED = '"job started"'


def takeovers_s(logs: Path, kills: Sequence[Kill], records: Sequence[JobRecord]) -> list[float]:
    """Seconds for each job that a killed runner had. PostgreSQL may have been down in the meantime as well."""
    starts = sorted(_starts(logs))
    waits: list[float] = []
    for kill in (kill for kill in kills if kill.kind == "runner" and kill.log):
        for record in records:
            before = [log for at, job_id, log in starts if job_id == record.job_id and at < kill.at]
            later = [e["at"] for e in record.events if e["type"] == "job.started" and e["at"] > kill.at]
            ended = [e["at"] for e in record.events if e["type"] == "job.finished" and e["at"] < kill.at]
            handed = [e["at"] for e in record.events if e["type"] == "job.handed_over" and e["at"] < kill.at]
            claimed = [e["at"] for e in record.events if e["type"] == "job.started" and e["at"] < kill.at]
            held = bool(before) and before[-1] == kill.log and bool(claimed)
            if held and later and not ended and (not handed or handed[-1] < claimed[-1]):
                waits.append(later[0] - kill.at)
    return waits


def _starts(logs: Path) -> Iterator[tuple[float, str, str]]:
    for log in logs.glob("runner*.log*"):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if _STARTED in line:
                facts = json.loads(line)
                at = dt.datetime.fromisoformat(facts["timestamp"]).timestamp()
                yield at, facts["job_id"], log.name
