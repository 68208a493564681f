"""Every call that was paid for is in the ledger, once: whole, cut off, of a runner that was killed, or too late."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from sqlalchemy import select

from cloud.agent.client import CutOffCall, ModelReply
from cloud.agent.loop import Turn
from cloud.agent.prices import TokenCounts
from cloud.db.engine import Database
from cloud.db.models import Usage
from cloud.jobs.queries import events_after, open_writer, usage_of
from cloud.jobs.recorder import JobRecorder
from cloud.storage.store import ArtifactStore
from tests.jobs.conftest import Account

BEGUN = CutOffCall(TokenCounts(100, 1, 40, 60), 0.0005, "claude-sonnet-5-5")
WHOLE = ModelReply([], "end_turn", TokenCounts(100, 20, 40, 60), 0.0007, "claude-sonnet-5-5")
SAID = Turn("assistant", [{"type": "text", "text": "Done."}], "end_turn")


@pytest_asyncio.fixture
async def recorder(database: Database, tmp_path: Path) -> AsyncIterator[JobRecorder]:
    """Of a job whose first attempt runs."""
    account = await Account.create(database)
    job_id = await account.post()
    async with database.sessions.begin() as session:
        job = (await open_writer(session, job_id)).job
        job.state, job.attempt = "running", 1
    job = await account.job(job_id)
    yield JobRecorder(database, ArtifactStore.local(tmp_path), job, 1)


async def ledger(recorder: JobRecorder) -> list[tuple[int, bool, int | None, str | None]]:
    """Output tokens, whether they are an estimate, and what the call was, of each row."""
    async with recorder.database.sessions() as session:
        rows = await session.scalars(select(Usage).where(Usage.job_id == recorder.job.id).order_by(Usage.created_at))
        return [(row.output_tokens, row.is_estimate, row.message_seq, row.consultation_key) for row in rows]


async def test_whole_answer_takes_the_place_of_its_beginning(recorder: JobRecorder) -> None:
    await recorder.began(BEGUN)
    assert await ledger(recorder) == [(1, True, None, None)]
    await recorder.model_turn(SAID, WHOLE)
    assert await ledger(recorder) == [(20, False, 1, None)]
    assert recorder.usage.output_tokens == 20


async def test_consultation_takes_the_place_of_its_beginning(recorder: JobRecorder) -> None:
    await recorder.began(BEGUN)
    await recorder.keep_consultation("review-1", "review", {}, WHOLE)
    await recorder.began(BEGUN)
    await recorder.model_turn(SAID, WHOLE)
    assert await ledger(recorder) == [(20, False, None, "review-1"), (20, False, 1, None)]


async def test_each_call_that_was_cut_off_has_a_row(recorder: JobRecorder) -> None:
    for _ in range(2):
        await recorder.began(BEGUN)
        await recorder.cut_off(BEGUN)
    await recorder.began(BEGUN)
    await recorder.model_turn(SAID, WHOLE)
    assert [row[0] for row in await ledger(recorder)] == [1, 1, 20]
    assert recorder.usage.output_tokens == 22


async def test_next_attempt_knows_what_a_killed_runner_was_paying_for(recorder: JobRecorder) -> None:
    await recorder.began(BEGUN)
    following = JobRecorder(recorder.database, recorder.store, recorder.job, 2)
    await following.resume()
    assert (following.usage.input_tokens, following.usage.usd, following.model_calls) == (100, 0.0005, 0)


async def test_call_that_breaks_off_after_the_jobs_end_is_in_the_ledger(recorder: JobRecorder) -> None:
    async with recorder.database.sessions.begin() as session:
        (await open_writer(session, recorder.job.id)).finish("cancelled", "cancelled")
    await recorder.cut_off(BEGUN)
    assert await ledger(recorder) == [(1, True, None, None)]


async def test_price_that_nobody_knows_is_null_beside_the_limit_that_holds(recorder: JobRecorder) -> None:
    recorder.usd_limit, recorder.token_limit = 5.0, 9_000
    await recorder.model_turn(SAID, replace(WHOLE, usd=None, model="local-model"))
    async with recorder.database.sessions() as session:
        events = await events_after(session, recorder.job.id, 0)
        _, usage = await usage_of(session, recorder.job.id)
    (told,) = [event for _, event in events if event.type == "usage"]
    assert (told.usage.usd, told.usd_limit, told.token_limit) == (None, None, 9_000)
    assert told.usage.output_tokens == 20
    assert usage == recorder.usage == told.usage


async def test_rows_add_up_to_the_totals_of_the_job(recorder: JobRecorder) -> None:
    cent = ModelReply([], "end_turn", TokenCounts(3), 0.100001, "claude-sonnet-5-5")
    for _ in range(30):
        await recorder.model_turn(SAID, cent)
    assert recorder.usage.usd == 3.00003
    following = JobRecorder(recorder.database, recorder.store, recorder.job, 1)
    await following.resume()
    assert following.usage == recorder.usage
