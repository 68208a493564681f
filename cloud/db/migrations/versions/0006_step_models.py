"""Each step's scene as a small .glb for the 3D viewer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("model_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "snapshots", "artifacts", ["model_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_snapshots_model_id", "snapshots", ["model_id"])
