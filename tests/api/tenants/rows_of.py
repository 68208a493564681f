"""Every row of the database in which a user's ids or mark stand, whatever table it is in."""

import psycopg
from psycopg import sql

from cloud.db.engine import libpq_url
from tests.api.tenants.estate import Estate

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


class RowsOf:
    """A view on the database that takes in new tables by itself."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(libpq_url(database_url), autocommit=True)
        names = sorted(name for (name,) in self._connection.execute(_TABLES))
        each = [
            sql.SQL("SELECT {name} AS name, to_jsonb(t)::text AS content FROM {table} t").format(
                name=sql.Literal(name), table=sql.Identifier(name)
            )
            for name in names
        ]
        everything = sql.SQL(" UNION ALL ").join(each)
        self._query = sql.SQL(
            "SELECT name, content FROM ({everything}) AS all_rows WHERE content LIKE ANY(%s) ORDER BY 1, 2"
        ).format(everything=everything)
        self.tables = frozenset(names)

    def __call__(self, estate: Estate) -> list[tuple[str, str]]:
        """(table, row as JSON) of all that belongs to the user."""
        wanted = [f"%{one}%" for one in sorted({estate.mark, *estate.all_ids()})]
        return [(name, content) for name, content in self._connection.execute(self._query, (wanted,))]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
