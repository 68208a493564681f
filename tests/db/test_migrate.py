"""Migrations on a real PostgreSQL: they give what the models say, once, however many ask."""

import threading
import time
import uuid
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from cloud.db import account_models as account_models
from cloud.db import scene_models as scene_models
from cloud.db.engine import libpq_url
from cloud.db.migrate import _MIGRATIONS, newest_version, upgrade, wait_for_schema
from cloud.db.models import Base
from cloud.errors import Unavailable
from tests.conftest import url_of_database


def _is_ours(name: str | None, _kind: str, _parents: Any) -> bool:
    return not (name or "").startswith("procrastinate")


@pytest.fixture
def empty_url(postgres_url: str) -> str:
    name = f"empty_{uuid.uuid4().hex}"
    with psycopg.connect(libpq_url(postgres_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return url_of_database(postgres_url, name)


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": _is_ours}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    engine.dispose()

    assert differences == []


def test_newest_version_is_alembics_head() -> None:
    assert ScriptDirectory(str(_MIGRATIONS)).get_heads() == [newest_version()]


def test_a_second_upgrade_is_one_fast_query(database_url: str) -> None:
    started = time.perf_counter()

    assert upgrade(database_url) is False

    assert time.perf_counter() - started < 0.2


def test_two_migrators_at_once_do_it_once(empty_url: str) -> None:
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(upgrade(empty_url)), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(done) == [False, False, True]


def test_who_waits_for_the_migrations_goes_on_when_they_are_done(empty_url: str) -> None:
    with pytest.raises(Unavailable, match="its schema is at None, not"):
        wait_for_schema(empty_url, 0)
    waiting = threading.Thread(target=wait_for_schema, args=(empty_url, 30), daemon=True)
    waiting.start()

    upgrade(empty_url)
    waiting.join(timeout=10)

    assert not waiting.is_alive()


def test_who_waits_for_a_database_that_is_away_says_so() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        wait_for_schema("postgresql://nobody@127.0.0.1:9/nothing", 0)


def test_a_version_that_is_rolled_back_to_leaves_the_later_schema(empty_url: str) -> None:
    upgrade(empty_url)
    with psycopg.connect(libpq_url(empty_url), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert upgrade(empty_url) is False

    wait_for_schema(empty_url, 0)


def test_usernames_that_differ_in_case_alone_collide(database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url)) as connection:
        add = "INSERT INTO users (id, username, password_hash) VALUES (gen_random_uuid(), %s, '')"
        connection.execute(add, ("Żółw",))
        connection.execute(add, ("another",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(add, ("żÓŁW",))


def test_a_new_event_notifies_with_project_and_job_on_commit(database_url: str) -> None:
    job = uuid.uuid4()
    with (
        psycopg.connect(libpq_url(database_url), autocommit=True) as listener,
        psycopg.connect(libpq_url(database_url)) as writer,
    ):
        listener.execute("LISTEN p2m_events")
        user, project = uuid.uuid4(), uuid.uuid4()
        writer.execute("INSERT INTO users (id, username, password_hash) VALUES (%s, 'n', '')", (user,))
        writer.execute("INSERT INTO projects (id, user_id, name) VALUES (%s, %s, 'p')", (project, user))
        writer.execute(
            "INSERT INTO jobs (id, user_id, project_id, kind, prompt, request, state, attempt) "
            "VALUES (%s, %s, %s, 'build', 'x', '{}', 'queued', 0)",
            (job, user, project),
        )
        writer.execute(
            "INSERT INTO events (project_id, project_seq, job_id, seq, type, data) VALUES (%s, 9, %s, 7, 'text', '{}')",
            (project, job),
        )
        assert not list(listener.notifies(timeout=0.05))
        writer.commit()

        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=1)]

    assert heard == [f"{project}:{job}"]


def test_events_of_the_first_release_get_numbers_within_their_project(empty_url: str) -> None:
    """Two jobs of one project, written by the first release: the older job's events come first, without gaps."""
    _upgrade_to("0001", empty_url)
    user, project, first, second = (uuid.uuid4() for _ in range(4))
    with psycopg.connect(libpq_url(empty_url)) as writer:
        writer.execute("INSERT INTO users (id, username, password_hash) VALUES (%s, 'n', '')", (user,))
        writer.execute("INSERT INTO projects (id, user_id, name) VALUES (%s, %s, 'p')", (project, user))
        for job, age in ((second, "1 hour"), (first, "2 hours")):
            writer.execute(
                "INSERT INTO jobs (id, user_id, project_id, kind, prompt, request, state, attempt, created_at)"
                " VALUES (%s, %s, %s, 'build', 'x', '{}', 'succeeded', 1, now() - %s::interval)",
                (job, user, project, age),
            )
            for seq in (1, 2):
                writer.execute("INSERT INTO events (job_id, seq, type, data) VALUES (%s, %s, 'text', '{}')", (job, seq))

    assert upgrade(empty_url) is True

    with psycopg.connect(libpq_url(empty_url)) as reader:
        rows = reader.execute("SELECT project_seq, job_id, seq FROM events ORDER BY project_id, project_seq").fetchall()
    assert rows == [(1, first, 1), (2, first, 2), (3, second, 1), (4, second, 2)]


def _upgrade_to(revision: str, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_the_audit_log_takes_back_nothing_but_what_is_personal(database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute("INSERT INTO audit_log (action, address) VALUES ('sign_in', '192.0.2.7')")

        for change in (
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "UPDATE audit_log SET action = 'nothing', address = '', device = '', details = '{}'",
            "UPDATE audit_log SET address = '192.0.2.8'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())
        connection.execute("UPDATE audit_log SET address = '', device = '', details = '{}'")

        assert connection.execute("SELECT action, address FROM audit_log").fetchall() == [("sign_in", "")]
