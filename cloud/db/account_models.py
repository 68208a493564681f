"""The tables of who may do what: tokens, links, limits of sign-in, shares, and the audit log. See `cloud.db.models`."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db.models import Base, owner_column


class ApiToken(Base):
    """A token for scripts. Only its SHA-256 is kept; `hint` is its last four characters.

    `scopes`: `read`, `build`, `admin`. `expires_at` None: it holds until it is revoked.
    """

    __tablename__ = "api_tokens"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class DeviceGrant(Base):
    """One device sign-in (RFC 8628). `state`: pending, approved, denied, redeemed.

    `user_code` is what the person types, without its hyphen; `interval_s` is how long the device waits between two
    polls, which grows when it does not.
    """

    __tablename__ = "device_grants"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    device_code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_code: Mapped[str] = mapped_column(unique=True)
    client: Mapped[str]
    device: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[str] = mapped_column(default="pending", server_default="pending")
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    interval_s: Mapped[int] = mapped_column(default=5, server_default=text("5"))
    last_polled_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]


class OneTimeLink(Base):
    """A secret that opens one door once. `purpose`: first_admin, invite, reset. Only its SHA-256 is kept.

    `user_id` is whose password a reset changes; `made_by` who made it (None: the operator).
    """

    __tablename__ = "one_time_links"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    note: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class SignInFailure(Base):
    """How often signing in has failed for one name, or from one address (`key`; a name need not exist)."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    first_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), index=True)
    blocked_until: Mapped[dt.datetime | None]


class ExternalIdentity(Base):
    """A user as an OpenID provider knows them: `subject` is unique within `issuer`."""

    __tablename__ = "external_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="uq_external_identities_issuer_subject"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class OidcFlow(Base):
    """One sign-in that is under way at an OpenID provider, found again by its state. `sealed` holds what is secret."""

    __tablename__ = "oidc_flows"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]


class Share(Base):
    """A public page of one scene of a project. Only the SHA-256 of its token is kept; `hint` is its last four.

    `snapshot_id` is the scene that is shown: later changes of the project are not. `job_id` is the job whose picture
    and .glb are of that scene. `expires_at` None: no end.
    """

    __tablename__ = "shares"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = owner_column()
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str]
    title: Mapped[str] = mapped_column(default="", server_default="")
    allow_download: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    views: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class AccountDeletion(Base):
    """The deletion of one account: `id` is the number of its report, which cannot be guessed.

    `state`: stopping (its jobs), deleting (its rows), sweeping (its objects in the store, first time), waiting (second
    time), finished. `user_id` has no foreign key, as it outlives the user, and is None at the end; `report` counts what
    was deleted and says nothing of what it was.
    """

    __tablename__ = "account_deletions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(default="stopping", server_default="stopping")
    report: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    requested_at: Mapped[dt.datetime]
    swept_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None] = mapped_column(index=True)


class JobTally(Base):
    """So many jobs were sent at once: what the quota of 24 hours counts. Jobs go with their project, this does not."""

    __tablename__ = "job_tallies"
    __table_args__ = (Index("ix_job_tallies_of_user", "user_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[uuid.UUID] = owner_column(index=False)
    jobs: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """One act that somebody may have to account for. A trigger refuses to change or delete rows.

    `actor_id` is who did it (no foreign key: the entry outlives the account); None: nobody signed in, or the operator.
    `subject` names what it was done to (`token:<id>`, `user:<id>`, …). When an account is deleted, address, device and
    details of its entries are blanked: the only change that the trigger lets through (see migration 0004).
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_of_actor", "actor_id", "id"),
        Index("ix_audit_log_of_subject", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), index=True)
    actor_id: Mapped[uuid.UUID | None]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str] = mapped_column(default="", server_default="")
    device: Mapped[str] = mapped_column(default="", server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
