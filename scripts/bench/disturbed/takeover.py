"""How long the jobs of a killed runner stood still: from the kill to the next runner's start on them."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.bench.disturbed.killer import Kill
from scripts.bench.disturbed.records import JobRecord

_STARTED = '"job started"'
_IN_THE_WAY = frozenset({"runner", "postgres", "backend", "runner told to stop", "runner stopped for a while"})
# So long before a kill of the runner another one may still hold things up.
_AFTERMATH_S = 10.0


class Takeover(NamedTuple):
    """One job of a killed runner. `alone`: nothing else was killed that a takeover needs, and a place was free."""

    seconds: float
    alone: bool


def takeovers(logs: Path, disturbances: Sequence[Kill], records: Sequence[JobRecord]) -> list[Takeover]:
    """What became of each job that a killed runner had; its log tells which those were."""
    starts = sorted(_starts(logs))
    found: list[Takeover] = []
    for kill in (kill for kill in disturbances if kill.kind == "runner" and kill.log):
        others = [other.at for other in disturbances if other is not kill and other.kind in _IN_THE_WAY]
        for record in records:
            claimed = [log for at, job_id, log in starts if job_id == record.job_id and at < kill.at]
            if not claimed or claimed[-1] != kill.log or not _runs_at(record, kill.at):
                continue
            later = [at for at in _times(record, "job.started") if at > kill.at]
            if later:
                clear = not any(kill.at - _AFTERMATH_S < at < later[0] for at in others)
                found.append(Takeover(later[0] - kill.at, clear and _had_room(record, records, kill.at, later[0])))
    return found


def _runs_at(record: JobRecord, moment: float) -> bool:
    """The job was started, and neither handed over nor ended since."""
    before = [event["type"] for event in record.events if event["at"] < moment]
    ends = [kind for kind in before if kind in ("job.started", "job.handed_over", "job.finished")]
    return bool(ends) and ends[-1] == "job.started"


def _had_room(record: JobRecord, records: Sequence[JobRecord], since: float, until: float) -> bool:
    """It did not wait for another job of its user, of which one runs at a time, or for a free runner."""
    if any(event["type"] == "waiting" and since < event["at"] < until for event in record.events):
        return False
    others = [other for other in records if other is not record and other.user_id == record.user_id]
    return not any(since < at < until for other in others for at in _times(other, "job.started"))


def _times(record: JobRecord, kind: str) -> list[float]:
    return [event["at"] for event in record.events if event["type"] == kind]


def _starts(logs: Path) -> Iterator[tuple[float, str, str]]:
    for log in logs.glob("runner*.log*"):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if _STARTED in line and line.startswith("{"):
                facts = json.loads(line)
                at = dt.datetime.fromisoformat(facts["timestamp"]).timestamp()
                yield at, facts["job_id"], log.name
