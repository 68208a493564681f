"""The SQL of a project's history. The caller has made sure that the project is the user's own; their transaction.

What a step cost is what the model's turn cost that asked for it. A turn may ask for several steps: each shows the whole
turn's cost, with the number of tool calls that share it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.agent.prices import known_usd
from cloud.db.models import Artifact, Base, Job, Project, Snapshot, Step, Usage
from cloud.errors import NotFound, Prompt2MeshError
from cloud.jobs.events import UsageTotals
from cloud.jobs.kinds import READING_TOOLS
from cloud.projects.pages import Cursor, Page, cut_page


class NoSuchSnapshot(NotFound):
    """The project has no such snapshot; another project may."""

    def __init__(self, snapshot_id: UUID) -> None:
        Prompt2MeshError.__init__(
            self, f"There is no snapshot '{snapshot_id}' in this project; list its history to see which there are."
        )


@dataclass(frozen=True)
class HistoryStep:
    """One step: what it left, the tool that made it (None: unknown), and what its turn of the model cost, if any.

    `shared_by` is how many tool calls the turn asked for.
    """

    snapshot: Snapshot
    tool: str | None
    cost: UsageTotals | None
    shared_by: int


async def list_steps(session: AsyncSession, project_id: UUID, cursor: Cursor | None, limit: int) -> Page[HistoryStep]:
    """The project's steps, newest first; steps that are no longer on the way to the scene too."""
    statement = _steps().where(Snapshot.project_id == project_id)
    if cursor is not None:
        statement = statement.where(tuple_(Snapshot.created_at, Snapshot.id) < (cursor.created_at, cursor.id))
    statement = statement.order_by(Snapshot.created_at.desc(), Snapshot.id.desc()).limit(limit + 1)
    rows = [_step(*row) for row in await session.execute(statement)]
    return cut_page(rows, limit, lambda step: Cursor(step.snapshot.created_at, step.snapshot.id))


async def get_step(session: AsyncSession, project_id: UUID, snapshot_id: UUID) -> HistoryStep:
    """Raises: NoSuchSnapshot."""
    found = await session.execute(_steps().where(Snapshot.project_id == project_id, Snapshot.id == snapshot_id))
    row = found.one_or_none()
    if row is None:
        raise NoSuchSnapshot(snapshot_id)
    return _step(*row)


async def get_snapshot(session: AsyncSession, project_id: UUID, snapshot_id: UUID) -> Snapshot:
    """Raises: NoSuchSnapshot."""
    statement = select(Snapshot).where(Snapshot.project_id == project_id, Snapshot.id == snapshot_id)
    snapshot = await session.scalar(statement)
    if snapshot is None:
        raise NoSuchSnapshot(snapshot_id)
    return snapshot


async def depth_of(session: AsyncSession, snapshot_id: UUID) -> int:
    """How many steps lead from the empty scene to this snapshot."""
    chain = select(Snapshot.id, Snapshot.parent_id).where(Snapshot.id == snapshot_id).cte("chain", recursive=True)
    chain = chain.union(select(Snapshot.id, Snapshot.parent_id).where(Snapshot.id == chain.c.parent_id))
    return await session.scalar(select(func.count()).select_from(chain)) or 0


async def children_of(session: AsyncSession, snapshot_id: UUID) -> Sequence[UUID]:
    """The snapshots that were made of this one, oldest first."""
    statement = select(Snapshot.id).where(Snapshot.parent_id == snapshot_id)
    return (await session.scalars(statement.order_by(Snapshot.created_at, Snapshot.id))).all()


async def has_work_on_scene(session: AsyncSession, project_id: UUID) -> bool:
    """Whether a job that needs the project's scene to stay where it is has not ended.

    Those that read snapshots which they name do not, nor do those that only write a brief or call a tool that reads.
    """
    names_its_own = or_(
        Job.kind.in_(("compare", "refine")),
        and_(Job.kind == "export", Job.request.has_key("snapshot_id")),
        and_(Job.kind == "call", Job.request["tool"].astext.in_(READING_TOOLS)),
    )
    statement = select(Job.id).where(Job.project_id == project_id, Job.state.in_(("queued", "running")), ~names_its_own)
    return await session.scalar(statement.limit(1)) is not None


