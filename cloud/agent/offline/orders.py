"""What a prompt asks for, as data: new groups of things, objects of the scene, relations and commands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Axis = Literal["x", "y", "z", "d", "l", "t", "max"]
"""x, y, z; d: diameter (x and y); l: the longer of x and y; t: the thinnest; max: the largest of all."""

RelationKind = Literal[
    "on", "in", "under", "next_to", "near", "left_of", "right_of", "in_front_of", "behind", "around", "between",
    "above", "facing", "with",
]  # fmt: skip
"""`with`: on its top where it has one and the thing is small, else beside it."""

Arrangement = Literal["", "row", "circle", "grid", "stack", "scatter"]
Point = tuple[float, float, float | None]
"""x, y, z in metres; z None: on the ground."""


@dataclass
class Traits:
    """How a thing or a part of it shall differ from the catalogue. `stretch` multiplies, `sizes` are metres."""

    colour: str = ""
    material: str = ""
    scale: float = 1.0
    stretch: dict[Axis, float] = field(default_factory=dict)
    sizes: dict[Axis, float] = field(default_factory=dict)
    params: dict[str, float | int | str | bool] = field(default_factory=dict)
    rotation_deg: dict[str, float] = field(default_factory=dict)

    def say_anything(self) -> bool:
        """Whether anything at all is asked for."""
        return self != Traits()

    def resizes(self) -> bool:
        """Whether the size changes."""
        return bool(self.scale != 1.0 or self.stretch or self.sizes)


@dataclass(eq=False)
class Target:
    """Something that a sentence speaks of; compared by identity."""

    key: str
    count: int
    traits: Traits = field(default_factory=Traits)
    parts: dict[str, Traits] = field(default_factory=dict)
    name: str = ""
    at: Point | None = None

    def traits_of(self, part: str) -> Traits:
        """The traits of a part (a material slot), or of the whole for the empty name."""
        return self.parts.setdefault(part, Traits()) if part else self.traits


@dataclass(eq=False)
class Group(Target):
    """New things of one kind. `owner`: the thing that came "with" them. `counted`: the user said how many."""

    counted: bool = False
    arrangement: Arrangement = ""
    grid: tuple[int, int] = (0, 0)
    owner: Target | None = None
    spacing_m: float | None = None


@dataclass(eq=False)
class Existing(Target):
    """Objects of the scene, by their names there. `shift`: move by this many metres (x, y, z).

    `on_ground`: set down on the floor.
    """

    names: tuple[str, ...] = ()
    shift: tuple[float, float, float] | None = None
    arrangement: Arrangement = ""
    on_ground: bool = False


@dataclass(eq=False)
class Relation:
    """Where `subjects` stand with regard to `anchors`. `each`: one set of subjects for each anchor.

    words: what the user wrote for it, for a relation that cannot be honoured.
    """

    kind: RelationKind
    subjects: list[Target]
    anchors: list[Target]
    distance_m: float | None = None
    each: bool = False
    words: str = ""


@dataclass(eq=False)
class Command:
    """An action on objects of the scene: remove them, copy them `count` times, put `new` in their place, or let them
    change places with `other`. `placed`: where the copies stand.
    """

    verb: Literal["remove", "duplicate", "replace", "swap"]
    target: Existing
    count: int = 1
    new: Group | None = None
    other: Existing | None = None
    arrangement: Arrangement = ""
    placed: Relation | None = None


Order = Group | Existing | Relation | Command


@dataclass
class Request:
    """The whole prompt. `not_built`: phrases in the user's own words; `remarks`: full sentences for the answer."""

    orders: list[Order] = field(default_factory=list)
    not_built: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def relations_of(self, target: Target) -> Sequence[Relation]:
        """Relations in which `target` is a subject, in the order of the words."""
        return [order for order in self.orders if isinstance(order, Relation) and target in order.subjects]
