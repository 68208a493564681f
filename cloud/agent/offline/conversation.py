"""The offline modeller's side of a conversation, derived from its messages alone.

The order of turns: `inspect` where the scene is not empty, one `run_python` for each step of the plan, a `look`,
then `finish`. A step that fails is tried once more, then left out and named in the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cloud.agent.offline.briefing import amend
from cloud.agent.offline.grammar import parse
from cloud.agent.offline.plan import Plan, Step, make_plan
from cloud.agent.offline.scene_facts import SceneFacts, read_facts
from cloud.agent.offline.wire import Reply, ToolUse
from cloud.agent.offline.wording import join_words

_PAGE = re.compile(r"^Page (\d+) of (\d+):$", re.MULTILINE)

TRIES = 2
EXAMPLES = "a chair, a table, a house, a tree, a car, a mug, a robot, a cube"
KEY_HINT = "A Claude key (ANTHROPIC_API_KEY) lifts this limit."
NEEDED_TOOLS = frozenset({"run_python"})


@dataclass
class _Call:
    """A tool call of this conversation and what came of it."""

    name: str
    arguments: dict[str, Any]
    text: str
    is_error: bool


@dataclass
class _Progress:
    """Which steps are done, after the calls so far."""

    done: list[Step] = field(default_factory=list)
    failed: list[Step] = field(default_factory=list)
    next_index: int = 0
    looked: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FirstMessage:
    """What a conversation begins with. `brief` is its text; empty: there is none."""

    prompt: str
    scene_is_empty: bool = True
    has_pictures: bool = False
    brief: str = ""


def next_reply(messages: Sequence[dict[str, Any]], tools: set[str]) -> Reply:
    """The assistant's next turn."""
    if not tools >= NEEDED_TOOLS:
        return Reply("I am the offline modeller: I build scenes through the tool run_python, which I was not given.")
    first = first_message(messages[0])
    calls = _calls(messages)
    pages = [call for call in calls if call.name == "inspect"]
    if not first.scene_is_empty and "inspect" in tools and (page := _next_page(pages)):
        say = "I look at what is in the scene." if page == 1 else ""
        return Reply(say, (ToolUse("inspect", {"filter": "each:", "page": page}),))
    scene = read_facts("\n".join(call.text for call in pages if not call.is_error))
    plan = _planned(first.prompt, scene, first.brief)
    if first.has_pictures:
        plan = replace(plan, not_built=[*plan.not_built, "the reference picture"])
    progress = _replay(plan, calls)
    if progress.next_index < len(plan.steps):
        step = plan.steps[progress.next_index]
        return Reply(step.say, (ToolUse("run_python", {"code": step.code, "title": step.title}),))
    if progress.done and not progress.looked and "look" in tools:
        return Reply("I look at the result.", (ToolUse("look", {"views": ["three_quarter"]}),))
    return _finish(first.prompt, plan, progress, tools, scene)


def _next_page(pages: Sequence[_Call]) -> int | None:
    """The page of the scene's report to read next; None once all are read, or one could not be."""
    if not pages:
        return 1
    found = None if pages[-1].is_error else _PAGE.search(pages[-1].text)
    return int(found[1]) + 1 if found and int(found[1]) < int(found[2]) else None


@lru_cache(maxsize=8)
def _planned(prompt: str, scene: SceneFacts, brief: str) -> Plan:
    """The plan for a prompt in a scene; every turn of a conversation asks for it again."""
    request = parse(prompt, scene)
    if brief and not scene.things:  # what changes in a scene is found by the prompt alone
        amend(request, brief)
    return make_plan(request, scene)


