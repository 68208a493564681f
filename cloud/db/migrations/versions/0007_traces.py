"""The trace that a job belongs to, from the request that ordered it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Nullable and without a default: a change of the catalogue alone, however many jobs there are.
    op.add_column("jobs", sa.Column("traceparent", sa.String(), nullable=True))
