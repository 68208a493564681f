"""The SQL of scenes' parameters. That the project is the asking user's, the caller has made sure."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Event, Job, Snapshot
from cloud.jobs.events import StepFinished, StepStarted


async def prompts_of(session: AsyncSession, chain: list[Snapshot]) -> list[str]:
    """What was asked for to make these steps, each prompt once; for a changed parameter, what came before it."""
    ids = list(dict.fromkeys(snapshot.job_id for snapshot in chain if snapshot.job_id is not None))
    jobs = {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}
    prompts: dict[str, None] = {}
    for job_id in ids:
        if job_id in jobs:
            job = jobs[job_id]
            prompts |= dict.fromkeys(job.request.get("prompts", [job.prompt]))
    return [prompt for prompt in prompts if prompt.strip()]


async def last_step_of(session: AsyncSession, job: Job) -> Snapshot | None:
    """The last of the snapshots that the job has made in its own project."""
    statement = select(Snapshot).where(Snapshot.job_id == job.id, Snapshot.project_id == job.project_id)
    return await session.scalar(statement.order_by(Snapshot.step.desc()).limit(1))


async def told_steps(session: AsyncSession, job_id: UUID) -> set[tuple[str, int]]:
    """The steps' events that the job has, each as its type and the step's number."""
    kinds = (StepStarted.model_fields["type"].default, StepFinished.model_fields["type"].default)
    rows = await session.execute(select(Event.type, Event.data).where(Event.job_id == job_id, Event.type.in_(kinds)))
    return {(kind, int(data["step"])) for kind, data in rows}


async def scene_before(session: AsyncSession, snapshot: Snapshot) -> UUID | None:
    """The scene that undo goes back to: the snapshot's parent, and after changed parameters the scene before them.

    Such a change makes a new branch of steps in one go, so half of it is nothing that anybody has seen.
    """
    job = await session.get(Job, snapshot.job_id) if snapshot.job_id is not None else None
    if job is None or job.kind != "parameters" or job.project_id != snapshot.project_id:
        return snapshot.parent_id
    last = await last_step_of(session, job)
    if last is None or last.id != snapshot.id or job.base_snapshot_id is None:
        return snapshot.parent_id
    return job.base_snapshot_id
