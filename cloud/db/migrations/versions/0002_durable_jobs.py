"""Durable jobs, the history of scenes, batches, and the project's own stream of events."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

NOW = sa.text("now()")

# Listeners hear "<project id>:<job id>" (no job: the project's own event) when the writing transaction commits.
NOTIFY_ON_EVENT = """
CREATE OR REPLACE FUNCTION p2m_notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('p2m_events', NEW.project_id::text || ':' || coalesce(NEW.job_id::text, ''));
  RETURN NULL;
END $$;
"""

NUMBER_OLD_EVENTS = """
UPDATE events SET project_id = numbered.project_id, project_seq = numbered.project_seq
FROM (
  SELECT events.job_id, events.seq, jobs.project_id,
    row_number() OVER (PARTITION BY jobs.project_id ORDER BY jobs.created_at, jobs.id, events.seq) AS project_seq
  FROM events JOIN jobs ON jobs.id = events.job_id
) AS numbered
WHERE numbered.job_id = events.job_id AND numbered.seq = events.seq;
"""


def upgrade() -> None:
    _create_batches()
    _create_steps()
    _create_idempotency_keys()
    _extend_projects()
    _extend_snapshots()
    _extend_jobs()
    _extend_usage()
    _number_events_by_project()
    _index_what_deletion_looks_for()
    _index_stored_bytes()


def _add_filled(table: str, name: str, kind: Any, filling: str) -> None:
    """A column that may not be null, with what old rows get; so do those that code of the last release writes."""
    op.add_column(table, sa.Column(name, kind, server_default=sa.text(filling), nullable=False))


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_batches_user_id"), "batches", ["user_id"])


def _create_steps() -> None:
    op.create_table(
        "steps",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message_seq", sa.Integer(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("before_snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("after_snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["before_snapshot_id"], ["snapshots.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["after_snapshot_id"], ["snapshots.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("job_id", "number"),
    )


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key"),
    )


def _extend_projects() -> None:
    op.add_column("projects", sa.Column("seed", sa.BigInteger(), nullable=True))
    _add_filled("projects", "redo", postgresql.JSONB(), "'[]'::jsonb")


def _extend_snapshots() -> None:
    _add_filled("snapshots", "label", sa.String(), "''")
    op.add_column("snapshots", sa.Column("run_id", sa.Uuid(), nullable=True))
    op.add_column("snapshots", sa.Column("message_seq", sa.Integer(), nullable=True))
    _add_filled("snapshots", "changed", sa.String(), "''")
    _add_filled("snapshots", "seconds", sa.Float(), "0")
    op.add_column("snapshots", sa.Column("thumbnail_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "snapshots", "artifacts", ["thumbnail_id"], ["id"], ondelete="SET NULL")
    op.execute("UPDATE snapshots SET run_id = job_id")


def _extend_jobs() -> None:
    op.add_column("jobs", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("batch_position", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("base_snapshot_id", sa.Uuid(), nullable=True))
    _add_filled("jobs", "turn", sa.BigInteger(), "0")
    _add_filled("jobs", "writes", sa.Integer(), "0")
    _add_filled("jobs", "stalls", sa.Integer(), "0")
    op.add_column("jobs", sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(None, "jobs", "batches", ["batch_id"], ["id"], ondelete="SET NULL")
    op.create_foreign_key(None, "jobs", "snapshots", ["base_snapshot_id"], ["id"], ondelete="SET NULL")
    op.create_index(op.f("ix_jobs_batch_id"), "jobs", ["batch_id"])
    op.create_index("ix_jobs_turn_of_started", "jobs", ["turn"], postgresql_where=sa.text("started_at IS NOT NULL"))


def _extend_usage() -> None:
    op.alter_column("usage", "message_seq", nullable=True)
    _add_filled("usage", "is_estimate", sa.Boolean(), "false")


def _number_events_by_project() -> None:
    op.add_column("events", sa.Column("project_id", sa.Uuid(), nullable=True))
    op.add_column("events", sa.Column("project_seq", sa.Integer(), nullable=True))
    op.execute(NUMBER_OLD_EVENTS)
    op.drop_constraint("events_pkey", "events", type_="primary")
    op.alter_column("events", "project_id", nullable=False)
    op.alter_column("events", "project_seq", nullable=False)
    op.alter_column("events", "job_id", nullable=True)
    op.alter_column("events", "seq", nullable=True)
    op.create_primary_key("events_pkey", "events", ["project_id", "project_seq"])
    op.create_foreign_key(None, "events", "projects", ["project_id"], ["id"], ondelete="CASCADE")
    op.create_unique_constraint("uq_events_job_id_seq", "events", ["job_id", "seq"])
    op.execute(NOTIFY_ON_EVENT)


def _index_what_deletion_looks_for() -> None:
    """Without these every deleted row costs a scan of each table that refers to it."""
    for table, column in (
        ("projects", "head_snapshot_id"),
        ("jobs", "base_snapshot_id"),
        ("messages", "snapshot_id"),
        ("steps", "before_snapshot_id"),
        ("steps", "after_snapshot_id"),
        ("snapshots", "job_id"),
        ("snapshots", "parent_id"),
        ("snapshots", "thumbnail_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _index_stored_bytes() -> None:
    """Who refers to an object of the store, and how many bytes a user has there."""
    op.create_index(op.f("ix_artifacts_sha256"), "artifacts", ["sha256"])
    for table, column in (("messages", "content"), ("steps", "result")):
        hashes = f"jsonb_path_query_array({column}, 'strict $.**.sha256')"
        op.create_index(
            f"ix_{table}_hashes",
            table,
            [sa.text(hashes)],
            postgresql_using="gin",
            postgresql_where=sa.text(f"{hashes} <> '[]'::jsonb"),
        )
    for table in ("snapshots", "artifacts"):
        op.create_index(f"ix_{table}_space", table, ["user_id", "sha256", "bytes"])
        op.drop_index(f"ix_{table}_user_id", table)
