"""Looks for planted words in whatever is kept: every table, every stored object, every other file of a folder."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import zstandard
from psycopg import sql

from cloud.db.engine import libpq_url

_TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""


def in_tables(database_url: str, words: Iterable[str]) -> dict[str, set[str]]:
    """The tables in which each word stands, as text, as JSON or as bytes; words that stand nowhere are left out."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(schema, table))
            rows = "\n".join(row[0] for row in connection.execute(query))
            for word in words:
                if word in rows or word.encode().hex() in rows:
                    found.setdefault(word, set()).add(table)
    return found


def in_files(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """The files below the folder in which each word stands, as it is, in UTF-16, or once the file is decompressed."""
    patterns = {word: re.compile(b"|".join(map(re.escape, _spelled(word)))) for word in words}
    found: dict[str, set[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        for content in _contents(file):
            for word, pattern in patterns.items():
                if pattern.search(content):
                    found.setdefault(word, set()).add(str(file.relative_to(folder)))
    for path in folder.rglob("*"):
        for word in words:
            if word in path.name:
                found.setdefault(word, set()).add(f"the name of {path.relative_to(folder)}")
    return found


def _spelled(word: str) -> tuple[bytes, ...]:
    return word.encode(), word.encode("utf-16-le")


def _contents(file: Path) -> Iterator[bytes]:
    content = file.read_bytes()
    yield content
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
