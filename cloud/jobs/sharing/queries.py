"""The SQL of shared pages. The caller's transaction; nothing here commits.

What strangers get is found by the token's hash alone, and only while the page is live; all else takes the owner.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import Share
from cloud.db.models import Artifact, Event, Job, Project, Snapshot, User
from cloud.errors import NotFound, Prompt2MeshError

_LISTED_AT_MOST = 500
_UNFINISHED = ("queued", "running")


class NoSuchShare(NotFound):
    """The user has no such share of this project, or has revoked it."""

    def __init__(self, share_id: UUID) -> None:
        Prompt2MeshError.__init__(
            self, f"There is no share '{share_id}' of this project; list its shares to see which there are."
        )


@dataclass(frozen=True)
class LiveShare:
    """A page that strangers may see now, with the scene that it shows and the job that its files are of."""

    share: Share
    snapshot: Snapshot
    job: Job | None


async def add_share(session: AsyncSession, share: Share, lasts: dt.timedelta | None) -> Share:
    """Keep the share, which ends so long from now by the database's clock. Returns: it, as it stands there."""
    share.expires_at = _from_now(lasts)
    session.add(share)
    await session.flush()
    await session.refresh(share)
    return share


async def set_end(session: AsyncSession, share: Share, lasts: dt.timedelta | None) -> None:
    """From now on the share ends so long from now; None: it does not."""
    share.expires_at = _from_now(lasts)
    await session.flush()


async def lock_owner(session: AsyncSession, owner: UUID) -> None:
    """Two links of one user are not made at once until the transaction's end: else both may be the last allowed."""
    await session.execute(select(User.id).where(User.id == owner).with_for_update(key_share=True))


async def count_live(session: AsyncSession, owner: UUID) -> int:
    """How many pages of the user strangers may see, those of deleted projects with them: they can come back."""
    statement = select(func.count()).select_from(Share).where(Share.user_id == owner, _is_live())
    return (await session.scalars(statement)).one()


async def list_shares(session: AsyncSession, owner: UUID, project_id: UUID | None) -> Sequence[Share]:
    """The user's shares, of one project or of all, newest first; expired ones too, revoked ones not."""
    statement = _of(owner)
    if project_id is not None:
        statement = statement.where(Share.project_id == project_id)
    newest = statement.order_by(Share.created_at.desc(), Share.id).limit(_LISTED_AT_MOST)
    return (await session.scalars(newest)).all()


async def get_share(session: AsyncSession, owner: UUID, project_id: UUID, share_id: UUID) -> Share:
    """The share, locked until the transaction's end. Raises: NoSuchShare."""
    statement = _of(owner).where(Share.project_id == project_id, Share.id == share_id)
    share = await session.scalar(statement.with_for_update(of=Share))
    if share is None:
        raise NoSuchShare(share_id)
    return share


async def revoke(session: AsyncSession, share: Share) -> None:
    """The link shows nothing from the commit on."""
    share.revoked_at = func.now()
    await session.flush()


async def find_live(session: AsyncSession, token_hash: bytes) -> LiveShare | None:
    """What the token shows; None: unknown, revoked, expired, or its project or user is gone or suspended."""
    statement = (
        select(Share, Snapshot, Job)
        .join(Snapshot, Snapshot.id == Share.snapshot_id)
        .join(Project, Project.id == Share.project_id)
        .join(User, User.id == Share.user_id)
        .outerjoin(Job, Job.id == Share.job_id)
        .where(
            Share.token_hash == token_hash,
            _is_live(),
            Project.deleted_at.is_(None),
            User.suspended_at.is_(None),
            User.deletion_requested_at.is_(None),
        )
    )
    found = (await session.execute(statement)).one_or_none()
    return LiveShare(*found) if found is not None else None


async def count_view(session: AsyncSession, share_id: UUID) -> None:
    """One more has seen the page."""
    await session.execute(update(Share).where(Share.id == share_id).values(views=Share.views + 1))


async def job_that_shows(session: AsyncSession, snapshot: Snapshot) -> UUID | None:
    """The job that has made a .glb of just this scene, or that is about to; None: there is none."""
    # What a job that changes the scene delivers is of the scene that its preview shows.
    previewed = exists().where(
        Event.project_id == snapshot.project_id,
        Event.job_id == Job.id,
        Event.type == "picture",
        Event.data["kind"].astext == "preview",
        Event.data["snapshot_id"].astext == str(snapshot.id),
    )
    exported = Job.request["snapshot_id"].astext == str(snapshot.id)
    has_file = exists().where(Artifact.job_id == Job.id, Artifact.kind == "scene", Artifact.name == "scene.glb")
    is_shown_whole = (Job.kind == "export") & exported & Job.request["picture"].as_boolean()
    shows = or_(
        (Job.kind != "export") & previewed & has_file,
        is_shown_whole & or_(has_file, Job.state.in_(_UNFINISHED)),
    )
    statement = select(Job.id).where(Job.project_id == snapshot.project_id, shows)
    return await session.scalar(statement.order_by(has_file.desc(), Job.created_at.desc()).limit(1))


async def files_of_job(session: AsyncSession, job_id: UUID) -> Sequence[Artifact]:
    """Its files, the last first."""
    statement = select(Artifact).where(Artifact.job_id == job_id).order_by(Artifact.created_at.desc())
    return (await session.scalars(statement)).all()


async def picture_of(session: AsyncSession, snapshot: Snapshot) -> Artifact | None:
    """The small picture of the scene; None: it has none."""
    statement = select(Artifact).where(Artifact.id == snapshot.thumbnail_id, Artifact.user_id == snapshot.user_id)
    return await session.scalar(statement)


def _of(owner: UUID) -> Select[Share]:
    return (
        select(Share)
        .join(Project, Project.id == Share.project_id)
        .where(Share.user_id == owner, Share.revoked_at.is_(None), Project.deleted_at.is_(None))
    )


def _is_live() -> ColumnElement[bool]:
    return Share.revoked_at.is_(None) & or_(Share.expires_at.is_(None), Share.expires_at > func.now())


def _from_now(lasts: dt.timedelta | None) -> ColumnElement[dt.datetime] | None:
    return func.now() + lasts if lasts is not None else None
