"""What the database says of a job, in a form in which two runs of the same prompt are equal."""

import re
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

# Tells of attempts, not of what came of the job.
_OF_THE_ATTEMPT = frozenset({"job.started", "job.handed_over", "waiting"})
_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|KiB|MiB|kB|KB|MB|bytes)\b"), "<amount>"),
)


@dataclass(frozen=True)
class SnapshotRecord:
    """One kept scene."""

    step: int
    title: str
    code: str
    sha256: str
    parent: str | None
    id: str


@dataclass
class JobRecord:
    """One job as it stands in the database. `created` has the seconds since 1970 of each message's write, by seq."""

    job_id: str
    state: str
    outcome: str | None
    error: dict[str, Any] | None
    result: dict[str, Any]
    attempts: int
    messages: list[dict[str, Any]] = field(default_factory=list)
    created: dict[int, float] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[SnapshotRecord] = field(default_factory=list)
    head: str | None = None
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    paid_turns: list[int] = field(default_factory=list)
    paid_cut_calls: int = 0
    jobs_in_project: int = 1
    user_id: str = ""

    @property
    def lasting_events(self) -> list[tuple[str, ...]]:
        """The events that do not depend on how many attempts there were, with what tells them apart."""
        return [_name_of(event) for event in self.events if event["type"] not in _OF_THE_ATTEMPT]

    @property
    def transcript(self) -> list[tuple[str, str | None, str]]:
        """Role, stop reason and content of each message, without what varies from run to run."""
        return [(message["role"], message["stop_reason"], _plain(message["content"])) for message in self.messages]


def read_job(connection: "psycopg.Connection[dict[str, Any]]", job_id: str) -> JobRecord | None:
    """The job's rows; None if there is no such job."""
    jobs = connection.execute("SELECT * FROM jobs WHERE id = %s", (job_id,)).fetchall()
    if not jobs:
        return None
    job = jobs[0]
    record = JobRecord(
        job_id, job["state"], job["outcome"], job["error"], job["result"] or {}, job["attempt"], head=None
    )

    record.user_id = str(job["user_id"])

    def rows(query: LiteralString) -> list[dict[str, Any]]:
        return connection.execute(query, (job_id,)).fetchall()

    record.messages = rows("SELECT * FROM messages WHERE job_id = %s ORDER BY seq")
    record.created = {row["seq"]: row["created_at"].timestamp() for row in record.messages}
    record.steps = rows("SELECT * FROM steps WHERE job_id = %s ORDER BY number")
    taken = rows("SELECT * FROM snapshots WHERE job_id = %s ORDER BY created_at, step")
    by_id = {row["id"]: row["sha256"] for row in taken}
    record.snapshots = [
        SnapshotRecord(
            row["step"], row["title"], row["code"], row["sha256"], by_id.get(row["parent_id"]), str(row["id"])
        )
        for row in taken
    ]
    record.artifacts = rows("SELECT kind, name, sha256 FROM artifacts WHERE job_id = %s ORDER BY kind, name")
    events = rows("SELECT seq, type, data, created_at FROM events WHERE job_id = %s ORDER BY seq")
    record.events = [row["data"] | {"seq": row["seq"], "at": row["created_at"].timestamp()} for row in events]
    paid = rows("SELECT message_seq FROM usage WHERE job_id = %s AND message_seq IS NOT NULL ORDER BY message_seq")
    record.paid_turns = [row["message_seq"] for row in paid]
    estimates = len(rows("SELECT id FROM usage WHERE job_id = %s AND is_estimate"))
    # A call in which the runner was killed has its row, and no event: nobody was there to tell of it.
    whole = len(rows("SELECT id FROM usage WHERE job_id = %s AND NOT is_estimate"))
    told = sum(row["type"] == "usage" for row in events) - whole
    record.paid_cut_calls = max(0, min(estimates, told))
    project = rows(
        "SELECT (SELECT sha256 FROM snapshots s WHERE s.id = p.head_snapshot_id) AS head,"
        " (SELECT count(*) FROM jobs j WHERE j.project_id = p.id) AS jobs"
        " FROM projects p WHERE p.id = (SELECT project_id FROM jobs WHERE id = %s)"
    )[0]
    record.head, record.jobs_in_project = project["head"], project["jobs"]
    return record


def connect(url: str) -> "psycopg.Connection[dict[str, Any]]":
    """A connection to the stack's database, for reading."""
    return psycopg.Connection[dict[str, Any]].connect(url, autocommit=True, row_factory=dict_row, connect_timeout=10)


def queue_left(connection: "psycopg.Connection[dict[str, Any]]") -> dict[str, int]:
    """What the queue still holds once every job has ended: rows to do, and locks that runs held."""
    rows = connection.execute(
        "SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')) AS queue_rows,"
        " (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')) AS unfinished_rows,"
        " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS advisory_locks"
    ).fetchall()
    return dict(rows[0])


def _plain(value: Any) -> str:
    """The content as text; pictures and what varies are named only."""
    text = str(_without_pictures(value))
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def _without_pictures(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_pictures(part) for part in value]
    if isinstance(value, dict):
        if value.get("type") == "image":
            return "<picture>"
        return {key: _without_pictures(part) for key, part in sorted(value.items())}
    return value


def _name_of(event: dict[str, Any]) -> tuple[str, ...]:
    facts = [
        str(event[key]) for key in ("step", "tool", "title", "ok", "stage", "kind", "name", "state") if key in event
    ]
    return (event["type"], *facts)
