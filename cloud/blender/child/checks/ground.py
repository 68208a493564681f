"""Where the ground is: a thing of the scene that lies under it, the level that most things stand on, or z = 0."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cloud.blender.child.checks.limits import (
    GROUND_FOOTPRINT,
    GROUND_LARGER,
    GROUND_THICKNESS,
    SAMPLES_AT_MOST,
    SKY_LARGER,
    TOUCH,
)
from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.checks.space import Floats, within


def _named(words: str) -> re.Pattern[str]:
    """Names that end in one of the words: "Sea", "Sea Surface", "sea.001", but no "Seat" and no "Sea Chest"."""
    return re.compile(rf"(?i)(^|[\W_])({words})s?([\W_]*(plane|surface|mesh|tile|level|\d+))*$")


_GROUND = _named("ground|floor|terrain|lawn|soil|earth|landscape|island|street|road|pavement|hill|beach")
_WATER = _named("water|sea|ocean|lake|pond|pool|river")
_BACKDROP = _named("sky|backdrop|background|skydome|skybox|sky ?sphere|cyclorama|horizon|dome")


@dataclass(eq=False)
class Ground:
    """What things stand on. `uneven`: things whose surface is the ground; empty where a level says it all."""

    level: float = 0.0
    things: list[Thing] = field(default_factory=list)
    setting: list[Thing] = field(default_factory=list)
    """Sky, backdrop and water: they carry what touches them and are nobody's fault."""
    water: list[Thing] = field(default_factory=list)
    """Those of `setting` in which things swim."""
    known: bool = False
    """The scene shows where the ground is; else z = 0 is a guess."""
    flat: bool = True
    base: float = 0.0
    """The level beside the ground's things: a boat beside its island lies at the island's foot."""

    @property
    def name(self) -> str:
        """In words."""
        return self.things[0].name if self.things else f"z = {self.level:.3g}"

    def heights(self, points: Floats) -> Floats:
        """How high points are above the ground, negative below it."""
        above = points[:, 2] - self.level
        if self.base != self.level:
            beside = np.ones(len(points), dtype=bool)
            for thing in self.things:
                beside &= ~within(points[:, :2], thing.low, thing.high)
            above[beside] = points[beside, 2] - self.base
        if self.flat:
            return above
        top = max(thing.high[2] for thing in self.things)
        for i, (x, y, z) in enumerate(points.tolist()):
            hits = [thing.tree.ray_cast((x, y, top + 1), (0, 0, -1))[0] for thing in self.things]
            found = [hit.z for hit in hits if hit]
            if found:
                above[i] = z - max(found)
        return above

    def foot_height(self, points: Floats) -> float:
        """How high its foot is: on a slope the half of it that lies lower may be in the ground."""
        if self.flat:
            return float(self.heights(points).min())
        reach = points[:, 2].min() + 0.05 * np.ptp(points[:, 2])
        foot = points[points[:, 2] <= reach]
        return float(np.median(self.heights(foot[:: len(foot) // 100 + 1])))

    def lowest_height(self, points: Floats) -> float:
        """The height of the point that is lowest above the ground."""
        if self.flat:
            return float(self.heights(points).min())
        low = points[np.argsort(points[:, 2])[: SAMPLES_AT_MOST // 5]]
        return float(self.heights(np.concatenate([low, points[:: len(points) // 200 + 1]])).min())


def find_ground(things: Sequence[Thing]) -> Ground:
    """The ground of the scene, and what is only its setting."""
    ground = Ground(setting=_find_setting(things))
    ground.water = [thing for thing in ground.setting if _WATER.search(thing.name)]
    solid = [thing for thing in things if thing not in ground.setting]
    ground.things = _find_ground_things(solid)
    standing = [thing for thing in solid if thing not in ground.things]
    if ground.things:
        ground.known = True
        ground.level = max(float(thing.high[2]) for thing in ground.things)
        ground.flat = all(_is_level(thing, ground.level) for thing in ground.things)
        if not ground.flat:
            ground.level = float(np.median([thing.high[2] for thing in ground.things]))
        lowest = min(float(thing.low[2]) for thing in ground.things)
        ground.base = 0.0 if lowest <= 0 <= ground.level else lowest
    elif standing:
        ground.level, ground.known = _common_level(standing)
        ground.base = ground.level
    return ground


def _find_setting(things: Sequence[Thing]) -> list[Thing]:
    if len(things) < 2:
        return [thing for thing in things if _is_flat_water(thing)]
    low, high = np.array([thing.low for thing in things]), np.array([thing.high for thing in things])
    across = np.linalg.norm(high - low, axis=1)
    # What the others span is bounded by the two extremes on each side: each thing is left out of its own.
    lows, highs = np.partition(low, 1, axis=0)[:2], np.partition(high, -2, axis=0)[-2:]
    setting = []
    for i, thing in enumerate(things):
        rest_low = np.where(low[i] == lows[0], lows[1], lows[0])
        rest_high = np.where(high[i] == highs[1], highs[0], highs[1])
        holds_all = len(things) > 2 and _surrounds(thing, rest_low, rest_high)
        largest = across.max() if across[i] < across.max() else np.partition(across, -2)[-2]
        backdrop = _BACKDROP.search(thing.name) and thing.across >= largest / 2
        if holds_all or backdrop or _is_flat_water(thing):
            setting.append(thing)
    return setting


def _is_flat_water(thing: Thing) -> bool:
    return bool(_WATER.search(thing.name)) and bool(thing.dimensions[2] <= 0.2 * thing.dimensions[:2].max())


def _surrounds(thing: Thing, low: Floats, high: Floats) -> bool:
    """It is far around all others, which span this: a sky, and no basket."""
    held = bool((low >= thing.low).all() and (high <= thing.high).all())
    return held and thing.across >= SKY_LARGER * float(np.linalg.norm(high - low))


def _find_ground_things(things: Sequence[Thing]) -> list[Thing]:
    if len(things) < 2:
        return []
    named = [t for t in things if _GROUND.search(t.name) and t.dimensions[2] <= 0.5 * t.dimensions[:2].max()]
    if named:
        return named
    footprints = np.array([thing.dimensions[0] * thing.dimensions[1] for thing in things])
    low, high = np.min([t.low for t in things], axis=0), np.max([t.high for t in things], axis=0)
    largest = int(footprints.argmax())
    thing, rest = things[largest], np.delete(footprints, largest)
    width = float(thing.dimensions[:2].min())
    covers = footprints[largest] >= GROUND_LARGER * rest.max()
    plan = float(np.prod(high[:2] - low[:2]))
    sheet = thing.dimensions[2] <= 1e-3 * width
    wide = footprints[largest] >= GROUND_FOOTPRINT * plan or (sheet and rest.size > 4)
    if not covers or not wide or thing.dimensions[2] > GROUND_THICKNESS * width:
        return []
    top = float(thing.high[2])
    below = sum((other.low + other.high)[2] / 2 < top for other in things if other is not thing)
    at_zero = abs(top) <= 0.01 * width or abs(thing.low[2]) <= 0.01 * width
    under_most = below <= 0.4 * (len(things) - 1)
    return [thing] if under_most or (sheet and at_zero) else []


def _is_level(thing: Thing, level: float) -> bool:
    """The faces that look up lie at the level."""
    normals = thing.shape.face_normal @ np.linalg.inv(thing.matrix[:3, :3])
    up = normals[:, 2] > 0.1 * np.linalg.norm(normals, axis=1)
    if not up.any():
        return bool(thing.dimensions[2] <= 1e-3 * thing.across)
    centers = thing.shape.face_center[up] @ thing.matrix[:3, :3].T + thing.matrix[:3, 3]
    at_level = np.abs(centers[:, 2] - level) <= max(1e-3 * thing.across, 1e-6)
    return bool(thing.shape.face_area[up][at_level].sum() >= 0.9 * thing.shape.face_area[up].sum())


def _common_level(things: Sequence[Thing]) -> tuple[float, bool]:
    """The height at which most things begin, if there is one; else 0, and whether anything stands there."""
    families: dict[str, tuple[float, float]] = {}
    for thing in things:
        low, footprint = families.get(thing.family, (np.inf, 0.0))
        footprint = max(footprint, float(thing.dimensions[0] * thing.dimensions[1]))
        families[thing.family] = (min(float(thing.low[2]), low), footprint)
    bottoms, footprints = np.array(sorted(families.values())).T
    tolerance = TOUCH * float(np.median([thing.size for thing in things]))
    zero = int((np.abs(bottoms) <= tolerance).sum())
    counts = np.searchsorted(bottoms, bottoms + 2 * tolerance, side="right") - np.arange(len(bottoms))
    best = int(counts.argmax())
    # The rails of a ship begin at one height too, but more of it lies below them than stands there.
    below = footprints[:best].sum() > footprints[best : best + counts[best]].sum()
    if zero == 0 and len(bottoms) > 2 and counts[best] > 0.5 * len(bottoms) and not below:
        return float(bottoms[best]), True
    return 0.0, zero > 0