def first_message(message: dict[str, Any]) -> FirstMessage:
    """What the first message asks for; the prompt comes last in it."""
    content = message["content"]
    if isinstance(content, str):
        return FirstMessage(content)
    texts = [str(block.get("text", "")) for block in content if block.get("type") == "text"]
    scene = next((text for text in texts[:-1] if text.startswith("<scene>")), "<scene>empty</scene>")
    brief = next((text for text in texts[:-1] if text.startswith("<brief>")), "")
    pictures = False
    for block in content:  # a picture that comes after the scene is the scene's own
        if str(block.get("text", "")).startswith("<scene>"):
            break
        pictures = pictures or block.get("type") in ("image", "document")
    return FirstMessage(
        prompt=texts[-1] if texts else "",
        scene_is_empty=scene.startswith("<scene>empty"),
        has_pictures=pictures,
        brief=brief.removeprefix("<brief>").removesuffix("</brief>").strip(),
    )


def _calls(messages: Sequence[dict[str, Any]]) -> list[_Call]:
    """Every tool call that has a result, in order."""
    results: dict[str, tuple[str, bool]] = {}
    for message in messages:
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block.get("type") == "tool_result":
                results[str(block.get("tool_use_id"))] = (_text_of(block.get("content")), bool(block.get("is_error")))
    calls = []
    for message in messages:
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block.get("type") == "tool_use" and str(block.get("id")) in results:
                text, is_error = results[str(block["id"])]
                calls.append(_Call(str(block.get("name")), block.get("input") or {}, text, is_error))
    return calls


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))


def _replay(plan: Plan, calls: Sequence[_Call]) -> _Progress:
    progress = _Progress()
    tries = 0
    for call in calls:
        if call.name == "look":
            progress.looked = True
        if call.name != "run_python" or progress.next_index >= len(plan.steps):
            continue
        step = plan.steps[progress.next_index]
        if not call.is_error:
            progress.done.append(step)
            progress.notes += [
                line[6:7].upper() + line[7:].strip() for line in call.text.splitlines() if line.startswith("Note: ")
            ]
        elif tries + 1 < TRIES:
            tries += 1
            continue
        else:
            progress.failed.append(step)
        progress.next_index += 1
        tries = 0
    return progress


def _finish(prompt: str, plan: Plan, progress: _Progress, tools: set[str], scene: SceneFacts) -> Reply:
    missing = list(dict.fromkeys([*plan.not_built, *(step.thing for step in progress.failed if step.thing)]))
    done = [step for step in progress.done if step.done]
    summary = _summary_of(done, missing, plan, progress) if done else _refusal(prompt, missing, plan, scene)
    if "finish" not in tools:
        return Reply(summary)
    arguments = {"summary": summary, "built": bool(done), "not_built": missing}
    return Reply("", (ToolUse("finish", arguments),))


def _summary_of(done: Sequence[Step], missing: Sequence[str], plan: Plan, progress: _Progress) -> str:
    built = [step.done for step in done if step.title.startswith("Build ")]
    changed = [step.done[:1].lower() + step.done[1:] for step in done if not step.title.startswith("Build ")]
    sentences = [f"I built {join_words(built)}."] if built else []
    if changed:
        sentences.append(f"I did this: {'; '.join(changed)}.")
    if missing:
        sentences.append(f"Not built: {_listed(missing)}. {KEY_HINT}")
    return " ".join([*sentences, *plan.remarks, *dict.fromkeys(progress.notes)])


def _refusal(prompt: str, missing: Sequence[str], plan: Plan, scene: SceneFacts) -> str:
    if progress_failed := [phrase for phrase in missing if phrase]:
        what = _listed(progress_failed)
    else:
        what = f"“{' '.join(prompt.split())[:120]}”"
    remarks = " ".join(plan.remarks)
    where = "" if not scene.things else f" In the scene there is: {', '.join(o.name for o in scene.things[:20])}."
    reason = f"{remarks}{where} " if remarks else ""
    return (
        f"{reason}I could not build {what}: the offline modeller does not know it. "
        f"It knows things like {EXAMPLES}. {KEY_HINT}"
    )


def _listed(phrases: Sequence[str]) -> str:
    shown = [f"“{phrase[:80]}”" for phrase in phrases[:8]]
    return join_words([*shown, f"{len(phrases) - 8} more"] if len(phrases) > 8 else shown)
