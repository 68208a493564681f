"""Reviews and mends over a real database: what passes, is mended or rolled back, and what is honestly said of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cloud.agent.abilities import ModelFacts
from cloud.fleet.contract import Fleet
from cloud.jobs.options import PROFILES
from tests.jobs.notebook_pod import NotebookPod
from tests.jobs.resume_bench import Bench, is_review, open_bench
from tests.jobs.review.verdicts import FAULTY, GOOD, MISSING, WORSE, asks, reviewed
from tests.support.scripted_messages import Fault, Reply, TokenUse, calls, finishes, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUILD = [calls(("run_python", {"code": "tower"})), finishes("A tower stands.", not_built=["its flag"])]
MEND = [calls(("run_python", {"code": "roof"})), finishes("A tower with a roof stands.")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    no_fleet: Fleet = None  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
        folder = tmp_path_factory.mktemp("rounds")
        async with open_bench(database_url, folder, no_fleet, [], ["blend"], review=asks(GOOD)) as opened:
            yield opened


async def play(bench: Bench, *script: Any, **options: Any) -> dict[str, Any]:
    """What is kept of a job that these replies make, in this order."""
    job_id = await bench.new_job(**options)
    waiting = bench.api.script
    assert isinstance(waiting, list)
    left = len(waiting)
    waiting[:0] = script
    await bench.attempt(job_id)
    assert len(waiting) == left, "not every reply was asked for"
    return {**await bench.seen(job_id), "told": await bench.told(job_id)}


def stages(seen: dict[str, Any]) -> list[str]:
    return [event["stage"] for event in seen["told"] if event["type"] == "stage"]


def result(seen: dict[str, Any]) -> dict[str, Any]:
    return seen["job"][3]


async def test_scene_that_passes_is_delivered_with_its_verdict_and_its_six_views(bench: Bench) -> None:
    seen = await play(bench, *BUILD, reviewed(GOOD))
    assert stages(seen) == ["prepare", "build", "review", "deliver"]
    assert (result(seen)["verdict"]["decision"], result(seen)["mends"]) == ("pass", 0)
    assert (result(seen)["summary"], result(seen)["not_built"]) == ("A tower stands.", ["its flag"])
    assert ("picture", "review-1.png") in [(kind, name) for kind, name, _ in seen["files"]]
    told = seen["told"]
    assert next((e["name"], e["kind"]) for e in told if e["type"] == "picture") == ("review-1.png", "review")
    assert [e["round"] for e in told if e["type"] == "review"] == [1]
    assert [row[1:3] for row in seen["usage"] if row[1]] == [("review-1", "review")]
    assert not any("decision" in str(e.get("text")) for e in told), "the reviewer's JSON is nobody's to read"


async def test_reviewer_has_fresh_context_and_the_profiles_effort(bench: Bench) -> None:
    await play(bench, *BUILD, reviewed(GOOD))
    request = bench.api.requests[-1]
    assert is_review(request)
    assert [message["role"] for message in request["messages"]] == ["user"]
    assert "tools" not in request or not request["tools"]
    assert request["output_config"]["effort"] == PROFILES["standard"].effort
    assert "A tower stands" not in str(request), "what the builder says of its work is no evidence"


async def test_defects_are_mended_in_the_same_conversation(bench: Bench) -> None:
    seen = await play(bench, *BUILD, reviewed(FAULTY), *MEND, reviewed(GOOD))
    assert stages(seen) == ["prepare", "build", "review", "mend", "review", "deliver"]
    assert (result(seen)["verdict"]["decision"], result(seen)["mends"]) == ("pass", 1)
    assert result(seen)["summary"] == "A tower with a roof stands."
    turn = bench.api.requests[3]["messages"][-1]["content"]
    finish = bench.api.requests[3]["messages"][-2]["content"][-1]["id"]
    assert [(block["type"], block.get("tool_use_id")) for block in turn] == [("tool_result", finish), ("text", None)]
    assert "The roof floats" in turn[1]["text"]
    assert "lower it by 0.2 m" in turn[1]["text"]
    assert bench.api.requests[3]["system"] == bench.api.requests[0]["system"], "the cached prefix stays"
    assert "tall tower" in str(bench.api.requests[5]), "the second review judges the first one's requirements"


async def test_finish_beside_another_call_gets_both_results_before_the_mend(bench: Bench) -> None:
    together = calls(("run_python", {"code": "door"}), ("finish", {"summary": "Done.", "built": True, "not_built": []}))
    await play(bench, together, reviewed(FAULTY), *MEND, reviewed(GOOD))
    turn = bench.api.requests[2]["messages"][-1]["content"]
    assert [block["type"] for block in turn] == ["tool_result", "tool_result", "text"]
    assert "ran door" in str(turn[0])


async def test_mend_that_makes_it_worse_is_rolled_back(bench: Bench) -> None:
    again = [calls(("run_python", {"code": "spire"})), finishes("A tower with a spire.")]
    seen = await play(bench, *BUILD, reviewed(FAULTY), *MEND, reviewed(WORSE), *again, reviewed(GOOD))
    told = seen["told"]
    assert [(e["round"], e["kept"]) for e in told if e["type"] == "review"] == [(1, ""), (2, "rolled_back"), (3, "")]
    assert [e["reason"] for e in told if e["type"] == "scene.moved"] == ["rollback"]
    assert "undone" in str(bench.api.requests[6]["messages"][-1])
    assert [(step, parent) for step, _, parent, *_ in seen["snapshots"]] == [(1, None), (2, 1), (3, 1)]
    assert (seen["scene"], result(seen)["objects"], result(seen)["mends"]) == (3, 2, 2)


async def test_last_mend_that_makes_it_worse_leaves_the_better_scene_and_its_verdict(bench: Bench) -> None:
    seen = await play(
        bench, *BUILD, reviewed(FAULTY), *MEND, reviewed(FAULTY), *MEND[:1], finishes("Ruins."), reviewed(WORSE)
    )
    assert (seen["scene"], result(seen)["objects"]) == (2, 2)
    assert result(seen)["summary"].startswith("A tower with a roof stands.")
    assert "Ruins" not in result(seen)["summary"]
    assert len(result(seen)["verdict"]["defects"]) == 1


async def test_what_the_last_review_still_finds_is_said(bench: Bench) -> None:
    seen = await play(bench, *BUILD, reviewed(MISSING), *MEND, reviewed(MISSING), *MEND, reviewed(MISSING))
    assert seen["job"][:2] == ("succeeded", "finished")
    assert result(seen)["not_built"] == ["a red flag"]
    assert "The tower has fallen over" in result(seen)["summary"]


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        pytest.param([says("It looks fine to me."), says("{}")], "could not be used", id="no JSON, no verdict"),
        pytest.param([says("I would rather not.", "refusal")], "rather not", id="refusal"),
        pytest.param([Fault(400, "invalid_request_error", "no such field")], "no such field", id="request refused"),
    ],
)
async def test_reviewer_that_gives_no_verdict_fails_no_job(bench: Bench, replies: list[Any], said: str) -> None:
    seen = await play(bench, *BUILD, *replies)
    assert seen["job"][:2] == ("succeeded", "finished")
    assert result(seen)["verdict"] is None
    assert "was not reviewed" in result(seen)["summary"]
    assert said in result(seen)["summary"]
    assert sum(row[1] is not None for row in seen["usage"]) == sum(isinstance(reply, Reply) for reply in replies)


async def test_unreadable_answer_is_asked_for_again_with_what_was_wrong(bench: Bench) -> None:
    seen = await play(bench, *BUILD, says('{"decision": "pass"}'), reviewed(GOOD))
    assert result(seen)["verdict"]["decision"] == "pass"
    assert "<fault>" in str(bench.api.requests[-1])
    assert [row[1] for row in seen["usage"] if row[1]] == ["review-1", "review-1-unread"]


async def test_budget_that_ends_in_a_mend_leaves_the_reviewed_scene(bench: Bench) -> None:
    dear = Reply(BUILD[0].content, use=TokenUse(input_tokens=10**6))
    seen = await play(bench, *BUILD, reviewed(FAULTY), dear, max_usd=1.0)
    assert seen["job"][:2] == ("succeeded", "budget_reached")
    assert (seen["scene"], result(seen)["objects"], result(seen)["mends"]) == (1, 1, 1)
    assert len(result(seen)["verdict"]["defects"]) == 1
    assert "limit of 1.00 US dollars" in result(seen)["summary"]


async def test_budget_that_is_used_up_holds_no_review(bench: Bench) -> None:
    dear = Reply(BUILD[1].content, use=TokenUse(input_tokens=10**6))
    seen = await play(bench, BUILD[0], dear, max_usd=1.0)
    assert stages(seen) == ["prepare", "build", "deliver"]
    assert result(seen)["verdict"] is None
    assert "limit of 1.00 US dollars" in result(seen)["summary"]


async def test_model_that_fails_in_a_mend_leaves_the_reviewed_scene(bench: Bench) -> None:
    seen = await play(bench, *BUILD, reviewed(FAULTY), MEND[0], Fault(401, "authentication_error"))
    assert seen["job"][:2] == ("succeeded", "finished")
    assert (seen["scene"], result(seen)["objects"]) == (1, 1)
    assert "broke off" in result(seen)["summary"]


async def test_draft_is_not_reviewed(bench: Bench) -> None:
    seen = await play(bench, *BUILD, quality="draft")
    assert stages(seen) == ["prepare", "build", "deliver"]
    assert result(seen)["verdict"] is None


async def test_model_without_eyes_is_not_asked_to_review(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(_: Any) -> ModelFacts:
        return ModelFacts(image_input=False)

    monkeypatch.setattr("cloud.agent.client.MessagesClient.facts", blind)
    assert stages(await play(bench, *BUILD)) == ["prepare", "build", "deliver"]
