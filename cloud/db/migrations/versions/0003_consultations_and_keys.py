"""Calls beside the transcript, whose money a call is, users' own keys, and the pace that all runners share."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

NOW = sa.text("now()")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_consultations()
    _extend_usage()
    _create_model_keys()
    _create_model_pace()
    op.add_column("users", sa.Column("month_usd_limit", sa.Numeric(12, 2), nullable=True))


def _create_consultations() -> None:
    op.create_table(
        "consultations",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "key"),
    )


def _extend_usage() -> None:
    op.add_column("usage", sa.Column("consultation_key", sa.String(), nullable=True))
    for name, filling in (("purpose", "build"), ("billed_to", "system")):
        op.add_column("usage", sa.Column(name, sa.String(), server_default=filling, nullable=False))
    op.execute("UPDATE usage SET billed_to = 'nobody' WHERE model = 'offline-modeller'")
    op.create_unique_constraint("uq_usage_job_id_consultation_key", "usage", ["job_id", "consultation_key"])
    op.create_index("ix_usage_of_user_by_time", "usage", ["user_id", "created_at"])
    op.drop_index("ix_usage_user_id", "usage")


def _create_model_keys() -> None:
    op.create_table(
        "model_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("tested_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
    )


def _create_model_pace() -> None:
    op.create_table(
        "model_pace",
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("next_at", TIME, server_default=NOW, nullable=False),
        sa.Column("gap_s", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("refusals", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("pool"),
    )
