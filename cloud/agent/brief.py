"""What is to be built, in a form that a person can read and change before it is built."""

import re
import unicodedata
from collections.abc import Sequence
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
    def _is_readable(self) -> Self:
        text = brief_text(self)
        for character in text:
            if is_control(character):
                raise ValueError(f"the brief holds the control character U+{ord(character):04X}; remove it")
        words = len(text.split())
        if words > WORDS_LIMIT:
            raise ValueError(f"the brief has {words:,} words; at most {WORDS_LIMIT:,} are allowed: shorten it")
        return self


def is_control(character: str) -> bool:
    """Whether it is none that a text is written with."""
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t"


def count_words(brief: Brief) -> int:
    """The words of the brief as it is read."""
    return len(brief_text(brief).split())


def brief_text(brief: Brief) -> str:
    """The brief as people and models read it, one part a line: `- 4 × Leg: 0.04×0.04×0.44 m, oak — tapered`.

    `brief_of_text` reads it back.
    """
    lines = [_line(brief.title)]
    lines += [brief.summary.strip()] if brief.summary.strip() else []
    lines += [_PARTS, *(part_line(part) for part in brief.parts)] if brief.parts else []
    lines += [f"{_PROPORTIONS} {_line(brief.proportions)}"] if brief.proportions.strip() else []
    lines += [f"{_STYLE} {_line(brief.style)}"] if brief.style.strip() else []
    lines += [_CHECKS, *(f"- {_line(check)}" for check in brief.checks)] if brief.checks else []
    return "\n".join(lines)


def part_line(part: BriefPart) -> str:
    """One part of `brief_text`."""
    name = _line(part.name)
    count = f"{part.count} × " if part.count > 1 or _COUNT.match(name) else ""
    line = f"- {count}{name}: {size_text(part.size_m)} m"
    line += f", {_line(part.material).replace(' — ', ' - ')}" if part.material.strip() else ""
    return f"{line} — {_line(part.description)}" if part.description.strip() else line


def size_text(size_m: Sequence[float]) -> str:
    """Three lengths in one word: `0.45×0.42×0.04`."""
    return "×".join(f"{length:.4g}" for length in size_m)


def brief_of_text(text: str) -> Brief:
    """The brief that somebody has written, or changed, as text. A plain description is a title and a summary.

    Raises: ValueError: one sentence that names the line; pydantic's ValidationError is one too.
    """
    title, summary, facts = "", [], {}
    parts: list[BriefPart] = []
    checks: list[str] = []
    section = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip().lstrip("#").strip()
        if not line:
            continue
        heading = _HEADING.match(line)
        if not title:
            title = line
        elif heading and (":" in heading[0] or raw.lstrip().startswith("#")):
            section = _HEADINGS[heading[1].lower()]
            if rest := line.partition(":")[2].strip():
                facts.setdefault(section, []).append(rest)
        elif section == _PARTS:
            parts.append(_part_of_line(line, number))
        elif section == _CHECKS:
            checks.append(line.lstrip("-*").strip())
        else:
            (facts.setdefault(section, []) if section else summary).append(line)
    return Brief(
        title=title,
        summary="\n".join(summary),
        parts=parts,
        proportions=" ".join(facts.get(_PROPORTIONS, [])),
        style=" ".join(facts.get(_STYLE, [])),
        checks=checks,
    )


def _part_of_line(line: str, number: int) -> BriefPart:
    found = _PART.match(line)
    if found is None:
        raise ValueError(
            f"line {number} is not a part: write it as “- 4 × Leg: 0.04×0.04×0.44 m, oak — tapered” "
            "(count and what follows the size may be left out)"
        )
    return BriefPart(
        name=found["name"].strip(),
        size_m=[float(length) for length in re.split(r"[×x*]", found["size"].replace(" ", ""))],
        count=int(found["count"] or 1),
        material=(found["material"] or "").strip(),
        description=(found["description"] or "").strip(),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


_PARTS, _PROPORTIONS, _STYLE, _CHECKS = "Parts (x×y×z):", "Proportions:", "Style:", "To check at the end:"
_HEADINGS = {"parts": _PARTS, "proportions": _PROPORTIONS, "style": _STYLE, "to check": _CHECKS}
_HEADING = re.compile(r"(parts|proportions|style|to check)\b[^:]{0,24}(?::|$)", re.IGNORECASE)
_COUNT = re.compile(r"\d{1,4} × ")
_NUMBER = r"\d*\.?\d+(?:e[-+]?\d+)?"
_PART = re.compile(
    rf"^[-*] (?:(?P<count>\d{{1,4}}) ?[×x] )?(?P<name>.+?): "
    rf"(?P<size>{_NUMBER} ?[×x*] ?{_NUMBER} ?[×x*] ?{_NUMBER}) ?m"
    r"(?:, (?P<material>.*?))?(?: — (?P<description>.*))?$"
)
