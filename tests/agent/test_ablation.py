"""What an evaluation takes away from the model is not there, and the model is told."""

from typing import Any

from cloud.agent.ablation import absence_note, without
from cloud.agent.contract import ToolParam, ToolResult
from cloud.jobs.options import BuildOptions

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
WORDS = {"type": "text", "text": "imported"}


class Box:
    """A toolbox whose every answer has a picture in it."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def tools(self) -> list[ToolParam]:
        return [{"name": name} for name in ("run_python", "look", "check", "lookup")]

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        self.called.append(name)
        return ToolResult([WORDS, PICTURE], structured={"name": name})


async def test_hidden_tools_are_neither_listed_nor_run() -> None:
    box = Box()
    left = without(box, ["check", "lookup"])
    assert [tool["name"] for tool in await left.tools()] == ["run_python", "look"]
    assert (await left.call("check", {})).is_error
    assert not (await left.call("look", {})).is_error
    assert box.called == ["look"]


async def test_a_blind_model_gets_no_picture_from_any_tool() -> None:
    left = without(Box(), ["pictures"])
    assert "look" not in [tool["name"] for tool in await left.tools()]
    result = await left.call("import_file", {})
    assert (result.content, result.structured) == ([WORDS], {"name": "import_file"})


def test_nothing_taken_away_changes_nothing() -> None:
    box = Box()
    assert without(box, []) is box
    assert without(box, ["review"]) is box
    assert absence_note(["review"]) == ""


def test_the_prompt_says_which_tools_are_missing() -> None:
    assert "no tool look and no tool lookup" in absence_note(["lookup", "pictures"])


def test_a_build_without_review_has_a_profile_without_it() -> None:
    whole, less = (BuildOptions.of_request({"quality": "high", "without": names}) for names in ([], ["review"]))
    assert whole.profile.review
    assert (less.profile.review, less.profile.mends, less.profile.steps) == (False, 0, whole.profile.steps)
