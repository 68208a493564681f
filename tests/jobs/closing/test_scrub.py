"""What deleted rows leave behind in PostgreSQL besides their dead rows."""

import psycopg

from cloud.db.engine import libpq_url
from cloud.jobs.closing.scrub import scrub

WORD = "a word of somebody who is gone"


async def test_samples_of_a_table_that_is_empty_now_are_forgotten(database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE said (words text)")
        connection.execute("INSERT INTO said SELECT %s FROM generate_series(1, 200)", (WORD,))
        connection.execute("ANALYZE said")
        assert _sampled(connection), "the word is in the samples"
        connection.execute("DELETE FROM said")

        assert await scrub(database_url)

        assert not _sampled(connection)


def _sampled(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'said'").fetchall()
    return any(WORD in str(values) for (values,) in found)
