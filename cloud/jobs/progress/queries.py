"""The SQL of a job's progress: what earlier attempts have left, and the pieces of a turn that is not yet whole."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import aliased

from cloud.db.models import Artifact, Consultation, Event, Job, Message, Snapshot, Step
from cloud.jobs import queries
from cloud.jobs.events import UsageTotals

_SNAPSHOTS_TOLD = 500
_TITLE_CHARS = 80


@dataclass(frozen=True)
class Progress:
    """What a job's earlier attempts have left.

    `turn_seq` is the number of the model's last turn (0: none). `steps` counts the tool calls of the turns before
    the open one, which is the model's last turn if it has no answer yet, or that of a job without a model; its tool
    calls that have begun are `open_steps`, by number, with the result of each that has ended. `model_calls` counts
    whole answers, `stages` how often each was told, `modelled` the snapshots of which the model was told. `active_s` is
    how long the earlier attempts were seen at work.
    """

    head: Snapshot | None
    usage: UsageTotals
    model_calls: int
    turn_seq: int
    steps: int
    open_steps: dict[int, dict[str, Any] | None]
    snapshots: int
    objects: int
    triangles: int
    stages: Counter[str]
    files: frozenset[tuple[str, str]]
    modelled: frozenset[UUID]
    active_s: float


async def progress_of(session: AsyncSession, job: Job) -> Progress:
    """How far the job has come."""
    last_seq, turn_seq, model_calls = await _transcript(session, job.id)
    is_open = turn_seq == last_seq  # both 0: no model asks for this job's steps, so none of them is answered
    rows = (await session.scalars(select(Step).where(Step.job_id == job.id).order_by(Step.number))).all()
    geometry = [row.result["facts"] for row in rows if row.result and "objects" in row.result.get("facts", {})]
    latest = geometry[-1] if geometry else {}
    files = await session.execute(select(Artifact.kind, Artifact.name).where(Artifact.job_id == job.id))
    events = await _milestones(session, job.id)
    _, usage = await queries.usage_of(session, job.id)
    made = select(func.count()).where(Snapshot.job_id == job.id)
    return Progress(
        head=await queries.head_of(session, job.project_id),
        usage=usage,
        model_calls=model_calls,
        turn_seq=turn_seq,
        steps=sum(not is_open or row.message_seq != turn_seq for row in rows),
        open_steps={row.number: row.result for row in rows if is_open and row.message_seq == turn_seq},
        snapshots=await session.scalar(made) or 0,
        objects=int(latest.get("objects", 0)),
        triangles=int(latest.get("triangles", 0)),
        stages=Counter(stage for _, _, stage, _ in events if stage),
        files=frozenset((kind, name) for kind, name in files),
        modelled=frozenset(UUID(snapshot) for kind, _, _, snapshot in events if kind == "model" and snapshot),
        active_s=active_seconds((kind, at) for kind, at, _, _ in events),
    )


def active_seconds(events: Iterable[tuple[str, dt.datetime]]) -> float:
    """How long the attempts were at work, as (type, time) of the events tells: from each start to its last event."""
    total, began, last = dt.timedelta(), None, None
    for kind, at in events:
        if kind == "job.started":
            if began is not None and last is not None:
                total += last - began
            began = last = at
        elif kind != "job.handed_over":  # another runner may write this one long after
            last = at
    if began is not None and last is not None:
        total += last - began
    return total.total_seconds()


async def step_row(session: AsyncSession, job_id: UUID, number: int) -> Step:
    """The row of a step that has begun. Raises: sqlalchemy's NoResultFound."""
    return (await session.scalars(select(Step).where(Step.job_id == job_id, Step.number == number))).one()


async def consultation_answer(session: AsyncSession, job_id: UUID, key: str) -> dict[str, Any] | None:
    """What the job's consultation of this name gave; None if there was none."""
    found = await session.get(Consultation, (job_id, key))
    return None if found is None else found.answer


async def snapshot_row(session: AsyncSession, snapshot_id: UUID) -> Snapshot | None:
    """The snapshot, or None if it is gone."""
    return await session.get(Snapshot, snapshot_id)


async def snapshots_told(session: AsyncSession, project_id: UUID) -> list[dict[str, Any]]:
    """The project's snapshots as a pod is told of them, newest first: all that a model may list and open."""
    parent = aliased(Snapshot)
    rows = await session.execute(
        select(Snapshot, func.coalesce(parent.sha256, ""))
        .outerjoin(parent, parent.id == Snapshot.parent_id)
        .where(Snapshot.project_id == project_id)
        .order_by(Snapshot.created_at.desc(), Snapshot.step.desc())
        .limit(_SNAPSHOTS_TOLD)
    )
    return [
        {
            "sha256": snapshot.sha256,
            "parent": parent_hash,
            "title": snapshot.title[:_TITLE_CHARS],
            "label": snapshot.label,
            "bytes": snapshot.bytes,
            "created_at": snapshot.created_at.timestamp(),
        }
        for snapshot, parent_hash in rows
    ]


async def notify(engine: AsyncEngine, channel: str, payload: str) -> None:
    """Tell whoever listens on the channel now; nothing is kept. `payload` is below 8,000 bytes."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


async def _transcript(session: AsyncSession, job_id: UUID) -> tuple[int, int, int]:
    """The number of the last message and of the model's last one (0: none), and how many are the model's."""
    models = Message.role == "assistant"
    row = await session.execute(
        select(
            func.coalesce(func.max(Message.seq), 0),
            func.coalesce(func.max(Message.seq).filter(models), 0),
            func.count().filter(models),
        ).where(Message.job_id == job_id)
    )
    last, turn, calls = row.one()
    return last, turn, calls


async def _milestones(session: AsyncSession, job_id: UUID) -> list[tuple[str, dt.datetime, str | None, str | None]]:
    """The type and time of each event, and the stage and the snapshot of those that name one."""
    rows = await session.execute(
        select(Event.type, Event.created_at, Event.data["stage"].astext, Event.data["snapshot_id"].astext)
        .where(Event.job_id == job_id)
        .order_by(Event.seq)
    )
    return [(kind, at, stage, snapshot) for kind, at, stage, snapshot in rows]
