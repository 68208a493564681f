"""The evaluation of the agent: what it reads, counts, judges and writes; and two prompts through the product."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.bench.agent.compare import write_comparison
from scripts.bench.agent.expectations import Expectation, InvalidExpectation
from scripts.bench.agent.judge import Judge, question, score
from scripts.bench.agent.ledger import Ledger, NoResults, OtherRun, read_results
from scripts.bench.agent.report import write_report
from scripts.bench.agent.stats import Share, check_share, difference, quartiles, success_share, summary_of
from scripts.bench.agent.tasks import Criterion, InvalidPromptFile, Task, read_tasks
from scripts.bench.agent.trial import EventTally
from tests.support.pictures import picture_block
from tests.support.scripted_messages import Fault, says, scripted_messages

AGENT = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "agent"
CADBENCH = {
    "id": "0b5c",
    "name": "Stool",
    "instruction": "Make a stool.",
    "criteria": {
        "Object Attributes": {"Shape accuracy": ["It is a stool.", "It has legs."], "Size": ["It is 45 cm high."]},
        "Spatial Understanding": {"Contact": ["It stands on the ground."]},
    },
    "color brightness": "Dark",
    "type": "Wild",
}


def a_record(task_id: str = "a", **facts: Any) -> dict[str, Any]:
    """A trial that went well."""
    return {
        "id": task_id,
        "name": f"Task {task_id}",
        "kind": "furniture",
        "prompt": "a <b>bold</b> chair",
        "measured": True,
        "success": True,
        "state": "succeeded",
        "outcome": "finished",
        "error": None,
        "model": "m",
        "summary": "A chair.",
        "not_built": [],
        "objects": 2,
        "triangles": 1200,
        "steps": 3,
        "tools": {"run_python": 2, "look": 1},
        "failed_steps": 0,
        "errors": [],
        "repairs": 0,
        "model_calls": 4,
        "usage": {"input_tokens": 100, "cache_read_tokens": 300, "cache_write_tokens": 0, "output_tokens": 50},
        "cached_share": 0.75,
        "usd": 0.5,
        "seconds": 10.0,
        "model_s": 6.0,
        "tools_s": 3.0,
        "verdict": None,
        "mends": 0,
        "check": {"ok": False, "errors": 1, "warnings": 0, "counts": {"floating": 1}, "messages": ["Leg floats 3 cm."]},
        "file_checks": [{"name": "opens", "ok": True, "detail": "", "asked": False}],
        **facts,
    }


def written(folder: Path, name: str, text: str) -> Path:
    """The text as a file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# --- prompt files


def test_plain_lines_are_prompts_without_comments_and_blank_lines(tmp_path: Path) -> None:
    tasks = read_tasks(written(tmp_path, "mine.txt", "# furniture\na chair\n\n  ein Würfel \n"))
    assert [(task.id, task.prompt) for task in tasks] == [("mine-2", "a chair"), ("mine-4", "ein Würfel")]


def test_cadbench_lines_are_taken_as_they_are(tmp_path: Path) -> None:
    (task,) = read_tasks(written(tmp_path, "CADBench.jsonl", json.dumps(CADBENCH) + "\n"))
    assert (task.id, task.name, task.prompt, task.kind) == ("0b5c", "Stool", "Make a stool.", "Wild")
    assert len(task.criteria) == 4
    assert task.criteria[2] == Criterion("It is 45 cm high.", ("Object Attributes", "Size"))


def test_csv_columns_are_fields_and_cells_may_hold_json(tmp_path: Path) -> None:
    text = 'name,prompt,expect\nChair,"a chair, red","{""objects_min"": 2}"\nBox,a box,\n'
    first, second = read_tasks(written(tmp_path, "tasks.csv", text))
    assert (first.prompt, first.expect.objects_min) == ("a chair, red", 2)
    assert (second.name, second.expect) == ("Box", Expectation())


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"name": "no prompt"}\n',
        '{"prompt": "a"}\nnot json\n',
        '{"prompt": "a", "id": "x"}\n{"prompt": "b", "id": "x"}\n',
        '{"prompt": "a", "expect": {"colour": "red"}}\n',
        '{"prompt": "a", "expect": {"names": ["("]}}\n',
        '{"prompt": "a", "expect": {"size_m": {"x": [2, 1]}}}\n',
        '{"prompt": "a", "before": 3}\n',
    ],
    ids=["empty", "no-prompt", "no-json", "same-id", "no-such-check", "no-pattern", "no-range", "no-list"],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_runs(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidPromptFile, match=r"bad\.jsonl"):
        read_tasks(written(tmp_path, "bad.jsonl", text))


