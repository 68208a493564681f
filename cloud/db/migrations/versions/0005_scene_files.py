"""Which snapshot a file was made of, and how large a snapshot's scene is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "scene_files",
        _reference("artifact_id", "artifacts", primary_key=True),
        _reference("snapshot_id", "snapshots", index=True),
        _reference("project_id", "projects", index=True),
    )
    op.create_table(
        "scene_facts",
        _reference("snapshot_id", "snapshots", primary_key=True),
        _reference("project_id", "projects", index=True),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("triangles", sa.BigInteger(), nullable=False),
        sa.Column("size_m", postgresql.JSONB(), nullable=True),
    )


def _reference(name: str, table: str, *, primary_key: bool = False, index: bool = False) -> sa.Column:
    goes_with = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Uuid(), goes_with, nullable=False, primary_key=primary_key, index=index)
