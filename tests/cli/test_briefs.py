"""Briefs on the command line: from files, in an editor, and on the screen."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cloud.agent.brief import Brief, BriefPart
from cloud.cli.brief_view import brief_view, review_view
from cloud.cli.briefs import edited, read_brief_file
from cloud.cli.display import TerminalDisplay
from cloud.cli.make import MakeRequest
from cloud.errors import InvalidInput
from tests.cli.conftest import CommandLine
from ui.api_types import JobEvent

CHAIR = Brief(
    title="Chair", parts=[BriefPart(name="Leg", size_m=[0.04, 0.04, 0.4], count=4, material="oak")], checks=["stands"]
)
VERDICT = {
    "decision": "mend",
    "requirements": [
        {"text": "four legs", "status": "met", "evidence": "front"},
        {"text": "red [bold]paint", "status": "not", "evidence": "it is blue"},
    ],
    "defects": [{"severity": "major", "what": "a leg floats", "mend": "", "objects": []}],
}


def shown(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_brief_is_read_from_json_and_from_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(CHAIR.model_dump_json())
    (tmp_path / "a.md").write_text("# Chair\n## Parts\n- 4 × Leg: 0.04×0.04×0.4 m, oak\nTo check:\n- stands\n")
    assert read_brief_file(tmp_path / "a.json") == read_brief_file(tmp_path / "a.md") == CHAIR


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b"{", "is not valid JSON"),
        ("a.json", b'{"title": ""}', "title: String should have at least 1 character"),
        ("a.md", b"A\nParts:\n- a leg\n", "line 3 is not a part"),
        ("a.md", b"\xff\xfe", "is not UTF-8 text"),
        ("gone.md", None, "cannot be read: No such file"),
    ],
    ids=["half", "untitled", "no-part", "no-utf8", "gone"],
)
def test_a_brief_that_cannot_be_used_is_said_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        read_brief_file(tmp_path / name)


def test_the_editor_changes_the_brief_and_a_broken_one_stays_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/4.×/5×/")
    assert edited(CHAIR, tmp_path).parts[0].count == 5
    monkeypatch.setenv("VISUAL", "sed -i s/0.04×//")
    with pytest.raises(InvalidInput, match="line 3 is not a part"):
        edited(CHAIR, tmp_path)
    assert "- 4 × Leg" in (tmp_path / "brief.md").read_text()
    monkeypatch.setenv("VISUAL", "false")
    with pytest.raises(InvalidInput, match="Set EDITOR, or pass it with --yes"):
        edited(CHAIR, tmp_path)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"brief": CHAIR, "detail": "concise"}, "leave --detail out"),
        ({"edit_brief": True, "detail": "as-is"}, "there is no brief to edit"),
        ({"max_usd": 0}, "--max-usd cannot be 0"),
        ({"max_usd": float("nan")}, "--max-usd cannot be nan"),
        ({"start_from": Path("gone.glb")}, "is not there"),
        ({"start_from": Path(__file__)}, "--from takes these files: blend, glb"),
    ],
    ids=["two-briefs", "none-to-edit", "no-money", "nan", "gone", "python"],
)
def test_what_cannot_be_is_said_before_anything_starts(facts: dict, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        MakeRequest("a chair", **facts).check()


def test_the_brief_and_the_review_are_shown_as_they_are() -> None:
    seen = shown(brief_view(CHAIR.model_dump()))
    assert "Chair" in seen
    assert "4 ×  Leg  0.04 × 0.04 × 0.4 m  oak" in seen
    seen = shown(review_view(1, VERDICT, "rolled_back"))
    for line in ("review 1: not yet good enough", " ✓ four legs", " ✗ red [bold]paint  it is blue", " ! major: a leg"):
        assert line in seen
    assert "was better, and is back" in seen


def test_a_wait_counts_down_and_the_cost_stands_beside_its_limit() -> None:
    now = [100.0]
    display = TerminalDisplay(lambda: now[0], Console(file=io.StringIO(), width=200))
    display.job_event(JobEvent(1, "waiting", {"reason": "rate_limit", "seconds": 12.0}))
    now[0] += 5
    assert "waiting for Claude, which asks us to slow down, 7 s" in shown(display._status())
    usage = {"input_tokens": 10, "output_tokens": 5, "usd": 0.5}
    display.job_event(JobEvent(2, "usage", {"usage": usage, "usd_limit": 5.0}))
    display.job_event(JobEvent(3, "stage", {"stage": "mend"}))
    seen = shown(display._status())
    assert "mending what the review found" in seen
    assert "15 tokens  ·  $0.50 of $5.00" in seen


@pytest.mark.heavy
@pytest.mark.blender
def test_a_brief_is_made_changed_in_the_editor_and_built(command_line: CommandLine) -> None:
    asked = ("make", "a table with two mugs on it", "--edit-brief", "--quality", "draft", "--out", "edited")
    done = command_line.run(*asked, VISUAL="sed -i s/2.×/3×/")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((command_line.cwd / "edited" / "result.json").read_text())
    assert [(part["count"], part["name"]) for part in result["brief"]["parts"]] == [(1, "Table"), (3, "Mug")]
    assert result["objects"] == 4
    assert "- 3× Mug" in (command_line.cwd / "edited" / "brief.md").read_text()


@pytest.mark.heavy
@pytest.mark.blender
def test_a_file_starts_the_project_and_the_prompt_adds_to_it(command_line: CommandLine) -> None:
    first = command_line.run("make", "a cube", "--out", "base")
    done = command_line.run("make", "add a mug", "--from", "base/scene.glb", "--out", "more", "--json")
    assert (first.returncode, done.returncode) == (0, 0), done.stdout + done.stderr
    assert json.loads((command_line.cwd / "more" / "result.json").read_text())["objects"] == 2