def test_our_own_prompts_can_be_read() -> None:
    tasks = read_tasks(AGENT / "prompts" / "basic.jsonl")
    assert len(tasks) >= 40
    assert {"edits", "impossible", "languages"} <= {task.kind for task in tasks}
    assert all(task.before for task in tasks if task.kind == "edits")
    assert all(task.expect.fails for task in tasks if task.kind == "impossible")


# --- what a trial counts


def test_failures_and_the_repair_that_follows_are_counted() -> None:
    tally = EventTally()
    for tool, ok in (
        ("run_python", False),
        ("run_python", False),
        ("look", True),
        ("run_python", True),
        ("run_python", True),
        ("check", False),
    ):
        tally.apply("step.finished", {"tool": tool, "ok": ok, "error": None if ok else "ValueError: no"})
    tally.apply("usage", {})
    tally.apply("waiting", {"reason": "rate_limit", "seconds": 2.5})
    assert (tally.repairs, sum(tally.failed.values()), tally.failed["check"]) == (1, 3, 1)
    assert (tally.model_calls, tally.waited_s, len(tally.errors)) == (1, 2.5, 3)


# --- checks of the file


def facts_of(**changes: Any) -> Mapping[str, Any]:
    """A red cube of 1 m on the ground, with light and camera."""
    cube = {"name": "Cube", "min": [0, 0, 0], "max": [1, 1, 1], "triangles": 12}
    cube |= {"open_edges": 0, "unapplied_scale": False, "bare": False}
    material = {"name": "Red", "colour": [0.8, 0.05, 0.05]}
    facts = {"opens": True, "objects": [cube], "materials": [material], "lights": 1, "has_camera": True}
    return facts | changes


