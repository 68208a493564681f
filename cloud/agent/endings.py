"""What a turn of the model means for the run: it ends, it goes on, or the model must be told something first."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cloud.agent.contract import Block, Outcome, ToolResult
from cloud.agent.turns import Turn, failure, note

# What did not work this often in a row will not work at all.
_MAX_CUT_OFFS = 3
_MAX_FULL = 3
_MAX_PAUSES = 6
_MAX_EMPTY = 3
_WARNED_FAILURES, _MAX_FAILURES = 3, 6

_UNREAD = {
    "max_tokens": (
        "Your reply was cut off at its length limit, so nothing of it was run. Send it again in smaller parts."
    ),
    "model_context_window_exceeded": (
        "Your reply was cut off because the conversation was full, so nothing of it was run. "
        "Older steps have been summed up to make room; send it again."
    ),
}
_EMPTY = "Your reply was empty. Go on with the work, or call finish if it is done."


def ended(conversation: Sequence[Turn]) -> Outcome | None:
    """The outcome if the model's last turn, the conversation's last, ends the run; `finish` is read elsewhere."""
    turn = conversation[-1]
    in_a_row = _in_a_row(conversation, lambda earlier: earlier.stop_reason == turn.stop_reason)
    match turn.stop_reason:
        case "refusal":
            return Outcome("refused", turn.text, reason=turn.text or "The model declined the request.", code="refused")
        case "model_context_window_exceeded" if in_a_row >= _MAX_FULL:
            return Outcome("failed", _last_words(conversation), reason=FULL, code="context_exceeded")
        case "max_tokens" if in_a_row >= _MAX_CUT_OFFS:
            return Outcome("failed", turn.text, reason="The model's replies were too long.", code="reply_too_long")
        case "pause_turn" if in_a_row >= _MAX_PAUSES and not turn.calls:
            return Outcome("failed", turn.text, reason="The model paused again and again.", code="paused")
        case "max_tokens" | "pause_turn" | "model_context_window_exceeded":
            return None
        case _ if turn.calls:
            return None
        case _ if turn.is_empty and _in_a_row(conversation, lambda earlier: earlier.is_empty) < _MAX_EMPTY:
            return None
        case _:
            return Outcome("finished", _last_words(conversation))


FULL = "The conversation grew past what the model can take in; send what is missing as a new prompt."


def unread(turn: Turn) -> list[Block] | None:
    """What a turn is answered with whose calls may not run, or that has neither calls nor words; None for others."""
    said = _UNREAD.get(turn.stop_reason or "") or (_EMPTY if turn.is_empty else None)
    if said is None or turn.stop_reason == "pause_turn":
        return None
    results = [
        {
            "type": "tool_result",
            "tool_use_id": call["id"],
            "content": [{"type": "text", "text": said}],
            "is_error": True,
        }
        for call in turn.calls
    ]
    return results or [note(said)]


def read_finish(arguments: Any, *, failed: bool) -> Outcome | ToolResult:
    """The outcome that a `finish` call states, or what is wrong with the call."""
    if failed:
        return failure("A call beside this one failed: look at its result first, then call finish again.")
    match arguments:
        case {"summary": str(summary), "built": bool(built), **rest}:
            missing = rest.get("not_built", [])
            if isinstance(missing, list) and all(isinstance(part, str) for part in missing):
                if built:
                    return Outcome("finished", summary, tuple(missing))
                return Outcome("failed", summary, tuple(missing), reason=summary, code="nothing_built")
    return failure(
        f"finish needs summary (string), built (boolean) and not_built (list of strings){_wrong(arguments)}."
    )


def _wrong(arguments: Any) -> str:
    """Which argument of `finish` is at fault, for the model."""
    if not isinstance(arguments, dict):
        return "; its input was no object"
    kinds = {"summary": str, "built": bool, "not_built": list}
    wrong = [name for name, kind in kinds.items() if name in arguments and not isinstance(arguments[name], kind)]
    missing = [name for name in ("summary", "built") if name not in arguments]
    return "; ".join(
        ["", *(f"{name} is of another kind" for name in wrong), *(f"{name} is missing" for name in missing)]
    )


def stuck(conversation: Sequence[Turn]) -> Outcome | str | None:
    """Whether the model's latest calls are one and the same that fails: what to tell it, or the end of the run."""
    failures = _same_failures(conversation)
    if failures >= _MAX_FAILURES:
        reason = "The model repeated a step that fails, again and again; say it in other words, or in smaller parts."
        return Outcome("failed", _last_words(conversation), reason=reason, code="stuck")
    if failures >= _WARNED_FAILURES:
        return f"This very call has now failed {failures} times. It will fail again: do it in another way, or leave it."
    return None


def _same_failures(conversation: Sequence[Turn]) -> int:
    """How many of the latest calls failed and were the same."""
    latest = _latest_calls(conversation)
    first = next(latest, None)
    if first is None or not first[1]:
        return 0
    return 1 + len(list(itertools.takewhile(lambda one: one == first, latest)))


def _latest_calls(conversation: Sequence[Turn]) -> Iterator[tuple[tuple[Any, Any], bool]]:
    """Each answered call and whether it failed, the latest first."""
    results: dict[str, bool] = {}
    for turn in reversed(conversation):
        if turn.role == "user":
            results |= {
                block["tool_use_id"]: bool(block.get("is_error"))
                for block in turn.content
                if block["type"] == "tool_result"
            }
        else:
            for call in reversed(turn.calls):
                if call["id"] in results:
                    yield (call["name"], call["input"]), results[call["id"]]
            results.clear()


def _in_a_row(conversation: Sequence[Turn], holds: Callable[[Turn], bool]) -> int:
    """Of how many of the model's latest turns, one after the other, this holds."""
    latest = (turn for turn in reversed(conversation) if turn.role == "assistant")
    return len(list(itertools.takewhile(holds, latest)))


def _last_words(conversation: Sequence[Turn]) -> str:
    """What the model said last."""
    turns = (turn for turn in reversed(conversation) if turn.role == "assistant" and not turn.is_empty)
    return next((turn.text for turn in turns if turn.text), "")
