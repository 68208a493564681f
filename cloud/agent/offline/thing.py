"""The record that describes one thing of the catalogue."""

from dataclasses import dataclass, field
from typing import Literal

Param = float | int | str | bool


@dataclass(frozen=True)
class Thing:
    """One buildable thing. The first of `materials` is the main slot: "red chair" and "wooden chair" change it.

    size_m: overall x, y, z by default; the front looks to -Y.
    materials: slot to material key, with a colour after a colon where it has one ("plastic:red").
    surface: something can stand on it; the root then has `p2m_surface`.
    where: where it usually is; on a `wall` its back is at +Y, `table` things are small.
    parts: names of the child objects that it has by default (each "<Root> <Part>").
    inside: things can lie in it; the root then has `p2m_inside` = [floor z, half_x, half_y].
    open_mesh: it has surfaces without thickness, such as a plane.
    """

    key: str
    nouns: tuple[str, ...]
    builder: str
    size_m: tuple[float, float, float]
    materials: dict[str, str]
    params: dict[str, Param] = field(default_factory=dict)
    surface: bool = False
    where: Literal["floor", "wall", "table", "sky"] = "floor"
    parts: tuple[str, ...] = ()
    inside: bool = False
    open_mesh: bool = False
    notes: str = ""


def thing(key: str, nouns: str, size_m: tuple[float, float, float], materials: dict[str, str], **more: object) -> Thing:
    """A `Thing` whose nouns are given with commas and whose builder is `build_<key>`."""
    words = tuple(noun.strip() for noun in nouns.split(","))
    return Thing(key, words, f"build_{key}", size_m, materials, **more)  # type: ignore[arg-type]
