"""Briefs: what is to be built, as the server makes it and the user changes it."""

from dataclasses import dataclass
from typing import Any, Self

from . import fields

PARTS_LIMIT = 60
CHECKS_LIMIT = 30


@dataclass(frozen=True)
class BriefPart:
    """One part of what is to be built; `size_m` is its bounding box along x, y and z."""

    name: str
    size_m: tuple[float, float, float]
    count: int = 1
    material: str = ""
    description: str = ""

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a part of the brief")
        size_m = fields.lengths(data, "size_m")
        if size_m is None:
            raise fields.BadAnswer("a part of the brief has no size_m")
        return cls(
            name=fields.line(data, "name", 80),
            size_m=size_m,
            count=fields.whole(data, "count", 1),
            material=fields.line(data, "material", 200, ""),
            description=fields.line(data, "description", 1_000, ""),
        )

    def as_json(self) -> dict[str, Any]:
        """As the API takes it."""
        return {
            "name": self.name,
            "size_m": list(self.size_m),
            "count": self.count,
            "material": self.material,
            "description": self.description,
        }


@dataclass(frozen=True)
class Brief:
    """What is to be built: made of the prompt by the server, changed by the user (`dataclasses.replace`), sent back."""

    title: str
    summary: str = ""
    parts: tuple[BriefPart, ...] = ()
    proportions: str = ""
    style: str = ""
    checks: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the brief")
        return cls(
            title=fields.line(data, "title", 120),
            summary=fields.text(data, "summary", 4_000, ""),
            parts=fields.items(data, "parts", PARTS_LIMIT, BriefPart.of),
            proportions=fields.text(data, "proportions", 2_000, ""),
            style=fields.text(data, "style", 2_000, ""),
            checks=fields.lines(data, "checks", CHECKS_LIMIT, 300),
        )

    def as_json(self) -> dict[str, Any]:
        """As the API takes it."""
        return {
            "title": self.title,
            "summary": self.summary,
            "parts": [part.as_json() for part in self.parts],
            "proportions": self.proportions,
            "style": self.style,
            "checks": list(self.checks),
        }
