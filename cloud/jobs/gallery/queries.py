"""The SQL of the gallery: the owner's projects alone. The caller's transaction; nothing here commits.

One statement finds the page, a few more tell of all its projects together: never one a project.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, or_, select, tuple_, union
from sqlalchemy.dialects.postgresql import aggregate_order_by, array_agg
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Artifact, Job, Project, Snapshot
from cloud.db.scene_models import SceneFacts, SceneFile
from cloud.jobs.gallery.pages import GalleryCursor, Sort, State, microseconds
from cloud.projects.pages import Page

_UNFINISHED = ("queued", "running")
_ESCAPE = "\\"


@dataclass(frozen=True)
class Wanted:
    """Which projects, and in which order. Each word is in the name or in one of the prompts.

    `deleted_after`: those that were deleted after that time, instead of those that are there.
    """

    words: Sequence[str] = ()
    sort: Sort = "created"
    state: State | None = None
    deleted_after: dt.datetime | None = None


@dataclass(frozen=True)
class Card:
    """A project with what its card says; see `cloud.api.routes.gallery.ProjectCardOut`."""

    project: Project
    jobs: int = 0
    prompts: int = 0
    last_prompt: str = ""
    active_job_id: UUID | None = None
    picture_id: UUID | None = None
    bytes: int = 0
    objects: int | None = None
    triangles: int | None = None
    size_m: Sequence[float] | None = None


async def list_cards(
    session: AsyncSession, owner: UUID, wanted: Wanted, cursor: GalleryCursor | None, limit: int
) -> Page[Card]:
    """A page of the owner's projects. By name it goes from A to Z, else the newest or largest comes first."""
    sizes = _sizes(Artifact.user_id == owner, Snapshot.user_id == owner) if wanted.sort == "size" else None
    key = _key_of(wanted.sort, sizes)
    which = (Project.user_id == owner, _is_there(wanted.deleted_after), *_says(wanted.words), _is_in(wanted.state))
    statement = select(Project, key.label("key")).where(*which)
    if sizes is not None:
        statement = statement.outerjoin(sizes, sizes.c.project_id == Project.id)
    by_name = wanted.sort == "name"
    if cursor is not None:
        place = tuple_(key, Project.id)
        last = (_value_of(wanted.sort, cursor), cursor.id)
        statement = statement.where(place > last if by_name else place < last)
    order = (key, Project.id) if by_name else (key.desc(), Project.id.desc())
    rows = (await session.execute(statement.order_by(*order).limit(limit + 1))).all()
    page = rows[:limit]
    next_cursor = _cursor_of(wanted.sort, *page[-1]).encode() if len(rows) > limit else None
    return Page(await cards_of(session, [project for project, _ in page]), next_cursor)


async def cards_of(session: AsyncSession, projects: Sequence[Project]) -> list[Card]:
    """The projects, in this order, with what their cards say."""
    ids = [project.id for project in projects]
    if not ids:
        return []
    jobs = await _jobs_of(session, ids)
    pictures = await _pictures_of(session, projects)
    in_projects = _sizes(Artifact.project_id.in_(ids), Snapshot.project_id.in_(ids))
    sizes = {row.project_id: int(row.bytes) for row in await session.execute(select(in_projects))}
    heads = [project.head_snapshot_id for project in projects]
    facts = await session.scalars(select(SceneFacts).where(SceneFacts.snapshot_id.in_(heads)))
    counted = {each.snapshot_id: each for each in facts}
    cards = []
    for project in projects:
        facts_of_head = counted.get(project.head_snapshot_id) if project.head_snapshot_id else None
        known = (
            {name: getattr(facts_of_head, name) for name in ("objects", "triangles", "size_m")} if facts_of_head else {}
        )
        picture_id = pictures.get(project.id) or project.thumbnail_id
        told = jobs.get(project.id, {})
        cards.append(Card(project, bytes=sizes.get(project.id, 0), picture_id=picture_id, **told, **known))
    return cards


