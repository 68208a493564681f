"""One row of every kind that a user can have, so that the walk has something of everybody's to look for."""

import asyncio
import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from pwdlib.hashers.argon2 import Argon2Hasher

from cloud.accounts.tokens import hash_of, new_token
from cloud.db.account_models import ApiToken, AuditEntry, DeviceGrant, ExternalIdentity, JobTally, OneTimeLink, Share
from cloud.db.engine import Database
from cloud.db.models import (
    Artifact,
    Batch,
    Consultation,
    Event,
    IdempotencyKey,
    Job,
    Message,
    ModelKey,
    Project,
    Session,
    Snapshot,
    Step,
    Usage,
    User,
)
from cloud.db.scene_models import SceneFacts, SceneFile

_HASHER = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)  # as quick as it can be

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
OF_NOBODY = {
    "account_deletions": "of accounts into which nobody gets any more; a report is read by its number alone",
    "model_pace": "how fast the deployment calls models",
    "sign_in_failures": "of names and addresses, which need not belong to a user",
    "oidc_flows": "of people who are not signed in yet",
}
"""Tables in which no row belongs to a user."""


@dataclass
class Estate:
    """All that one user has. `ids` has, by the names that addresses and bodies use, one id of each kind."""

    user: UUID
    mark: str
    token: str
    ended_token: str
    ids: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    """As `ids`, of a deleted project."""
    idempotency_key: str = ""

    def all_ids(self) -> set[str]:
        return {str(self.user), *self.ids.values(), *self.gone.values()}


class Settling:
    """Makes users with all their belongings, without the API."""

    def __init__(self, database_url: str) -> None:
        self._loop = asyncio.Runner()
        self._database = Database.connect(database_url, pool_size=1)

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._database.aclose())
        self._loop.close()

    def settle(self, *, is_admin: bool = False) -> Estate:
        """A new user with one row of every kind."""
        return self._loop.run(self._settle(is_admin))

    async def _settle(self, is_admin: bool) -> Estate:
        async with self._database.sessions.begin() as session:
            estate = await _user(session, is_admin)
            estate.ids |= await _project(session, estate, is_deleted=False)
            estate.gone = estate.ids | await _project(session, estate, is_deleted=True)
            estate.ids |= await _account(session, estate)
        return estate


async def _user(session: Any, is_admin: bool) -> Estate:
    mark = f"mark{secrets.token_hex(8)}"
    user = User(id=uuid4(), username=f"user {mark}", password_hash=_HASHER.hash(mark), is_admin=is_admin)
    estate = Estate(user.id, mark, new_token("ses"), new_token("ses"), idempotency_key=f"key-{secrets.token_hex(8)}")
    session.add(user)
    await session.flush()
    soon = _now() + dt.timedelta(hours=1)
    live = Session(id=uuid4(), user_id=user.id, token_hash=hash_of(estate.token), expires_at=soon, device=mark)
    ended = Session(
        user_id=user.id, token_hash=hash_of(estate.ended_token), expires_at=soon, revoked_at=_now(), device=mark
    )
    session.add_all([live, ended])
    estate.ids["session_id"] = str(live.id)
    return estate


