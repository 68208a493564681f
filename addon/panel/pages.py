"""Long lists are shown a page at a time, so that drawing them costs the same whatever the server sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class Page:
    """`first` is the index of the page's first item, `size` how many it shows."""

    size: int
    first: int = 0

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Those on the page."""
        return items[self.first : self.first + self.size]

    def turn(self, by: int, total: int) -> None:
        """Go `by` pages on, or back."""
        self.first += by * self.size
        self.keep_within(total)

    def keep_within(self, total: int) -> None:
        """The list has `total` items now: show its last page rather than none."""
        last = max(total - 1, 0) // self.size * self.size
        self.first = min(max(self.first, 0), last)

    def can_turn(self, by: int, total: int) -> bool:
        """Whether there is a page that way."""
        return 0 <= self.first + by * self.size < total


@dataclass
class Pages:
    """Where the user is in each list."""

    projects: Page = field(default_factory=lambda: Page(6))
    history: Page = field(default_factory=lambda: Page(6))
    parameters: Page = field(default_factory=lambda: Page(24))
    parts: Page = field(default_factory=lambda: Page(20))
