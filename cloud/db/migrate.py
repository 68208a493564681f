"""Brings a database's schema to the newest version. Forward only.

A migration is a file `versions/NNNN_what.py` whose revision is `NNNN`: so the newest version is known
without loading Alembic, and a start on a database that is up to date costs one small query.
"""

import logging
import time
from pathlib import Path

import psycopg

from cloud.db.engine import libpq_url, sqlalchemy_url
from cloud.errors import Unavailable

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: whoever migrates holds this advisory lock.
_LOCK_KEY = 0x70326D
_ASK_EVERY_S = 1.0


def upgrade(url: str) -> bool:
    """The schema is at `newest_version()` or later when this returns. Two callers at once: one waits. Blocks.

    A later one is left as it is: a version that is rolled back to brings its migrations along, too.
    Returns: whether anything had to be done.
    """
    with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
        if is_served_by(current_version(connection)):
            return False
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        if is_served_by(current_version(connection)):
            return False
        _run_alembic(url)
    return True


def wait_for_schema(url: str, wait_s: float) -> None:
    """Returns once the database has the tables that this version needs; changes nothing itself. Blocks.

    For whoever starts beside the migrations rather than after them. Newer tables will do: see `is_served_by`.
    Raises: Unavailable: after `wait_s` it had not.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
                found = current_version(connection)
            if is_served_by(found):
                return
            why = f"its schema is at {found}, not {newest_version()}"
        except psycopg.OperationalError as error:
            why = f"it does not answer ({str(error).splitlines()[0]})"
        if time.monotonic() >= until:
            raise Unavailable(f"The database was not ready within {wait_s:.0f} s: {why}; see `prompt2mesh migrate`.")
        time.sleep(_ASK_EVERY_S)


def is_served_by(version: str | None) -> bool:
    """Whether this code works on a database at `version`: its own, or a later one.

    In a roll-out the migrations come first, and the old processes go on until the new ones have taken over. So a
    migration must leave what the version before it needs: add in one version, take away in a later one.
    """
    return version is not None and version >= newest_version()


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
