"""Looks for planted words in whatever is kept: every table, every stored object, every other file of a folder."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
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


def in_files(folder: Path, words: Sequence[str], left_out: Collection[str] = ()) -> dict[str, set[str]]:
    """The files below the folder in which each word stands, as it is, in UTF-16, or once the file is decompressed.

    Folders of the names in `left_out` are not looked into.
    """
    # One pattern for all: a search for each word would take a minute.
    plain = re.compile(b"|".join(re.escape(word.encode()) for word in words))
    wide = re.compile(b"|".join(re.escape(word.encode("utf-16-le")) for word in words))
    found: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if set(left_out) & set(name.parts):
            continue
        for content in _contents(file):
            for hit in plain.findall(content):
                found.setdefault(hit.decode(), set()).add(str(name))
            for hit in wide.findall(content):
                found.setdefault(hit.decode("utf-16-le"), set()).add(str(name))
    return found


def _contents(file: Path) -> Iterator[bytes]:
    """The file's name, its bytes, and what they are decompressed."""
    yield os.fsencode(file.name)
    try:
        content = file.read_bytes() if file.is_file() else b""
    except FileNotFoundError:  # it has just gone
        return
    yield content
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