def _key_of(sort: Sort, sizes: Subquery | None) -> ColumnElement[Any]:
    if sizes is not None:
        return func.coalesce(sizes.c.bytes, 0)
    keys = {"created": Project.created_at, "changed": Project.updated_at, "name": func.lower(Project.name)}
    return keys[sort]


def _value_of(sort: Sort, cursor: GalleryCursor) -> Any:
    """What the cursor says of the sort's key."""
    if sort == "name":
        return cursor.name
    return cursor.number if sort == "size" else cursor.moment


def _cursor_of(sort: Sort, project: Project, key: Any) -> GalleryCursor:
    if sort == "name":
        return GalleryCursor(0, project.id, key)
    return GalleryCursor(int(key) if sort == "size" else microseconds(key), project.id)


def _is_there(deleted_after: dt.datetime | None) -> ColumnElement[bool]:
    return Project.deleted_at.is_(None) if deleted_after is None else Project.deleted_at > deleted_after


def _says(words: Sequence[str]) -> list[ColumnElement[bool]]:
    conditions = []
    for word in words:
        like = f"%{_escaped(word)}%"
        asked = exists().where(Job.project_id == Project.id, Job.prompt.ilike(like, escape=_ESCAPE))
        conditions.append(or_(Project.name.ilike(like, escape=_ESCAPE), asked))
    return conditions


def _escaped(word: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        word = word.replace(special, f"{_ESCAPE}{special}")
    return word


def _is_in(state: State | None) -> ColumnElement[bool]:
    at_work = exists().where(Job.project_id == Project.id, Job.state.in_(_UNFINISHED))
    match state:
        case "busy":
            return at_work
        case "ready":
            return and_(Project.head_snapshot_id.is_not(None), ~at_work)
        case "empty":
            return and_(Project.head_snapshot_id.is_(None), ~at_work)
        case None:
            return Project.id.is_not(None)


def _sizes(of_files: ColumnElement[bool], of_snapshots: ColumnElement[bool]) -> Subquery:
    """What each project has in the store, each content once."""
    contents = union(
        select(Artifact.project_id, Artifact.sha256, Artifact.bytes).where(of_files),
        select(Snapshot.project_id, Snapshot.sha256, Snapshot.bytes).where(of_snapshots),
    ).subquery()
    sums = select(contents.c.project_id, func.sum(contents.c.bytes).label("bytes")).group_by(contents.c.project_id)
    return sums.subquery()


async def _jobs_of(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    is_prompt = Job.kind == "build"
    is_running = case((Job.state == "running", 0), else_=1)
    active = array_agg(aggregate_order_by(Job.id, is_running, Job.created_at)).filter(Job.state.in_(_UNFINISHED))
    prompts = array_agg(aggregate_order_by(func.left(Job.prompt, 300), Job.created_at.desc())).filter(is_prompt)
    statement = select(
        Job.project_id,
        func.count().label("jobs"),
        func.count().filter(is_prompt).label("prompts"),
        active[1].label("active_job_id"),
        prompts[1].label("last_prompt"),
    )
    rows = await session.execute(statement.where(Job.project_id.in_(ids)).group_by(Job.project_id))
    return {
        row.project_id: {
            "jobs": row.jobs,
            "prompts": row.prompts,
            "active_job_id": row.active_job_id,
            "last_prompt": row.last_prompt or "",
        }
        for row in rows
    }


async def _pictures_of(session: AsyncSession, projects: Sequence[Project]) -> Mapping[UUID, UUID]:
    """The newest final picture of each project's scene, by the project's id."""
    heads = [project.head_snapshot_id for project in projects if project.head_snapshot_id]
    is_whole = or_(Artifact.kind == "preview", and_(Artifact.kind == "picture", Artifact.name == "picture.png"))
    statement = (
        select(Artifact.project_id, Artifact.id)
        .join(SceneFile, SceneFile.artifact_id == Artifact.id)
        .where(SceneFile.snapshot_id.in_(heads), is_whole)
        .order_by(Artifact.created_at, Artifact.id)
    )
    return {row.project_id: row.id for row in await session.execute(statement)}