async def unfinished_model_job(session: AsyncSession, project_id: UUID, snapshot_id: UUID) -> Job | None:
    """The job that is about to make the snapshot's model for the 3D viewer."""
    is_of_it = and_(
        Job.kind == "export",
        Job.request["model"].as_boolean(),
        Job.request["snapshot_id"].astext == str(snapshot_id),
    )
    statement = select(Job).where(Job.project_id == project_id, Job.state.in_(("queued", "running")), is_of_it)
    return await session.scalar(statement.order_by(Job.created_at).limit(1))


async def project_of(session: AsyncSession, snapshot_id: UUID) -> Project:
    """The project that a snapshot belongs to. Raises: sqlalchemy's NoResultFound."""
    statement = select(Project).join(Snapshot, Snapshot.project_id == Project.id).where(Snapshot.id == snapshot_id)
    return (await session.scalars(statement)).one()


async def files_of_job(session: AsyncSession, job_id: UUID) -> Mapping[str, UUID]:
    """The ids of the job's files by name; of those that an earlier attempt made too, the last."""
    statement = select(Artifact.name, Artifact.id).where(Artifact.job_id == job_id).order_by(Artifact.created_at)
    return {row.name: row.id for row in await session.execute(statement)}


async def views_of(session: AsyncSession, snapshots: Sequence[Snapshot]) -> Mapping[UUID, Artifact]:
    """The snapshots' pictures and models by their ids."""
    ids = [view for one in snapshots for view in (one.thumbnail_id, one.model_id) if view is not None]
    rows = await session.scalars(select(Artifact).where(Artifact.id.in_(ids)))
    return {row.id: row for row in rows}


async def all_snapshots(session: AsyncSession, project_id: UUID) -> Sequence[Snapshot]:
    """Every step of the project, each after the one that it was made of."""
    statement = select(Snapshot).where(Snapshot.project_id == project_id).order_by(Snapshot.created_at, Snapshot.step)
    found = {row.id: row for row in await session.scalars(statement)}
    ordered: dict[UUID, Snapshot] = {}
    for row in found.values():
        way = [row]
        while (parent := found.get(way[-1].parent_id) if way[-1].parent_id else None) and parent.id not in ordered:
            way.append(parent)
        ordered |= {each.id: each for each in reversed(way)}
    return list(ordered.values())


async def add_rows(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Write rows, in this order."""
    session.add_all(rows)
    await session.flush()


def _steps() -> Select[Snapshot, str, Usage, int]:
    # By number, not by the snapshot's id: so a branch, whose snapshots are copies, finds its steps too.
    is_its_step = and_(Step.job_id == Snapshot.job_id, Step.number == Snapshot.step)
    is_its_turn = and_(Usage.job_id == Snapshot.job_id, Usage.message_seq == Snapshot.message_seq)
    sharing = Step.__table__.alias()
    shared_by = (
        select(func.count())
        .where(sharing.c.job_id == Snapshot.job_id, sharing.c.message_seq == Snapshot.message_seq)
        .correlate(Snapshot)
        .scalar_subquery()
    )
    return select(Snapshot, Step.tool, Usage, shared_by).outerjoin(Step, is_its_step).outerjoin(Usage, is_its_turn)


def _step(snapshot: Snapshot, tool: str | None, usage: Usage | None, shared_by: int) -> HistoryStep:
    if usage is None:
        return HistoryStep(snapshot, tool, None, 1)
    cost = UsageTotals(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        usd=known_usd(float(usage.usd), [usage.model]),
    )
    return HistoryStep(snapshot, tool, cost, max(1, shared_by))
