"""A brief while the user changes it. No Blender here."""

from dataclasses import dataclass, replace
from typing import Any

from ..core.types import CHECKS_LIMIT, PARTS_LIMIT, Brief, BriefPart

_NEW_PART = BriefPart("New part", (1.0, 1.0, 1.0))


@dataclass
class BriefDraft:
    """`job_id`: the job that wrote it. `part`, `check`: which one is open for changes, -1 for none."""

    job_id: str
    brief: Brief
    part: int = -1
    check: int = -1

    def change(self, **fields: Any) -> None:
        """Set fields of the brief."""
        self.brief = replace(self.brief, **fields)

    @property
    def open_part(self) -> BriefPart | None:
        """The part whose fields are shown."""
        return self.brief.parts[self.part] if 0 <= self.part < len(self.brief.parts) else None

    def change_part(self, **fields: Any) -> None:
        """Set fields of the open part; nothing where none is open."""
        part = self.open_part
        if part is not None:
            self.change(parts=_with(self.brief.parts, self.part, replace(part, **fields)))

    def add_part(self) -> bool:
        """Add one at the end and open it. Returns False where there is no room."""
        if len(self.brief.parts) >= PARTS_LIMIT:
            return False
        self.change(parts=(*self.brief.parts, _NEW_PART))
        self.part = len(self.brief.parts) - 1
        return True

    def remove_part(self, index: int) -> None:
        """Take it out; no part is open then."""
        self.change(parts=_without(self.brief.parts, index))
        self.part = -1

    @property
    def open_check(self) -> str:
        """The check whose field is shown, "" where none is."""
        return self.brief.checks[self.check] if 0 <= self.check < len(self.brief.checks) else ""

    def change_check(self, text: str) -> None:
        """Say the open check in other words."""
        if 0 <= self.check < len(self.brief.checks):
            self.change(checks=_with(self.brief.checks, self.check, text))

    def add_check(self) -> bool:
        """Add one at the end and open it. Returns False where there is no room."""
        if len(self.brief.checks) >= CHECKS_LIMIT:
            return False
        self.change(checks=(*self.brief.checks, ""))
        self.check = len(self.brief.checks) - 1
        return True

    def remove_check(self, index: int) -> None:
        """Take it out; no check is open then."""
        self.change(checks=_without(self.brief.checks, index))
        self.check = -1

    def amiss(self) -> str:
        """Why it cannot be built, in a sentence; empty: it can."""
        if not self.brief.title.strip():
            return "The brief needs a title."
        for part in self.brief.parts:
            if not part.name.strip():
                return "A part of the brief has no name; name it or take it out."
            if not all(length > 0 for length in part.size_m):
                return f"The part “{part.name}” needs a width, a depth and a height above 0."
        return ""

    def finished(self) -> Brief:
        """The brief to build: without checks that say nothing."""
        return replace(self.brief, checks=tuple(text.strip() for text in self.brief.checks if text.strip()))


def _with(items: tuple[Any, ...], index: int, item: Any) -> tuple[Any, ...]:
    return (*items[:index], item, *items[index + 1 :])


def _without(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return tuple(item for number, item in enumerate(items) if number != index)
