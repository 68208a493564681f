"""What it means for a job that its pod is lost: the error, the words for the model, and which calls are made again."""

from cloud.agent.contract import ToolResult
from cloud.errors import Prompt2MeshError


class PodLost(Prompt2MeshError):
    """Pod after pod ended under this job."""

    code, http_status, retryable = "pod_lost", 503, True

    def __init__(self, losses: int) -> None:
        super().__init__(
            f"Blender ended {losses} times while it worked on this job; the scene of the last finished step is kept."
        )


def lost_in_a_call() -> ToolResult:
    """What the model is told of a call that ended Blender again and again."""
    text = (
        "Blender was lost during this call and a new one runs. The scene is as it was before the call. "
        "If the call asked for very much, do less at once."
    )
    error_facts = {"type": PodLost.code, "message": text, "line": None, "source": ""}
    return ToolResult([{"type": "text", "text": text}], is_error=True, structured={"error": error_facts})


def may_be_tried_again(result: ToolResult) -> bool:
    """Whether the call failed through no fault of its own."""
    error = result.structured.get("error")
    return result.is_error and isinstance(error, dict) and error.get("retryable") is True


def error_type(result: ToolResult) -> str:
    """The code of the call's error; "" if it names none."""
    error = result.structured.get("error")
    return str(error.get("type", "")) if isinstance(error, dict) else ""
