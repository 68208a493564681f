"""The SQL of the jobs: reading them, and writing to one under its lock.

Whoever writes events holds the lock on the project's row, then on the job's, always in this order: so the events
of both have no gaps, and a scene has one writer at a time. A runner names its attempt too, so that one which came
back from the dead writes nothing.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, func, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cloud.agent.prices import known_usd
from cloud.db.models import Artifact, Consultation, Event, Job, Message, Project, Snapshot, Step, Usage
from cloud.errors import Conflict, NotFound
from cloud.jobs.events import AnyEvent, JobEvent, JobFinished, UsageTotals
from cloud.jobs.ledger.queries import free_models
from cloud.redaction import mask, mask_values_in

FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})

_EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def utc_now() -> dt.datetime:
    """The time now, with its zone."""
    return dt.datetime.now(dt.UTC)


class Fenced(Conflict):
    """This attempt at the job is no longer the one that may write."""

    code = "fenced"

    def __init__(self, job_id: UUID, attempt: int) -> None:
        super().__init__(f"Attempt {attempt} at job {job_id} has been superseded or has ended.")


class ProjectWriter:
    """Writes to one project inside the caller's transaction, which holds the lock on the project's row."""

    def __init__(self, session: AsyncSession, project: Project, last_seq: int) -> None:
        self.session = session
        self.project = project
        self._project_seq = last_seq

    def emit(self, event: JobEvent) -> None:
        """Add the project's next event, of no job; clients get it at commit."""
        self._write(event, None, None)

    async def move_head(self, snapshot_id: UUID | None, redo: Sequence[str] = ()) -> None:
        """The project's scene is now this snapshot (None: empty). Without `redo` there is nothing to redo."""
        await self.session.flush()
        self.project.head_snapshot_id = snapshot_id
        self.project.redo = list(redo)
        await self.session.flush()

    def _write(self, event: JobEvent, job_id: UUID | None, seq: int | None) -> None:
        self._project_seq += 1
        data = mask_values_in(event.model_dump(mode="json"))
        self.session.add(
            Event(
                project_id=self.project.id,
                project_seq=self._project_seq,
                job_id=job_id,
                seq=seq,
                type=data["type"],
                data=data,
            )
        )


class JobWriter(ProjectWriter):
    """Writes to one job inside the caller's transaction, which holds the locks on its project's row and its own."""

    def __init__(self, session: AsyncSession, project: Project, last_project_seq: int, job: Job, last_seq: int) -> None:
        super().__init__(session, project, last_project_seq)
        self.job = job
        self._seq = last_seq

    def emit(self, event: JobEvent) -> None:
        """Add the job's next event; clients get it at commit."""
        self._seq += 1
        self._write(event, self.job.id, self._seq)

    def add(self, row: Message | Artifact | Usage | Step | Consultation) -> None:
        """Add a row that belongs to the job."""
        self.session.add(row)

    async def settle(self, cost: Usage) -> None:
        """Write what a model call cost, over the row of the same id that its beginning has left."""
        await self.session.merge(cost)

    async def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and make it the project's head."""
        self.session.add(snapshot)
        await self.move_head(snapshot.id)

    async def add_message(self, message: Message) -> int:
        """Append to the transcript. Returns: the message's seq, which is set here."""
        last = await self.session.scalar(select(func.max(Message.seq)).where(Message.job_id == self.job.id))
        message.seq = (last or 0) + 1
        self.session.add(message)
        return message.seq

    def finish(
        self,
        state: str,
        outcome: str,
        error: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
    ) -> None:
        """End the job, with its last event."""
        if error is not None and isinstance(error.get("message"), str):
            error = {**error, "message": mask(error["message"])}
        result = mask_values_in(result)  # the model's own words are in it
        job = self.job
        job.state, job.outcome, job.error, job.result = state, outcome, error, result
        job.finished_at = utc_now()
        self.emit(JobFinished(state=state, outcome=outcome, error=error, result=result))


async def open_writer(session: AsyncSession, job_id: UUID, *, attempt: int | None = None) -> JobWriter:
    """Lock the rows of the job's project and of the job, and write to them.

    Raises: NotFound: no such job. Fenced: `attempt` is given, and is not the one that runs now.
    """
    writers = await open_writers(session, [job_id])
    if not writers:
        raise NotFound("job", job_id)
    (writer,) = writers
    if attempt is not None and (writer.job.attempt != attempt or writer.job.state != "running"):
        raise Fenced(job_id, attempt)
    return writer


async def open_writers(session: AsyncSession, job_ids: Sequence[UUID]) -> list[JobWriter]:
    """The same with many jobs, each of another project: in their order, those that are gone left out."""
    of_these = select(Job.project_id).where(Job.id.in_(job_ids)).distinct()
    projects = {project.id: (project, seq) for project, seq in await _lock_projects(session, of_these)}
    statement = select(Job).where(Job.id.in_(job_ids)).order_by(Job.id).with_for_update()
    found = await session.scalars(statement.execution_options(populate_existing=True))
    jobs = {job.id: job for job in found}
    assert len(jobs) == len(projects), "two writers of one project would give two events one number"
    # Not by grouping: that would read all events of the job, this reads the last alone.
    last = select(func.max(Event.seq)).where(Event.job_id == Job.id).scalar_subquery()
    seqs = {row[0]: row[1] or 0 for row in await session.execute(select(Job.id, last).where(Job.id.in_(jobs)))}
    return [
        JobWriter(session, *projects[job.project_id], job, seqs[job.id])
        for job in (jobs[job_id] for job_id in job_ids if job_id in jobs)
    ]


