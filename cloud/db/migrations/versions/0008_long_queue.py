"""The queue finds a user's other entries by an index: each claim looked through all that wait, once for each rival."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX p2m_queue_by_lock ON procrastinate_jobs (lock, priority DESC, id)"
        " WHERE status IN ('todo', 'doing')"
    )
