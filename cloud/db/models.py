"""The tables. Every row that belongs to a user says so itself, so that each query can be filtered by owner.

Times are timezone-aware UTC. Ids are random UUIDs, made by us, so that a row's id is known before it is written.
"""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column


class Base(DeclarativeBase):
    """Root of the models; JSON columns are JSONB, times carry a zone."""

    type_annotation_map: ClassVar = {
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        dt.datetime: DateTime(timezone=True),
    }


def _stored_hashes(column: str) -> str:
    """SQL: every `sha256` in the JSON, as an array; an index on it finds the rows that refer to a stored object."""
    return f"jsonb_path_query_array({column}, 'strict $.**.sha256')"


MESSAGE_HASHES, RESULT_HASHES = _stored_hashes("content"), _stored_hashes("result")


def _hash_index(name: str, hashes: str) -> Index:
    return Index(name, text(hashes), postgresql_using="gin", postgresql_where=text(f"{hashes} <> '[]'::jsonb"))


def owner_column(*, index: bool = True) -> Mapped[uuid.UUID]:
    """Whose the row is. `index` False: another index begins with the column."""
    return mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=index)


class User(Base):
    """A person who may sign in. `username` is kept as typed and is unique without regard to case.

    The limits are None where the setting's hold, and 0 where there is none: `month_usd_limit` is what the user's jobs
    may cost the deployment in a calendar month (UTC), `month_token_limit` the tokens of that month, `day_job_limit` the
    jobs sent in 24 hours.
    A suspended user can sign in nowhere and runs nothing; of one whose account is being deleted
    (`deletion_requested_at`) the rows are still there because their work has to stop first.
    """

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_username_lower", text("lower(username)"), unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    username: Mapped[str]
    # None: signs in with an OpenID provider alone.
    password_hash: Mapped[str | None]
    is_admin: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    suspended_at: Mapped[dt.datetime | None]
    suspended_for: Mapped[str] = mapped_column(default="", server_default="")
    deletion_requested_at: Mapped[dt.datetime | None]
    month_usd_limit: Mapped[float | None] = mapped_column(Numeric(12, 2))
    month_token_limit: Mapped[int | None] = mapped_column(BigInteger)
    day_job_limit: Mapped[int | None]
    storage_mib_limit: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Session(Base):
    """A signed-in client. Only the SHA-256 of its token is kept.

    `client` is what it is (`web`, `cli`, `add-on`, `api`), `device` its browser and system in words, `address` the
    last one that it came from. `expires_at` moves on with use, up to `ends_at`.
    """

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    client: Mapped[str] = mapped_column(default="api", server_default="api")
    device: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class Project(Base):
    """One evolving Blender scene. `head_snapshot_id` is the scene as it stands; None is the empty scene.

    `seed` is what chance in its code begins with (None: made of the id); a branch has that of its origin. `redo`
    holds the ids of the snapshots that undo went back from, the latest last.
    """

    __tablename__ = "projects"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    name: Mapped[str]
    head_snapshot_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("snapshots.id", use_alter=True, ondelete="SET NULL"), index=True
    )
    seed: Mapped[int | None] = mapped_column(BigInteger)
    redo: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    deleted_at: Mapped[dt.datetime | None]
    if TYPE_CHECKING:
        thumbnail_id: Mapped[uuid.UUID | None]
        model_id: Mapped[uuid.UUID | None]
        """The head's picture and model, as they were when the row was read: no columns of this table."""


