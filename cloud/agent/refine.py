"""Makes a prompt into a brief: one question to a model, held against our limits, and shortened by rule if need be."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from cloud.agent.brief import (
    CHECKS_LIMIT,
    PARTS_LIMIT,
    WORDS_LIMIT,
    Brief,
    BriefPart,
    count_words,
    is_control,
)
from cloud.agent.client import CallOptions, Model, Watcher
from cloud.agent.consult import Consultation, consult
from cloud.agent.contract import Block
from cloud.agent.model_errors import ModelError
from cloud.agent.prompts import load_prompt
from cloud.agent.scene_data import visible

RefineDetail = Literal["concise", "moderate", "comprehensive"]

LIMITS_WORDS: dict[RefineDetail, int] = {"concise": 150, "moderate": 450, "comprehensive": WORDS_LIMIT}
# A little too long is not worth a second question: so much more than the limit is taken, in percent.
_OVERSHOOT_PERCENT = 15
# To how many words the texts of a brief are cut, one after the other, until it fits.
_TEXTS_WORDS = (200, 120, 80, 50, 30, 20, 12)
_THINNEST_M = 0.001
_LONGEST_M = 1e6


class BriefFault(Exception):
    """The answer is no brief of this detail; the message tells the model what to change."""


BRIEF_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "size_m": {
                        "type": "array",
                        "items": {"type": "number"},
                        "description": "Exactly three numbers: x, y, z in metres.",
                    },
                    "count": {"type": "integer"},
                    "material": {"type": "string"},
                    "description": {"type": "string"},
                },
                "required": ["name", "size_m", "count", "material", "description"],
                "additionalProperties": False,
            },
        },
        "proportions": {"type": "string"},
        "style": {"type": "string"},
        "checks": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title", "summary", "parts", "proportions", "style", "checks"],
    "additionalProperties": False,
}
"""Only keywords that structured outputs know: lengths and ranges are held against `Brief` afterwards."""


async def refine(
    model: Model,
    prompt: str,
    *,
    detail: RefineDetail,
    images: Sequence[Block],
    scene: str,
    watcher: Watcher,
    options: CallOptions | None = None,
    fault: str = "",
    earlier: Mapping[str, Any] | None = None,
) -> Consultation:
    """Ask for the brief. `scene` says what stands there already (empty: nothing); `fault` what the `earlier` answer
    did wrong. The answer goes to `read_brief`.

    Raises: NoAnswer, ModelError: see `consult`.
    """
    return await consult(
        model,
        system=load_prompt("refine"),
        content=_question(prompt, detail, images, scene, fault, earlier),
        schema=BRIEF_SCHEMA,
        watcher=watcher,
        options=options,
    )


def _question(
    prompt: str,
    detail: RefineDetail,
    images: Sequence[Block],
    scene: str,
    fault: str,
    earlier: Mapping[str, Any] | None,
) -> list[Block]:
    """The prompt comes last, word for word."""
    told = [f"<scene>{scene or 'empty'}</scene>", f"<limit>{LIMITS_WORDS[detail]} words</limit>"]
    if earlier:
        told.append(f"<earlier>\n{visible(json.dumps(earlier, ensure_ascii=False))}\n</earlier>")
    if fault:
        told.append(f"<fault>An earlier answer could not be used: {fault}</fault>")
    return [*images, {"type": "text", "text": "\n".join(told)}, {"type": "text", "text": prompt}]


def read_brief(answer: dict[str, Any], detail: RefineDetail) -> Brief:
    """The brief that the answer is, which may be a little longer than asked for. Raises: BriefFault."""
    try:
        brief = Brief.model_validate(answer)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the whole"
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BriefFault(f"{where}: {wrong['msg'].removeprefix('Value error, ')}{more}.") from error
    words, limit = count_words(brief), LIMITS_WORDS[detail]
    if words > min(limit * (100 + _OVERSHOOT_PERCENT) // 100, WORDS_LIMIT):
        raise BriefFault(f"it has {words:,} words, and at most {limit:,} are allowed; say the same in fewer.")
    return brief


def trimmed_brief(answer: dict[str, Any], detail: RefineDetail) -> Brief:
    """The brief made of an answer that breaks the rules, by cutting what is too long, the least important first.

    Raises: ModelError: it holds nothing to build by.
    """
    title = _text(answer.get("title"), 120) or _text(answer.get("summary"), 120)
    parts = [part for each in _list(answer.get("parts")) if (part := _part_of(each))][:PARTS_LIMIT]
    summary = _text(answer.get("summary"), 4_000)
    if not title or not (parts or summary):
        raise ModelError(
            "The model made no usable brief of the prompt; send it again, or with detail as-is.", "no_brief"
        )
    # Not validated: that would refuse what is still too long.
    brief = Brief.model_construct(
        title=title,
        summary=summary,
        parts=parts,
        proportions=_text(answer.get("proportions"), 2_000),
        style=_text(answer.get("style"), 2_000),
        checks=[check for each in _list(answer.get("checks")) if (check := _text(each, 300))][:CHECKS_LIMIT],
    )
    _shorten(brief, LIMITS_WORDS[detail])
    return Brief.model_validate(brief.model_dump())


def _shorten(brief: Brief, limit_words: int) -> None:
    """Cut until it fits: the ends of the long texts, evenly, then the last checks, then the last parts."""
    for most_words in _TEXTS_WORDS:
        if count_words(brief) <= limit_words:
            return
        for owner, name in _texts(brief):
            setattr(owner, name, _first_words(getattr(owner, name), most_words))
        brief.checks = [_first_words(check, most_words) for check in brief.checks]
    while count_words(brief) > limit_words and (brief.checks or brief.parts):
        if len(brief.checks) > 3 or not brief.parts:
            brief.checks = brief.checks[:-1]
        else:
            brief.parts = brief.parts[:-1]


def _texts(brief: Brief) -> list[tuple[Brief | BriefPart, str]]:
    of_parts: list[tuple[Brief | BriefPart, str]] = [
        (part, name) for part in brief.parts for name in ("material", "description")
    ]
    return [*of_parts, (brief, "title"), (brief, "style"), (brief, "proportions"), (brief, "summary")]


def _first_words(text: str, most_words: int) -> str:
    words = text.split()
    return text if len(words) <= most_words else " ".join(words[:most_words]).rstrip(",;:") + "…"


def _part_of(value: Any) -> BriefPart | None:
    """A part with what is out of range brought into it; None where there is no name or no size."""
    if not isinstance(value, dict):
        return None
    name, size = _text(value.get("name"), 80), [_metres(each) for each in _list(value.get("size_m"))][:3]
    count = value.get("count", 1)
    if not name or len(size) != 3:
        return None
    return BriefPart(
        name=name,
        size_m=size,
        count=min(max(count, 1), 1_000) if isinstance(count, int) else 1,
        material=_text(value.get("material"), 200),
        description=_text(value.get("description"), 1_000),
    )


def _metres(value: Any) -> float:
    if not isinstance(value, int | float) or value != value:
        return _THINNEST_M
    return min(max(float(value), _THINNEST_M), _LONGEST_M)


def _text(value: Any, limit_chars: int) -> str:
    if not isinstance(value, str):
        return ""
    text = " ".join("".join(" " if is_control(character) else character for character in value).split())
    return text if len(text) <= limit_chars else text[: limit_chars - 1].rstrip() + "…"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