def failed(expect: dict[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """The names of the checks that failed."""
    return [check.name for check in Expectation.of_json(expect).checks_of(facts) if not check.ok]


def test_a_scene_as_it_was_asked_for_passes() -> None:
    expect = {"objects_min": 1, "objects_max": 1, "size_m": {"z": [0.9, 1.1], "longest": [1, 1]}, "names": ["cub"]}
    expect |= {"names_absent": ["sphere"], "materials": ["^red$"], "colours": [[0.8, 0, 0]], "triangles_max": 12}
    assert failed(expect, facts_of()) == []


@pytest.mark.parametrize(
    ("expect", "name"),
    [
        ({"objects_min": 2}, "objects"),
        ({"triangles_max": 11}, "triangles"),
        ({"size_m": {"z": [2, 3]}}, "size z"),
        ({"names": ["sphere"]}, "object /sphere/"),
        ({"names_absent": ["CUBE"]}, "no object /CUBE/"),
        ({"materials": ["wood"]}, "material /wood/"),
        ({"colours": [[0, 0, 1]]}, "colour [0, 0, 1]"),
        ({"materials_min": 2}, "materials in use"),
    ],
    ids=["objects", "triangles", "size", "name", "absent", "material", "colour", "materials"],
)
def test_each_thing_that_was_asked_for_can_fail(expect: dict[str, Any], name: str) -> None:
    assert failed(expect, facts_of()) == [name]


def test_general_faults_are_seen_without_being_asked_for() -> None:
    bad = {**facts_of()["objects"][0], "min": [0, 0, -0.5], "open_edges": 3, "unapplied_scale": True, "bare": True}
    found = failed({}, facts_of(objects=[bad], lights=0, has_camera=False))
    assert found == ["closed meshes", "applied scale", "materials", "camera", "light", "above ground"]
    assert failed({"ground": False}, facts_of(objects=[{**bad, "open_edges": 0}]))[-1] != "above ground"


def test_an_empty_scene_and_a_broken_file_fail() -> None:
    assert "has geometry" in failed({"size_m": {"x": [0, 1]}}, facts_of(objects=[]))
    assert failed({"objects_min": 1}, {"opens": False, "error": "not a blend"}) == ["opens"]


def test_an_expectation_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidExpectation):
        Expectation.of_json(["red"])


# --- the judge


def test_the_score_gives_each_group_one_voice_and_unsure_is_not_met() -> None:
    criteria = [
        Criterion("a", ("A", "x")),
        Criterion("b", ("A", "x")),
        Criterion("c", ("A", "y")),
        Criterion("d", ("B",)),
    ]
    said = [(1, "yes"), (2, "no"), (3, "yes"), (4, "unsure"), (9, "yes"), (1, "no")]
    marks = score(criteria, {"answers": [{"number": n, "answer": a, "evidence": "seen"} for n, a in said]})
    # A: x half met, y met; B: not. (0.75 + 0) / 2.
    assert (marks["score"], marks["unsure"]) == (0.375, 1)


def test_a_judge_that_says_nothing_usable_gives_no_credit() -> None:
    marks = score([Criterion("a")], {"answers": ["yes", {"number": "1", "answer": "yes"}]})
    assert (marks["score"], marks["answers"][0]["answer"]) == (0.0, "missing")
    assert score([], {})["score"] is None


def test_the_judge_reads_prompt_facts_script_and_numbered_criteria() -> None:
    told = question(Task("a", "a", "a stool", criteria=(Criterion("Has legs.", ("Shape",)),)), facts_of(), "LEGS = 3")
    assert "<prompt>a stool</prompt>" in told
    assert "LEGS = 3" in told
    assert told.endswith("1. [Shape] Has legs.")


async def test_the_judge_is_asked_with_pictures_and_a_schema_and_its_cost_is_told(tmp_path: Path) -> None:
    picture = picture_block("WEBP")
    task = Task("a", "a", "a stool", criteria=(Criterion("Has legs."),))
    answer = json.dumps({"answers": [{"number": 1, "answer": "yes", "evidence": "front"}]})
    async with scripted_messages(says(answer), Fault(401, "authentication_error")) as api:
        judge = Judge("claude-sonnet-5-5", "sk-test", api.base_url)
        marks = await asyncio.to_thread(judge.judge, task, [picture], facts_of(), tmp_path / "script.py")
        refused = await asyncio.to_thread(judge.judge, task, [picture], facts_of(), tmp_path / "script.py")
    assert (marks["score"], marks["usd"] > 0) == (1.0, True)
    assert [block["type"] for block in api.requests[0]["messages"][0]["content"]] == ["image", "text"]
    assert api.requests[0]["output_config"]["format"]["type"] == "json_schema"
    assert refused["score"] is None
    assert refused["error"]


# --- figures


def test_wilsons_interval_is_the_one_of_the_books() -> None:
    low, high = Share(8, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert Share(0, 5).interval[0] == 0.0
    assert Share(5, 5).interval[1] == 1.0
    assert Share(0, 0).value is None


def test_newcombes_interval_is_the_one_of_the_paper() -> None:
    found = difference(Share(48, 80), Share(56, 70))
    assert found is not None
    # Newcombe 1998, method 10, example (a): 56/70 less 48/80.
    assert [round(part, 4) for part in found] == [0.2, 0.0524, 0.3339]
    assert difference(Share(0, 0), Share(1, 1)) is None


def test_what_the_harness_could_not_measure_is_no_failure_of_the_product() -> None:
    lost = {"id": "b", "measured": False, "success": False, "error": {"code": "harness", "message": "gone"}}
    records = [a_record(), a_record("c", success=False), lost]
    assert (success_share(records).hits, success_share(records).n) == (1, 2)
    facts = summary_of(records)
    assert (facts["prompts"], facts["measured"], facts["cached_share"]) == (3, 2, 0.75)
    assert facts["error_codes"] == {"harness": 1}


def test_only_scenes_of_which_something_was_asked_count_for_the_files() -> None:
    asked = [{"name": "objects", "ok": False, "detail": "", "asked": True}]
    share = check_share([a_record(), a_record("b", file_checks=asked)])
    assert (share.hits, share.n) == (0, 1)
    assert quartiles([], lambda record: record["usd"]) is None


# --- results on the disk


def test_an_interrupted_run_goes_on_with_what_it_lacks(tmp_path: Path) -> None:
    ledger = Ledger.opened(tmp_path, {"prompts": "x"})
    ledger.add(a_record("a"))
    ledger.add({"id": "b", "measured": False, "success": False, "error": {"code": "harness", "message": ""}})
    with ledger.results.open("a") as file:
        file.write('{"id": "c", "meas')  # killed in the middle of a record
    again = Ledger.opened(tmp_path, {"prompts": "x"})
    assert [again.lacks(name) for name in "abc"] == [False, True, True]
    again.add(a_record("b"))
    again.close()
    assert [record["measured"] for record in read_results(tmp_path)] == [True, True]


def test_a_folder_of_another_run_is_left_alone(tmp_path: Path) -> None:
    Ledger.opened(tmp_path, {"prompts": "x", "judge": None}).add(a_record())
    with pytest.raises(OtherRun, match="another judge"):
        Ledger.opened(tmp_path, {"prompts": "x", "judge": "claude"})
    with pytest.raises(NoResults):
        read_results(tmp_path / "nothing.jsonl")


# --- the reports


def test_the_report_needs_nothing_besides_itself_and_escapes_what_it_shows(tmp_path: Path) -> None:
    broken = {"id": "b", "name": "b", "kind": "", "prompt": "x", "measured": False, "success": False}
    broken["error"] = {"code": "harness", "message": "<script>alert(1)</script>"}
    text = write_report(tmp_path, {"prompts": "x", "options": {}}, [a_record(), broken]).read_text()
    assert "a &lt;b&gt;bold&lt;/b&gt; chair" in text
    assert "<script>alert" not in text
    assert not any(outside in text for outside in ("http://", "https://", "<link", "src=\"/"))  # fmt: skip
    assert "1 errors" in text or "1 error" in text


def test_a_comparison_is_of_the_prompts_that_both_have(tmp_path: Path) -> None:
    first = [a_record("a"), a_record("b", success=False), a_record("x", usd=99.0)]
    second = [a_record("a", usd=0.1), a_record("b", usd=0.1, check=None)]
    facts = write_comparison(tmp_path, (tmp_path / "A" / "results.jsonl", first), (tmp_path / "B", second))
    assert (facts["n"], facts["n_both"], facts["success_both"]) == ([3, 2], 2, [1, 2])
    assert (facts["only_a"], facts["only_b"]) == (0, 1)
    assert facts["medians"]["Cost, $"] == [0.5, 0.1]
    assert facts["medians"]["Geometry errors"] == [1.0, 1.0]  # of the one pair that has both
    assert "may be chance" in (tmp_path / "comparison.html").read_text()


# --- the whole


@pytest.mark.heavy
@pytest.mark.blender
def test_two_prompts_go_through_the_whole_product_and_are_not_run_again(tmp_path: Path) -> None:
    lines = [
        {"id": "cube", "prompt": "a red cube", "expect": {"names": ["cube"], "colours": [[0.7, 0.03, 0.03]]}},
        {"id": "mail", "prompt": "send an email to my boss", "expect": {"fails": True}},
    ]
    prompts = written(tmp_path, "two.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    command = [sys.executable, str(AGENT / "run.py"), str(prompts), "--model", "offline-modeller", "--checks", "--json"]
    command += ["--no-pictures", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["measured"], facts["success"], facts["asked_checks_passed"]) == (2, 2, 1), done.stderr
    cube = read_results(tmp_path / "out")[0]
    assert cube["looks"] == 0
    assert "data:image/webp" in (tmp_path / "out" / "report.html").read_text()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "2 of them done before" in again.stderr
    assert "starting" not in again.stderr
