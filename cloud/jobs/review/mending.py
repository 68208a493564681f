"""A mend: the turn in which the agent is told what the reviewer found, and goes on in the same conversation."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cloud.agent.contract import Block, ToolResult
from cloud.agent.loop import Turn
from cloud.agent.scene_data import visible
from cloud.agent.verdict import Defect, Requirement, Verdict
from cloud.jobs.review.rounds import Round

if TYPE_CHECKING:
    from cloud.jobs.recorder import JobRecorder

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MARK = '<review round="'
_SEE_REVIEW = "Reviewed: see below."
_NOT_RUN = "Not run."
_TASK = (
    "Mend this, the worst first, and nothing else: what is right stays as it is. A finding that is plainly wrong you "
    "may leave; then say so. Look at what you changed, and run `check`. Then call `finish` again, about the whole "
    "scene."
)


def count_mends(conversation: Sequence[Turn]) -> int:
    """How often the agent was told to mend."""
    return sum(_is_mend(turn) for turn in conversation[1:])


async def ask_to_mend(
    recorder: "JobRecorder", conversation: list[Turn], judged: Round, standing: Round, mends_left: int
) -> None:
    """Answer the agent's last turn, which ended its run, with what the reviewer found; kept and added here.

    `judged` is the last round, `standing` the one whose scene stands: another where that was rolled back.
    """
    results = iter(await recorder.open_results())
    answers = [_answer_to(call, results) for call in conversation[-1].calls]
    turn = Turn("user", [*answers, {"type": "text", "text": _words(judged, standing, mends_left)}])
    await recorder.user_turn(turn)
    conversation.append(turn)


def _is_mend(turn: Turn) -> bool:
    """Only a turn of ours holds such a text: what tools say is inside their results."""
    return turn.role == "user" and any(
        block["type"] == "text" and block["text"].startswith(_MARK) for block in turn.content
    )


def _answer_to(call: Block, results: Iterator[ToolResult]) -> Block:
    """The result of a call of the last turn. All but `finish` ran, in their order."""
    answer: Block = {"type": "tool_result", "tool_use_id": call["id"]}
    if call["name"] == "finish":
        return {**answer, "content": [{"type": "text", "text": _SEE_REVIEW}]}
    result = next(results, None) or ToolResult([{"type": "text", "text": _NOT_RUN}], is_error=True)
    answer["content"] = list(result.content)
    return {**answer, "is_error": True} if result.is_error else answer


def _words(judged: Round, standing: Round, mends_left: int) -> str:
    lines = [f'{_MARK}{judged.number}">', "A reviewer who did not see you work has looked at the scene."]
    if judged.verdict is not None and judged.is_rolled_back:
        lines.append("Your last changes made it worse, and were undone: the scene is as it was before them. They had:")
        lines += _open_items(judged.verdict)
        lines.append("Of the scene as it stands now the reviewer said:")
    if standing.verdict is not None:
        lines += _open_items(standing.verdict)
    lines.append("</review>")
    last = " This is the last mend." if mends_left <= 1 else ""
    return "\n".join([*lines, _TASK + last])


def _open_items(verdict: Verdict) -> list[str]:
    """What is to be mended, a line each: the defects, the worst first, then what no defect says already."""
    ranks = ("critical", "major", "minor")
    lines = []
    for defect in sorted(verdict.defects, key=lambda each: ranks.index(each.severity)):
        where = f" [{', '.join(visible(name) for name in defect.objects)}]" if defect.objects else ""
        lines.append(f"- {defect.severity}: {visible(defect.what)}{where} Mend: {visible(defect.mend)}")
    lines += [
        f"- {'missing' if each.status == 'not' else 'only partly'}: {visible(each.text)}"
        + (f" ({visible(each.evidence)})" if each.evidence else "")
        for each in verdict.unmet
        if not any(_covers(defect, each) for defect in verdict.defects)
    ]
    return lines


def _covers(defect: Defect, unmet: Requirement) -> bool:
    """Whether the defect says the same: most of the words, or an object that both name and one word more.

    The object alone is too little: a chair may have a loose leg and the wrong colour. And a number that the reviewer
    gave must reach the builder. Better twice than not at all.
    """
    if not _numbers(f"{unmet.text} {unmet.evidence}") <= _numbers(f"{defect.what} {defect.mend}"):
        return False
    wanted, said = _telling_words(unmet.text), _telling_words(f"{defect.what} {defect.mend}")
    shared = wanted & said
    if len(shared) >= 2 and 3 * len(shared) >= 2 * len(wanted):
        return True
    asked = f" {' '.join(_WORD.findall(unmet.text.casefold()))} "
    return any(
        f" {' '.join(_WORD.findall(name.casefold()))} " in asked and shared - _telling_words(name)
        for name in defect.objects
    )


def _numbers(text: str) -> set[float]:
    return {float(number) for number in _NUMBER.findall(text)}


def _telling_words(text: str) -> set[str]:
    """The words that carry something: four letters or more, singular and plural alike."""
    return {word.removesuffix("s") for word in _WORD.findall(text.casefold()) if len(word) >= 4}
