"""Refining: the first stage of a build, and a job of its own. No Blender is asked for a brief."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud.db.models import Consultation, Usage
from tests.agent.test_refine import ANSWER
from tests.jobs.conftest import Account, Backend, running
from tests.support.scripted_messages import Fault, Reply, finishes, says, scripted_messages

pytestmark = pytest.mark.asyncio(loop_scope="module")

BRIEF = json.dumps(ANSWER)
LONG = json.dumps({**ANSWER, "summary": "word " * 300})
CONCISE = {"formats": [], "image_ids": [], "detail": "concise"}


async def refined(backend: Backend, user: Account, *script: Any, **facts: Any) -> tuple[UUID, list[dict[str, Any]]]:
    """A refine job that has ended. Returns: its id, and the requests that the model got."""
    async with scripted_messages(*script) as api, running(backend.with_model(api.base_url)):
        job_id = await user.post(**{"kind": "refine", "request": CONCISE, **facts})
        await user.ended(job_id)
    return job_id, api.requests


async def ledger(user: Account, job_id: UUID) -> list[tuple[str, str | None, int]]:
    async with user.database.sessions() as session:
        rows = await session.scalars(select(Usage).where(Usage.job_id == job_id).order_by(Usage.created_at))
        return [(row.purpose, row.consultation_key, row.input_tokens) for row in rows]


async def test_a_refine_job_has_the_brief_in_its_result_and_needs_no_blender(backend: Backend, user: Account) -> None:
    job_id, requests = await refined(backend, user, says(BRIEF))

    job = await user.job(job_id)
    assert (job.state, job.outcome, len(requests)) == ("succeeded", "finished", 1)
    assert job.result is not None
    assert job.result["brief"] == ANSWER
    assert job.result["usage"]["input_tokens"] == 100
    assert "pod" not in job.result["timings"]
    kinds = [event.type for event in await user.events(job_id)]
    assert kinds == ["job.queued", "job.started", "stage", "brief", "usage", "job.finished"]
    assert await ledger(user, job_id) == [("refine", "refine", 100)]


async def test_a_brief_that_is_too_long_is_asked_for_once_more_with_the_fault_named(
    backend: Backend, user: Account
) -> None:
    job_id, requests = await refined(backend, user, says(LONG), says(BRIEF))

    job = await user.job(job_id)
    assert job.result is not None
    assert job.result["brief"] == ANSWER
    told = requests[1]["messages"][0]["content"][0]["text"]
    assert "An earlier answer could not be used: it has 318 words" in told
    assert f"<earlier>\n{LONG}\n</earlier>" in told
    assert "<earlier>" not in str(requests[0])
    assert await ledger(user, job_id) == [("refine", "refine", 100), ("refine", "refine-again", 100)]
    assert [event.type for event in await user.events(job_id)].count("brief") == 1


async def test_a_brief_that_stays_too_long_is_shortened_by_rule(backend: Backend, user: Account) -> None:
    job_id, _ = await refined(backend, user, says(LONG), says(LONG))

    job = await user.job(job_id)
    assert job.state == "succeeded"
    assert job.result is not None
    assert len(job.result["brief"]["summary"].split()) < 150
    events = await user.events(job_id)
    told = [event for event in events if event.type == "brief"]
    assert [event.brief.model_dump(mode="json") for event in told] == [job.result["brief"]]


@pytest.mark.parametrize(
    ("script", "code", "told", "paid"),
    [
        ([says("I will not model that.", "refusal")], "refused", "I will not model that.", 1),
        ([says("no JSON"), says("{", "max_tokens")], "no_brief", "send it again, or with detail as-is", 2),
        ([Fault(401, "authentication_error")], "model_key_refused", "", 0),
    ],
    ids=["refusal", "no-json", "no-key"],
)
async def test_a_brief_that_cannot_be_had_ends_the_job_with_a_sentence_and_its_cost(
    backend: Backend, user: Account, script: list[Reply | Fault], code: str, told: str, paid: int
) -> None:
    job_id, _ = await refined(backend, user, *script)

    job = await user.job(job_id)
    assert (job.state, (job.error or {})["code"]) == ("failed", code)
    assert told in (job.error or {})["message"]
    assert len(await ledger(user, job_id)) == paid


async def test_a_brief_that_the_month_does_not_pay_for_is_not_asked_for(backend: Backend, user: Account) -> None:
    async with user.database.sessions() as session, session.begin():
        session.add(Usage(user_id=user.user_id, model="x", usd=Decimal(9), billed_to="system"))
    job_id = await user.post(kind="refine", request=CONCISE)
    async with scripted_messages() as api, running(backend.with_model(api.base_url, user_month_usd=5.0)):
        job = await user.ended(job_id)

    assert (job.state, (job.error or {})["code"], api.requests) == ("failed", "budget_reached", [])
    assert "for this month is used up" in (job.error or {})["message"]


async def test_what_an_earlier_attempt_has_asked_is_not_asked_again(backend: Backend, user: Account) -> None:
    async def keep_before(job_id: UUID) -> None:
        async with user.database.sessions() as session, session.begin():
            session.add(Consultation(job_id=job_id, key="refine", answer={"unreadable": "x"}, attempt=1))
            session.add(Consultation(job_id=job_id, key="refine-again", answer=ANSWER, attempt=1))
            session.add(
                Usage(
                    user_id=user.user_id,
                    job_id=job_id,
                    purpose="refine",
                    consultation_key="refine",
                    model="x",
                    usd=Decimal(1),
                )
            )

    job_id = await user.post(kind="refine", request=CONCISE)
    await keep_before(job_id)
    async with scripted_messages() as api, running(backend.with_model(api.base_url)):
        job = await user.ended(job_id)

    assert (job.state, api.requests) == ("succeeded", [])
    assert job.result is not None
    assert job.result["brief"] == ANSWER


@pytest.mark.heavy
@pytest.mark.blender
async def test_a_build_refines_first_and_goes_by_the_brief_that_it_was_given(
    backend: Backend, user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.deliver.PREVIEW_SIZE_PX", 96)
    by_hand = {**CONCISE, "brief": {"title": "By hand"}, "quality": "draft"}
    async with (
        scripted_messages(says(BRIEF), finishes(built=False), finishes(built=False)) as api,
        running(backend.with_model(api.base_url)),
    ):
        asked = await user.ended(await user.post(request={**CONCISE, "quality": "draft"}))
        given = await user.ended(await user.post(request=by_hand))

    assert len(api.requests) == 3
    first, second = (request["messages"][0]["content"] for request in api.requests[1:])
    assert any("<brief>" in block["text"] and "Chair" in block["text"] for block in first)
    assert any("<brief>" in block["text"] and "By hand" in block["text"] for block in second)
    for job, title in ((asked, "Chair"), (given, "By hand")):
        assert job.result is not None
        assert job.result["brief"]["title"] == title
