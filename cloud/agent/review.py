"""The reviewer: one question with fresh context about a finished scene, answered by a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud.agent.brief import Brief, brief_text
from cloud.agent.client import CallOptions, Model, Watcher
from cloud.agent.consult import Consultation, consult
from cloud.agent.contract import Block
from cloud.agent.prompts import load_prompt
from cloud.agent.scene_data import scene_data

VIEWS = ("front", "back", "left", "right", "top", "three_quarter")
"""What every reviewer sees, on one sheet, in this order."""


def _object_of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: dict[str, Any] = {"type": "string"}
VERDICT_SCHEMA: dict[str, Any] = _object_of(
    requirements={
        "type": "array",
        "items": _object_of(text=_TEXT, evidence=_TEXT, status={"type": "string", "enum": ["met", "partly", "not"]}),
    },
    defects={
        "type": "array",
        "items": _object_of(
            what=_TEXT,
            severity={"type": "string", "enum": ["critical", "major", "minor"]},
            objects={"type": "array", "items": _TEXT},
            mend=_TEXT,
        ),
    },
    summary=_TEXT,
    decision={"type": "string", "enum": ["pass", "mend"]},
)
"""A `Verdict`, in the keywords that structured outputs know, and in the order in which one should think: what is seen
before what follows from it."""


@dataclass(frozen=True)
class Evidence:
    """The scene as a reviewer is shown it. Texts are the tools' own, not yet marked as data.

    `sheet` and `render` are image blocks, None where there is nothing to see; `drawn` says how they were made.
    `objects` are all names in the scene. `changes` is what the job changed of a scene that stood before, `before` the
    picture of that, if there is one.
    """

    sheet: Block | None
    render: Block | None
    drawn: str
    check: str
    parts: str
    objects: Sequence[str]
    changes: str = ""
    before: Block | None = None


@dataclass(frozen=True)
class Case:
    """One scene to be judged. `requirements` are those of an earlier review, so that the two can be compared."""

    prompt: str
    brief: Brief | None
    references: Sequence[Block]
    evidence: Evidence
    requirements: Sequence[str] = ()


async def review(
    model: Model, case: Case, *, watcher: Watcher, options: CallOptions | None = None, fault: str = ""
) -> Consultation:
    """Ask for the verdict; the answer goes to `read_verdict`. `fault` is what an earlier answer did wrong.

    Raises: NoAnswer, ModelError: see `consult`.
    """
    return await consult(
        model,
        system=load_prompt("review"),
        content=question_of(case, fault),
        schema=VERDICT_SCHEMA,
        watcher=watcher,
        options=options,
    )


def question_of(case: Case, fault: str = "") -> list[Block]:
    """What the reviewer is shown. The request comes last, word for word."""
    evidence = case.evidence
    shown: list[Block] = []
    if case.references:
        shown += [_text("The user's reference pictures:"), *case.references]
    if evidence.before is not None:
        shown += [_text("before: the scene as it was before the request, three_quarter view:"), evidence.before]
    if evidence.sheet is not None:
        shown += [_text(f"The scene from six sides: {', '.join(VIEWS)}."), evidence.sheet]
    if evidence.render is not None:
        shown += [_text("The scene rendered in its own light:"), evidence.render]
    if evidence.sheet is None:
        shown.append(_text("There is no picture: nothing in the scene can be seen."))
    facts = [
        f"Pictures: {evidence.drawn}",
        f"Parts (inspect):\n{evidence.parts}",
        f"Geometry (check):\n{evidence.check}",
    ]
    told = [scene_data("\n\n".join(facts))]
    if evidence.changes:
        told.append(f"<changes>\n{scene_data(evidence.changes)}\n</changes>")
    if case.requirements:
        told.append("<requirements>\n" + "\n".join(f"- {text}" for text in case.requirements) + "\n</requirements>")
    if case.brief is not None:
        told.append(f"<brief>\n{brief_text(case.brief)}\n</brief>")
    if fault:
        told.append(f"<fault>An earlier answer could not be used: {fault}</fault>")
    return [*shown, _text("\n".join(told)), _text(f"The request:\n{case.prompt}")]


def _text(text: str) -> Block:
    return {"type": "text", "text": text}