async def open_project_writer(session: AsyncSession, project_id: UUID) -> ProjectWriter:
    """Lock the project's row and write to it. Raises: sqlalchemy's NoResultFound: no such project."""
    return ProjectWriter(session, *await _lock_project(session, project_id))


async def _lock_project(session: AsyncSession, project_id: UUID) -> tuple[Project, int]:
    """The project, and the number of its last event. Raises: NoResultFound."""
    found = await _lock_projects(session, [project_id])
    if not found:
        raise NoResultFound
    return found[0]


async def _lock_projects(
    session: AsyncSession, project_ids: Sequence[UUID] | Select[UUID]
) -> Sequence[tuple[Project, int]]:
    """The projects, each with the number of its last event. The locks let others refer to the rows."""
    statement = select(Project).where(Project.id.in_(project_ids)).order_by(Project.id).with_for_update(key_share=True)
    projects = (await session.scalars(statement.execution_options(populate_existing=True))).all()
    last = select(func.max(Event.project_seq)).where(Event.project_id == Project.id).scalar_subquery()
    ids = [project.id for project in projects]
    # In a statement of its own: it must see what those have written for whose locks we waited.
    seqs = {row[0]: row[1] or 0 for row in await session.execute(select(Project.id, last).where(Project.id.in_(ids)))}
    return [(project, seqs[project.id]) for project in projects]


async def events_after(session: AsyncSession, job_id: UUID, after: int) -> list[tuple[int, AnyEvent]]:
    """The job's events with a seq greater than `after`, in order."""
    rows = await session.execute(
        select(Event.seq, Event.data).where(Event.job_id == job_id, Event.seq > after).order_by(Event.seq)
    )
    return [(seq, _EVENT.validate_python(data)) for seq, data in rows if seq is not None]


async def messages_of(session: AsyncSession, job_id: UUID) -> Sequence[Message]:
    """The job's transcript, in order."""
    return (await session.scalars(select(Message).where(Message.job_id == job_id).order_by(Message.seq))).all()


async def add_cost(session: AsyncSession, cost: Usage) -> None:
    """Write what a model call cost, or has cost so far, whether or not its attempt may still write to the job."""
    await session.merge(cost)


async def usage_of(session: AsyncSession, job_id: UUID) -> tuple[int, UsageTotals]:
    """How many model calls the job has made, and what they used together."""
    row = (
        await session.execute(
            select(
                func.count(),
                func.coalesce(func.sum(Usage.input_tokens), 0),
                func.coalesce(func.sum(Usage.output_tokens), 0),
                func.coalesce(func.sum(Usage.cache_read_tokens), 0),
                func.coalesce(func.sum(Usage.cache_write_tokens), 0),
                func.coalesce(func.sum(Usage.usd), 0),
                free_models(),
            ).where(Usage.job_id == job_id)
        )
    ).one()
    calls, given, made, read, written, usd, free = row
    totals = UsageTotals(
        input_tokens=int(given),
        output_tokens=int(made),
        cache_read_tokens=int(read),
        cache_write_tokens=int(written),
        usd=known_usd(float(usd), free or ()),
    )
    return calls, totals


async def head_of(session: AsyncSession, project_id: UUID) -> Snapshot | None:
    """The snapshot that is the project's scene, or None while it is empty."""
    return await session.scalar(
        select(Snapshot).join(Project, Project.head_snapshot_id == Snapshot.id).where(Project.id == project_id)
    )


async def snapshot_by_hash(session: AsyncSession, project_id: UUID, sha256: str) -> Snapshot | None:
    """The project's newest snapshot with this content."""
    return await session.scalar(
        select(Snapshot)
        .where(Snapshot.project_id == project_id, Snapshot.sha256 == sha256)
        .order_by(Snapshot.created_at.desc())
        .limit(1)
    )


async def chain_to(session: AsyncSession, snapshot_id: UUID) -> list[tuple[Snapshot, str]]:
    """The snapshots from the empty scene to this one, each with its job's prompt."""
    chain = select(Snapshot.id, Snapshot.parent_id).where(Snapshot.id == snapshot_id).cte("chain", recursive=True)
    parent = aliased(Snapshot)
    chain = chain.union(select(parent.id, parent.parent_id).join(chain, parent.id == chain.c.parent_id))
    rows = await session.execute(
        select(Snapshot, func.coalesce(Job.prompt, ""))
        .join(chain, chain.c.id == Snapshot.id)
        .outerjoin(Job, Job.id == Snapshot.job_id)
    )
    found = {snapshot.id: (snapshot, prompt) for snapshot, prompt in rows}
    ordered: list[tuple[Snapshot, str]] = []
    step: UUID | None = snapshot_id
    while step is not None and step in found:
        ordered.append(found[step])
        step = found[step][0].parent_id
    return ordered[::-1]


async def images_of(session: AsyncSession, user_id: UUID, ids: Sequence[UUID]) -> list[Artifact]:
    """The user's own artifacts with these ids, in this order; others are left out."""
    rows = await session.scalars(select(Artifact).where(Artifact.user_id == user_id, Artifact.id.in_(ids)))
    found = {row.id: row for row in rows}
    return [found[image_id] for image_id in ids if image_id in found]


async def project_of(session: AsyncSession, job: Job) -> Project:
    """The job's project."""
    return await session.get_one(Project, job.project_id)


async def get_job(session: AsyncSession, job_id: UUID) -> Job:
    """The job. Raises: NotFound."""
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound("job", job_id)
    return job
