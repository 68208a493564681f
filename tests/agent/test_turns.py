"""The shapes in which calls are answered: what the API would refuse is not in them."""

from cloud.agent.contract import ToolResult
from cloud.agent.scene_data import scene_data
from cloud.agent.turns import tool_result
from tests.support.pictures import picture_block

CALL = {"type": "tool_use", "id": "call_1", "name": "look", "input": {}}
SEEN = [{"type": "text", "text": "front"}, picture_block()]


def test_answer_to_a_call_that_failed_has_no_pictures() -> None:
    answer = tool_result(CALL, ToolResult(SEEN, is_error=True))
    assert answer["content"] == [{"type": "text", "text": scene_data("front")}]
    assert answer["is_error"] is True


def test_answer_to_a_call_that_worked_keeps_its_pictures() -> None:
    answer = tool_result(CALL, ToolResult(SEEN))
    assert answer["content"] == [{"type": "text", "text": scene_data("front")}, SEEN[1]]
    assert "is_error" not in answer
