"""Making, changing and revoking the links by which a user shows a result to anybody."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.tokens import hash_of, new_token
from cloud.db.account_models import Share
from cloud.db.models import Job
from cloud.errors import Conflict, InvalidInput
from cloud.jobs import queue
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.sharing import queries
from cloud.projects.names import control_in
from cloud.projects.queries import get_project

if TYPE_CHECKING:
    from cloud.accounts.origin import Origin
    from cloud.db.engine import Transaction
    from cloud.db.models import Project, Snapshot
    from cloud.settings import Settings

SHARES_AT_MOST = 200


class TooManyShares(Conflict):
    """The user has as many live links as one may have."""

    code = "too_many_shares"

    def __init__(self) -> None:
        super().__init__(f"You have {SHARES_AT_MOST} links that work; revoke one, then make this one.")


class NothingToShare(Conflict):
    """The project's scene is the empty one."""

    code = "empty_scene"

    def __init__(self) -> None:
        super().__init__("The project has no scene yet; build something first, then share it.")


@dataclass(frozen=True)
class MadeShare:
    """A new share with its token, which is shown this once. `makes_model`: its .glb is yet to be made, by its job."""

    row: Share
    token: str
    makes_model: bool


@dataclass(frozen=True)
class Terms:
    """What a page is called, whether files can be taken from it, and when it ends (None: never)."""

    title: str
    allow_download: bool
    expires_in_days: int | None

    @property
    def lasts(self) -> dt.timedelta | None:
        return dt.timedelta(days=self.expires_in_days) if self.expires_in_days is not None else None


async def make_share(
    session: "Transaction",
    project: "Project",
    snapshot_id: UUID | None,
    terms: Terms,
    origin: "Origin",
    settings: "Settings",
) -> MadeShare:
    """A link to a scene of the project (None: the one that it has now).

    Its .glb and picture are those of the job that made the scene; where there are none, a job is queued that makes
    them. Raises: NothingToShare, NoSuchSnapshot, TooManyShares, StorageFull. InvalidInput: the title. What queueing
    raises.
    """
    title = _checked_title(terms.title)
    shown_id = snapshot_id or project.head_snapshot_id
    if shown_id is None:
        raise NothingToShare
    snapshot = await get_snapshot(session, project.id, shown_id)
    job_id = await queries.job_that_shows(session, snapshot)
    made_job_id = job_id or await _queue_export(session, snapshot, settings)
    # After the project, which queueing locks, as everywhere.
    await queries.lock_owner(session, project.user_id)
    if await queries.count_live(session, project.user_id) >= SHARES_AT_MOST:
        raise TooManyShares
    token = new_token("shr")
    share = Share(
        user_id=project.user_id,
        project_id=project.id,
        snapshot_id=snapshot.id,
        job_id=made_job_id,
        token_hash=hash_of(token),
        hint=token[-4:],
        title=title,
        allow_download=terms.allow_download,
    )
    row = await queries.add_share(session, share, terms.lasts)
    await _note(session, "share.created", row, origin)
    return MadeShare(row, token, makes_model=job_id is None)


async def change_share(
    session: "Transaction", owner: UUID, project_id: UUID, share_id: UUID, changes: dict[str, Any], origin: "Origin"
) -> Share:
    """`changes` are those of the fields of `Terms` that the user names. Raises: NotFound. InvalidInput: the title."""
    await get_project(session, owner, project_id)
    share = await queries.get_share(session, owner, project_id, share_id)
    if "title" in changes:
        share.title = _checked_title(changes["title"])
    if "allow_download" in changes:
        share.allow_download = changes["allow_download"]
    if "expires_in_days" in changes:
        await queries.set_end(session, share, Terms("", False, changes["expires_in_days"]).lasts)
    await session.flush()
    await session.refresh(share)
    await _note(session, "share.changed", share, origin)
    return share


async def revoke_share(session: "Transaction", owner: UUID, project_id: UUID, share_id: UUID, origin: "Origin") -> None:
    """From now on the link shows nothing. Raises: NotFound."""
    await get_project(session, owner, project_id)
    share = await queries.get_share(session, owner, project_id, share_id)
    await queries.revoke(session, share)
    await add_entry(session, "share.revoked", actor=owner, origin=origin, subject=f"share:{share.id}")


async def _queue_export(session: "Transaction", snapshot: "Snapshot", settings: "Settings") -> UUID:
    job = Job(
        id=uuid4(),
        user_id=snapshot.user_id,
        project_id=snapshot.project_id,
        kind="export",
        prompt="",
        request={"formats": ["glb"], "snapshot_id": str(snapshot.id), "picture": True},
    )
    await queue.enqueue(session, job, settings)
    return job.id


async def _note(session: "Transaction", action: str, share: Share, origin: "Origin") -> None:
    ends = share.expires_at.isoformat(timespec="seconds") if share.expires_at else None
    details = {"project": str(share.project_id), "downloads": share.allow_download, "until": ends}
    await add_entry(session, action, actor=share.user_id, origin=origin, subject=f"share:{share.id}", details=details)


def _checked_title(text: str) -> str:
    title = text.strip()
    if control_in(title):
        raise InvalidInput("The title holds a line break or another control character; leave it out.")
    return title