class Batch(Base):
    """Many prompts sent in one request, each a project and a job of its own."""

    __tablename__ = "batches"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    name: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Job(Base):
    """One piece of work on a project's scene. `state`: queued, running, succeeded, failed, cancelled.

    `attempt` counts the claims by runners and fences the writes of one that came back from the dead; `writes`
    counts the runner's transactions, so that one whose commit was in doubt is not done twice; `stalls` counts the
    attempts since the last that got anywhere. `turn` is the job's place in the queue: see `cloud.jobs.queue`.
    `request` is what was asked besides the prompt (`formats`, `image_ids`, …); `result` what came of it.
    `base_snapshot_id` is the scene that the job began with. `traceparent` is the trace of the request that ordered it.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_turn_of_started", "turn", postgresql_where=text("started_at IS NOT NULL")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"), index=True)
    batch_position: Mapped[int | None]
    base_snapshot_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("snapshots.id", use_alter=True, ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(default="build")
    prompt: Mapped[str] = mapped_column(default="")
    model: Mapped[str | None]
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="queued", index=True)
    outcome: Mapped[str | None]
    error: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    attempt: Mapped[int] = mapped_column(default=0)
    writes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    stalls: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    turn: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    queue_id: Mapped[int | None] = mapped_column(BigInteger)
    traceparent: Mapped[str | None]
    heartbeat_at: Mapped[dt.datetime | None]
    cancel_requested_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class IdempotencyKey(Base):
    """A key that a client sent with a request which makes something: the same key again makes nothing new."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    made_id: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Message(Base):
    """The transcript: one row a Messages API message, written before its effects are used."""

    __tablename__ = "messages"
    __table_args__ = (_hash_index("ix_messages_hashes", MESSAGE_HASHES),)

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    content: Mapped[list[Any]]
    attempt: Mapped[int]
    stop_reason: Mapped[str | None]
    # The scene before this message's tool calls: what a new attempt restores.
    snapshot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("snapshots.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Consultation(Base):
    """A model call beside the transcript (refining the prompt, reviewing the result) and what came of it.

    `key` names it within the job (`refine`, `review-1`, …), so that a new attempt knows the answer and does not ask
    again.
    """

    __tablename__ = "consultations"

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]
    attempt: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Step(Base):
    """One tool call of a job's agent. Written when it begins; `result` (packed like a message) when it has ended."""

    __tablename__ = "steps"
    __table_args__ = (_hash_index("ix_steps_hashes", RESULT_HASHES),)

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    message_seq: Mapped[int]
    tool: Mapped[str]
    title: Mapped[str]
    code: Mapped[str | None]
    attempt: Mapped[int]
    before_snapshot_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("snapshots.id", ondelete="SET NULL"), index=True
    )
    after_snapshot_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("snapshots.id", ondelete="SET NULL"), index=True
    )
    result: Mapped[dict[str, Any] | None]
    seconds: Mapped[float | None]
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Event(Base):
    """What the user sees of a project, in order: most of one of its jobs. Shapes: `cloud.jobs.events`.

    Both numbers count from 1 without gaps. `job_id` and `seq` are None for what no job did (undo, restore, …).
    """

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("job_id", "seq", name="uq_events_job_id_seq"),)

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    project_seq: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    seq: Mapped[int | None]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Snapshot(Base):
    """A `.blend` of the scene after one step. `code` is what made it of its parent: the replay's source.

    `run_id` groups the steps that were made in one go (the job's id, also after the job is gone and in a branch);
    `message_seq` names the model's turn that asked for the step, and with it what the step cost.
    """

    __tablename__ = "snapshots"
    __table_args__ = (Index("ix_snapshots_space", "user_id", "sha256", "bytes"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column(index=False)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    run_id: Mapped[uuid.UUID | None]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("snapshots.id", ondelete="SET NULL"), index=True)
    thumbnail_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("artifacts.id", ondelete="SET NULL"), index=True)
    model_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("artifacts.id", ondelete="SET NULL"), index=True)
    step: Mapped[int] = mapped_column(default=0)
    message_seq: Mapped[int | None]
    title: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(default="", server_default="")
    code: Mapped[str] = mapped_column(default="")
    changed: Mapped[str] = mapped_column(default="", server_default="")
    seconds: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


_IS_HEAD = Snapshot.id == Project.head_snapshot_id
Project.thumbnail_id, Project.model_id = (
    column_property(select(of).where(_IS_HEAD).correlate_except(Snapshot).scalar_subquery())
    for of in (Snapshot.thumbnail_id, Snapshot.model_id)
)


class Artifact(Base):
    """A file for the user; its bytes lie in the store by `sha256`. `kind`: reference, upload, picture, thumbnail,
    model (of a step, for the 3D viewer), preview, scene, script, turntable."""

    __tablename__ = "artifacts"
    __table_args__ = (Index("ix_artifacts_space", "user_id", "sha256", "bytes"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column(index=False)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Usage(Base):
    """One model call that was paid for, for the ledger: one for each assistant message and each consultation.

    A call that was cut off has neither; what it used is then partly an estimate. `purpose`: build, refine, review.
    `billed_to` says whose key paid: `system`, `user`, or `nobody` (the offline modeller).
    """

    __tablename__ = "usage"
    __table_args__ = (
        UniqueConstraint("job_id", "message_seq"),
        UniqueConstraint("job_id", "consultation_key", name="uq_usage_job_id_consultation_key"),
        Index("ix_usage_of_user_by_time", "user_id", "created_at"),
        Index("ix_usage_of_system_by_time", "created_at", postgresql_where=text("billed_to = 'system'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column(index=False)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    message_seq: Mapped[int | None]
    consultation_key: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(default="build", server_default="build")
    billed_to: Mapped[str] = mapped_column(default="system", server_default="system")
    is_estimate: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    model: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cache_read_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    usd: Mapped[float] = mapped_column(Numeric(12, 6), default=0)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class ModelKey(Base):
    """A user's own Claude key, encrypted (see `cloud.accounts.secrets`). `hint` is its last four characters."""

    __tablename__ = "model_keys"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    tested_at: Mapped[dt.datetime | None]


class ModelPace(Base):
    """How fast all runners together may call a model with one key: what they share so that they do not stampede.

    `pool` names key and model without telling the key. No call begins before `next_at`; `gap_s` is the time between
    two calls, which grows with each refusal and shrinks with each success; `refusals` counts those in a row.
    """

    __tablename__ = "model_pace"

    pool: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    gap_s: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    refusals: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
