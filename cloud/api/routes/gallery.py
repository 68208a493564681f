"""One's projects as a gallery shows them: searched, sorted, with all that a card says; and copies of them."""

import datetime as dt
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.idempotency import IdempotencyDep
from cloud.api.patterns import LINE, LINE_OR_NOTHING
from cloud.api.problems import documented
from cloud.api.schemas import Body, ProjectOut
from cloud.api.shapes import project_out
from cloud.errors import InvalidInput
from cloud.jobs.gallery import queries as gallery
from cloud.jobs.gallery.pages import CURSOR_PATTERN, GalleryCursor, Sort, State
from cloud.jobs.gallery.queries import Card, Wanted
from cloud.jobs.history.branching import duplicate
from cloud.projects import queries
from cloud.projects.names import control_in

router = APIRouter(prefix="/projects", tags=["projects"], responses=documented(404, 422))

_QUERY_LIMIT_CHARS = 200
_WORDS_AT_MOST = 8


class ProjectCardOut(ProjectOut):
    """A project with what its card in a gallery says, so that no further call is needed for it."""

    state: State = Field(description="`busy`: a job waits or runs; else `ready`: there is a scene; else `empty`.")
    picture_id: UUID | None = Field(description="The scene's best picture: its preview, else its thumbnail.")
    jobs: int = Field(description="How many jobs of all kinds it has had.")
    prompts: int = Field(description="How many of them were prompts.")
    last_prompt: str = Field(description="Its newest prompt, at most 300 characters of it; empty: it had none.")
    active_job_id: UUID | None = Field(description="The job that runs, or the first that waits.")
    bytes: int = Field(description="What it keeps in the store, each content once.")
    objects: int | None = Field(description="With geometry, in the scene; null: not counted.")
    triangles: int | None
    size_m: list[float] | None = Field(description="The scene's box along x, y and z, metres; null: not measured.")


class ProjectCardPage(BaseModel):
    """One page of the gallery. `next_cursor` null: there is no more."""

    items: list[ProjectCardOut]
    next_cursor: str | None = None


class DuplicateIn(Body):
    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": LINE})] | None,
        Field(description="Of the new project; null: made of the origin's."),
    ] = None


CursorText = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": CURSOR_PATTERN})] | None,
    Query(description="`next_cursor` of the page before, with the same `sort`."),
]
SearchText = Annotated[
    Annotated[str, Field(max_length=_QUERY_LIMIT_CHARS, json_schema_extra={"pattern": LINE_OR_NOTHING})],
    Query(description="Words that are all in the name or in a prompt, whatever their case; the first eight."),
]


@router.get("", summary="List projects")
async def list_projects(
    owner: OwnerDep,
    transaction: TransactionDep,
    services: ServicesDep,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Items of one page at most.")] = 50,
    query: SearchText = "",
    sort: Annotated[
        Sort, Query(description="The newest, the last changed or the largest first; by name from A to Z.")
    ] = "created",
    state: Annotated[State | None, Query(description="Only those that are in this state.")] = None,
    deleted: Annotated[bool, Query(description="Only the deleted ones that can be brought back.")] = False,
) -> ProjectCardPage:
    """One's own projects, newest first unless `sort` says otherwise, each with all that its card says."""
    kept = dt.timedelta(days=services.settings.deleted_kept_days)
    since = dt.datetime.now(dt.UTC) - kept if deleted else None
    wanted = Wanted(_words(query), sort, state, since)
    place = GalleryCursor.decode(cursor) if cursor is not None else None
    page = await gallery.list_cards(transaction, owner, wanted, place, limit)
    return ProjectCardPage(items=[_card_out(card, kept) for card in page.rows], next_cursor=page.next_cursor)


@router.get("/{project_id}/card", summary="Get a project's card")
async def get_project_card(project_id: UUID, owner: OwnerDep, transaction: TransactionDep) -> ProjectCardOut:
    """One project as the list shows it."""
    [card] = await gallery.cards_of(transaction, [await queries.get_project(transaction, owner, project_id)])
    return _card_out(card)


@router.post("/{project_id}/duplicate", status_code=201, summary="Duplicate a project", responses=documented(409))
async def duplicate_project(
    project_id: UUID,
    owner: OwnerDep,
    transaction: TransactionDep,
    idempotency: IdempotencyDep,
    body: DuplicateIn | None = None,
) -> ProjectOut:
    """A new project with the scene, the whole history and the scene's files. The origin may be deleted afterwards."""
    new_id = uuid4()
    if earlier := await idempotency.made_before(transaction, new_id):
        return project_out(await queries.get_project(transaction, owner, earlier))
    origin = await queries.get_project(transaction, owner, project_id)
    return project_out(await duplicate(transaction, origin, body.name if body else None, new_id))


def _words(query: str) -> list[str]:
    """Raises: InvalidInput: it holds a control character."""
    if control_in(query.strip()):
        raise InvalidInput("The search holds a line break or another control character; leave it out.")
    return list(dict.fromkeys(query.split()))[:_WORDS_AT_MOST]


def _card_out(card: Card, kept: dt.timedelta | None = None) -> ProjectCardOut:
    project = card.project
    idle: State = "ready" if project.head_snapshot_id else "empty"
    facts = ("picture_id", "jobs", "prompts", "last_prompt", "active_job_id", "bytes", "objects", "triangles")
    return ProjectCardOut(
        **project_out(project, kept).model_dump(),
        **{name: getattr(card, name) for name in facts},
        size_m=None if card.size_m is None else list(card.size_m),
        state="busy" if card.active_job_id else idle,
    )
