"""The pieces of what a model says reach whoever listens, in order and whole, and cost nothing when nobody does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs.deltas import CHANNEL, PIECE_BYTES, DeltaSender, split_text

JOB, PROJECT = uuid4(), uuid4()


@dataclass
class Heard:
    """What came over the channel."""

    connection: psycopg.AsyncConnection[tuple[object, ...]]

    async def until(self, text: str) -> list[dict[str, str]]:
        """The messages up to those that make this text."""
        came: list[dict[str, str]] = []
        async with asyncio.timeout(20):
            async for notification in self.connection.notifies():
                came.append(json.loads(notification.payload))
                if "".join(message["text"] for message in came) == text:
                    return came
        raise AssertionError(came)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Heard]:
    async with await psycopg.AsyncConnection.connect(libpq_url(url), autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield Heard(connection)


def sender(database: Database, job_id: UUID = JOB) -> DeltaSender:
    return DeltaSender(database, job_id, PROJECT)


async def test_pieces_are_gathered_and_named(database: Database) -> None:
    async with listening(database.url) as heard:
        deltas = sender(database)
        for piece in ("First ", "a ", "box"):
            deltas.add("text", piece)
        deltas.add("thinking", " hm")
        await deltas.flush()
        came = await heard.until("First a box hm")
    facts = {"job": str(JOB), "project": str(PROJECT)}
    assert came == [{**facts, "kind": "text", "text": "First a box"}, {**facts, "kind": "thinking", "text": " hm"}]


async def test_long_and_odd_text_arrives_whole(database: Database) -> None:
    text = '"quoted"\n\\ 椅子 🪑 \x01' * 2_000
    async with listening(database.url) as heard:
        deltas = sender(database)
        deltas.add("text", text)
        await deltas.flush()
        came = await heard.until(text)
    assert all(len(message["text"].encode()) <= PIECE_BYTES for message in came)


async def test_text_that_no_database_takes_is_sent_all_the_same(database: Database) -> None:
    async with listening(database.url) as heard:
        deltas = sender(database)
        deltas.add("text", "a\0b\ud800c")
        await deltas.flush()
        await heard.until("a\ufffdb\ufffdc")


async def test_database_that_is_away_costs_only_the_pieces() -> None:
    away = Database.connect("postgresql://postgres@127.0.0.1:9/none")
    deltas = sender(away)
    deltas.add("text", "lost")
    await deltas.flush()
    deltas.add("text", "x" * 200_000)
    deltas.add("text", "left out")
    await deltas.flush()
    await away.aclose()


@pytest.mark.parametrize("text", ["", "a", "é" * 7, "\n" * 30, "🪑" * 9, "\x01\x02\x03"])
def test_split_text_is_whole_and_fits(text: str) -> None:
    pieces = list(split_text(text, 12))
    assert "".join(pieces) == text
    assert all(len(json.dumps(piece, ensure_ascii=False).encode()) - 2 <= 12 for piece in pieces)
