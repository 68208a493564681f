"""Programmatic checks of a saved scene: what every scene should be, and what the prompt file says of this one.

`expect` of a task, each field optional:

fails          true: nothing can be built of this prompt, and the product must say so in a sentence
objects_min, objects_max, triangles_max    of objects with geometry, evaluated
size_m         {"x": [least, most], "y": …, "z": …, "longest": …} of all geometry's box, in metres
names          regular expressions: each is found in the name of some object with geometry, whatever the case
names_absent   likewise: in none
materials      regular expressions: each is found in the name of some material in use
colours        each [r, g, b] (linear, 0 to 1) is within 0.25 of the base colour of some material in use
materials_min  materials in use at least
ground         false: the scene need not stand on the ground
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

BELOW_GROUND_M = 0.01
_COLOUR_DISTANCE = 0.25
_SIDES = ("x", "y", "z", "longest")


class InvalidExpectation(Exception):
    """`expect` says something that is no check."""


@dataclass(frozen=True)
class SceneCheck:
    """One check of one scene. `asked`: the prompt file asked for it, it is not of the general kind."""

    name: str
    ok: bool
    detail: str = ""
    asked: bool = False


@dataclass(frozen=True)
class Expectation:
    """What the saved scene must hold; None and () ask for nothing."""

    fails: bool = False
    objects_min: int | None = None
    objects_max: int | None = None
    triangles_max: int | None = None
    size_m: Mapping[str, Sequence[float]] | None = None
    names: tuple[str, ...] = ()
    names_absent: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    colours: tuple[tuple[float, ...], ...] = ()
    materials_min: int | None = None
    ground: bool = True

    @classmethod
    def of_json(cls, value: object) -> "Expectation":
        """Raises: InvalidExpectation: not an object, an unknown field, a bad pattern or range."""
        if value in (None, "", {}):
            return cls()
        if not isinstance(value, dict):
            raise InvalidExpectation("`expect` must be a JSON object.")
        known = {field.name for field in fields(cls)}
        if unknown := set(value) - known:
            raise InvalidExpectation(f"`expect` has no {min(unknown)!r}; there are: {', '.join(sorted(known))}.")
        made = cls(**{key: _frozen(part) for key, part in value.items()})
        made._require_sense()
        return made

    def _require_sense(self) -> None:
        for pattern in (*self.names, *self.names_absent, *self.materials):
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                raise InvalidExpectation(f"{pattern!r} is no regular expression ({error}).") from error
        for side, span in (self.size_m or {}).items():
            if side not in _SIDES or len(span) != 2 or not span[0] <= span[1]:
                raise InvalidExpectation(f"size_m: {side!r} must be one of {', '.join(_SIDES)} with [least, most].")
        if any(len(colour) != 3 for colour in self.colours):
            raise InvalidExpectation("colours: each is [r, g, b].")

    def checks_of(self, facts: Mapping[str, Any]) -> list[SceneCheck]:
        """All checks, of the facts that `blend_facts` reads from a file."""
        if not facts.get("opens"):
            return [SceneCheck("opens", ok=False, detail=str(facts.get("error", "")))]
        return [SceneCheck("opens", ok=True), *self._general(facts), *self._asked(facts)]

    def _general(self, facts: Mapping[str, Any]) -> Iterator[SceneCheck]:
        solid = facts["objects"]
        yield SceneCheck("has geometry", bool(solid))
        for name, key in (("closed meshes", "open_edges"), ("applied scale", "unapplied_scale"), ("materials", "bare")):
            bad = [thing["name"] for thing in solid if thing[key]]
            yield SceneCheck(name, not bad, _listed(bad))
        yield SceneCheck("camera", bool(facts["has_camera"]))
        yield SceneCheck("light", facts["lights"] > 0)
        if self.ground and solid:
            low = min(thing["min"][2] for thing in solid)
            yield SceneCheck("above ground", low >= -BELOW_GROUND_M, f"lowest point {low:.3f} m")

    def _asked(self, facts: Mapping[str, Any]) -> Iterator[SceneCheck]:
        solid, materials = facts["objects"], facts["materials"]
        triangles = sum(thing["triangles"] for thing in solid)
        for name, found, least, most in (
            ("objects", len(solid), self.objects_min, self.objects_max),
            ("triangles", triangles, None, self.triangles_max),
            ("materials in use", len(materials), self.materials_min, None),
        ):
            if least is not None or most is not None:
                ok = (least is None or found >= least) and (most is None or found <= most)
                yield SceneCheck(name, ok, f"{found}, wanted {_range(least, most)}", asked=True)
        yield from self._sizes(solid)
        names = [thing["name"] for thing in solid]
        for pattern in self.names:
            yield SceneCheck(f"object /{pattern}/", _found(pattern, names), _listed(names), asked=True)
        for pattern in self.names_absent:
            yield SceneCheck(f"no object /{pattern}/", not _found(pattern, names), _listed(names), asked=True)
        for pattern in self.materials:
            called = [material["name"] for material in materials]
            yield SceneCheck(f"material /{pattern}/", _found(pattern, called), _listed(called), asked=True)
        for colour in self.colours:
            near = any(_distance(colour, material["colour"]) <= _COLOUR_DISTANCE for material in materials)
            yield SceneCheck(f"colour {list(colour)}", near, asked=True)

    def _sizes(self, solid: Sequence[Mapping[str, Any]]) -> Iterator[SceneCheck]:
        for side, (least, most) in (self.size_m or {}).items():
            if not solid:
                yield SceneCheck(f"size {side}", ok=False, detail="no geometry", asked=True)
                continue
            spans = [max(t["max"][axis] for t in solid) - min(t["min"][axis] for t in solid) for axis in range(3)]
            found = max(spans) if side == "longest" else spans[_SIDES.index(side)]
            detail = f"{found:.3g} m, wanted {least:g} to {most:g}"
            yield SceneCheck(f"size {side}", least <= found <= most, detail, asked=True)


def _found(pattern: str, names: Sequence[str]) -> bool:
    return any(re.search(pattern, name, re.IGNORECASE) for name in names)


def _distance(first: Sequence[float], second: Sequence[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(first, second, strict=False)) ** 0.5


def _range(least: int | None, most: int | None) -> str:
    return f"{'any' if least is None else least} to {'any' if most is None else most}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
