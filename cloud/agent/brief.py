"""What is to be built, in a form that a person can read and change before it is built."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

WORDS_LIMIT = 1_200
"""Of a whole brief, at the highest detail."""
PARTS_LIMIT = 60
CHECKS_LIMIT = 30

Metres = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class BriefPart(BaseModel):
    """One part of the thing. `size_m` is its bounding box along x, y and z in metres."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    size_m: Annotated[list[Metres], Field(min_length=3, max_length=3)]
    count: Annotated[int, Field(ge=1, le=1_000)] = 1
    material: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=1_000)] = ""


class Brief(BaseModel):
    """The parts of a scene with real-world sizes, its style, and what must hold when it is done."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=120)]
    summary: Annotated[str, Field(max_length=4_000)] = ""
    parts: Annotated[list[BriefPart], Field(max_length=PARTS_LIMIT)] = []
    proportions: Annotated[str, Field(max_length=2_000)] = ""
    style: Annotated[str, Field(max_length=2_000)] = ""
    checks: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=CHECKS_LIMIT)] = []

    @model_validator(mode="after")
    def _is_short_enough(self) -> Self:
        words = count_words(self)
        if words > WORDS_LIMIT:
            raise ValueError(f"the brief has {words:,} words; at most {WORDS_LIMIT:,} are allowed: shorten it")
        return self


def count_words(brief: Brief) -> int:
    """The words of the brief as it is read; a size is one."""
    return len(brief_text(brief).split())


def brief_text(brief: Brief) -> str:
    """The brief as people and models read it, one part a line: `- 4 × Leg: 0.04×0.04×0.44 m, oak. Tapered.`"""
    lines = [brief.title]
    lines += [brief.summary] if brief.summary else []
    lines += ["Parts (x×y×z):", *(part_line(part) for part in brief.parts)] if brief.parts else []
    lines += [f"Proportions: {brief.proportions}"] if brief.proportions else []
    lines += [f"Style: {brief.style}"] if brief.style else []
    lines += ["To check at the end:", *(f"- {check}" for check in brief.checks)] if brief.checks else []
    return "\n".join(lines)


def part_line(part: BriefPart) -> str:
    """One part of `brief_text`."""
    count = f"{part.count} × " if part.count > 1 else ""
    line = f"- {count}{part.name}: {size_text(part.size_m)} m"
    line += f", {part.material}" if part.material else ""
    return f"{line}. {part.description}" if part.description else line


def size_text(size_m: list[float]) -> str:
    """Three lengths in one word: `0.45×0.42×0.04`."""
    return "×".join(f"{length:.4g}" for length in size_m)