async def _project(session: Any, estate: Estate, *, is_deleted: bool) -> dict[str, str]:
    """A project with all that belongs to one. Returns: its ids."""
    user, mark = estate.user, estate.mark
    project = Project(id=uuid4(), user_id=user, name=f"project {mark}", deleted_at=_now() if is_deleted else None)
    batch = Batch(id=uuid4(), user_id=user, name=f"batch {mark}")
    session.add_all([project, batch])
    await session.flush()
    mine = {"user_id": user, "project_id": project.id}
    jobs = {
        state: Job(
            id=uuid4(),
            **mine,
            # Each job of a batch has a project of its own.
            batch_id=batch.id if state == "queued" else None,
            batch_position=number if state == "queued" else None,
            prompt=f"prompt {mark}",
            state=state,
            error={"code": "x", "message": mark} if state == "failed" else None,
            finished_at=_now() if number > 2 else None,
        )
        for number, state in enumerate(STATES, 1)
    }
    session.add_all(jobs.values())
    await session.flush()
    job = jobs["succeeded"].id
    ids = {"project_id": str(project.id), "batch_id": str(batch.id), "job_id": str(jobs["queued"].id)}
    ids |= await _files(session, mine, job, mark)
    project.head_snapshot_id = UUID(ids["snapshot_id"])
    session.add_all(
        [
            Message(job_id=job, seq=1, role="user", content=[{"type": "text", "text": mark}], attempt=1),
            Consultation(job_id=job, key="refine", answer={"text": mark}, attempt=1),
            Step(job_id=job, number=1, message_seq=1, tool="run_python", title=mark, code=mark, attempt=1),
            Usage(user_id=user, job_id=job, message_seq=1, model=f"model {mark}", usd=1),
        ]
    )
    for number, one in enumerate(jobs.values(), 1):
        facts = {"type": "job.queued", "data": {"type": "job.queued", "mark": mark}}
        session.add(Event(project_id=project.id, project_seq=number, job_id=one.id, seq=1, **facts))
    if not is_deleted:
        session.add(IdempotencyKey(user_id=user, key=estate.idempotency_key, request_hash=b"x", made_id=job))
    return ids


async def _files(session: Any, mine: dict[str, Any], job: UUID, mark: str) -> dict[str, str]:
    file = {"sha256": secrets.token_hex(32), "bytes": 1, "name": f"{mark}.blend", **mine}
    image = Artifact(id=uuid4(), kind="reference", media_type="image/png", **file)
    scene = Artifact(id=uuid4(), kind="scene", media_type="application/x-blender", job_id=job, **file)
    session.add_all([image, scene])
    await session.flush()
    made = {"job_id": job, "run_id": job, "sha256": secrets.token_hex(32), "bytes": 1, "code": mark, **mine}
    first = Snapshot(id=uuid4(), title=mark, label=mark, step=1, thumbnail_id=image.id, **made)
    session.add(first)
    await session.flush()
    second = Snapshot(id=uuid4(), title=mark, label=mark, step=2, parent_id=first.id, **made)
    session.add(second)
    await session.flush()
    session.add(SceneFile(artifact_id=scene.id, snapshot_id=second.id, project_id=mine["project_id"]))
    session.add(SceneFacts(snapshot_id=second.id, project_id=mine["project_id"], objects=1, triangles=12))
    await session.flush()
    return {"artifact_id": str(scene.id), "image_id": str(image.id), "snapshot_id": str(second.id)}


async def _account(session: Any, estate: Estate) -> dict[str, str]:
    """What belongs to the account rather than to a project. Returns: its ids."""
    user, mark, soon = estate.user, estate.mark, _now() + dt.timedelta(hours=1)
    token = ApiToken(id=uuid4(), user_id=user, name=mark, token_hash=secrets.token_bytes(32), hint="abcd", scopes=[])
    device = DeviceGrant(
        id=uuid4(),
        device_code_hash=secrets.token_bytes(32),
        user_code=secrets.token_hex(4),
        client=mark,
        state="approved",
        user_id=user,
        expires_at=soon,
    )
    link = OneTimeLink(
        id=uuid4(), purpose="reset", token_hash=secrets.token_bytes(32), user_id=user, note=mark, expires_at=soon
    )
    share = Share(
        id=uuid4(),
        user_id=user,
        project_id=UUID(estate.ids["project_id"]),
        snapshot_id=UUID(estate.ids["snapshot_id"]),
        token_hash=secrets.token_bytes(32),
        hint="abcd",
        title=mark,
    )
    identity = ExternalIdentity(id=uuid4(), user_id=user, issuer="https://id.example", subject=mark)
    session.add_all([token, device, link, share, identity])
    session.add_all(
        [
            ModelKey(user_id=user, sealed=mark.encode(), hint="abcd"),
            JobTally(user_id=user, jobs=1, at=_now()),
            AuditEntry(actor_id=user, action="session.created", subject=f"user:{user}", details={"mark": mark}),
        ]
    )
    return {
        "token_id": str(token.id),
        "device_id": str(device.id),
        "grant_id": str(device.id),
        "user_code": device.user_code,
        "link_id": str(link.id),
        "invite_id": str(link.id),
        "share_id": str(share.id),
        "identity_id": str(identity.id),
        "user_id": str(user),
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
