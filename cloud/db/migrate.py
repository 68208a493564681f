"""Brings a database's schema to the newest version. Forward only.

A migration is a file `versions/NNNN_what.py` whose revision is `NNNN`: so the newest version is known
without loading Alembic, and a start on a database that is up to date costs one small query.
"""

import logging
from pathlib import Path

import psycopg

from cloud.db.engine import libpq_url, sqlalchemy_url

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: whoever migrates holds this advisory lock.
_LOCK_KEY = 0x70326D


def upgrade(url: str) -> bool:
    """The schema is at `newest_version()` when this returns. Two callers at once: one waits. Blocks.

    Returns: whether anything had to be done.
    """
    with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
        if current_version(connection) == newest_version():
            return False
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        if current_version(connection) == newest_version():
            return False
        _run_alembic(url)
    return True


def newest_version() -> str:
    """The revision that the code needs."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def current_version(connection: psycopg.Connection) -> str | None:
    """The revision that the database has; None before the first migration."""
    exists = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if exists is None or not exists[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _run_alembic(url: str) -> None:
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    # These two take most of a second to import; a database that is up to date needs neither.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
