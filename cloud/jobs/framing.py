"""What the pictures of a whole scene frame: its things, while the ground that they stand on may go on beyond."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.agent.part_names import likeness

Facts = Mapping[str, Any]
Box = list[list[float]]
"""The low and the high corner, metres."""

_THIN = 0.05  # of its width: a ground, and no block
_LARGER = 1.5  # times the things: a smaller one costs them little of the picture
_SCATTERED_FROM = 8  # alike things on the ground, such as tufts and pebbles, ...
_SCATTERED_SIZE = 0.25  # ... of at most this share of all else
_AROUND = 0.12  # of the things' size: the ground that is seen on each side


def frame_of_things(objects: Sequence[Facts]) -> tuple[Box, str] | None:
    """The box of what stands on the ground, and the ground's name; None where there is no ground, or little of it.

    `objects`: the facts that `inspect` tells. What is scattered all over the ground is a part of it.
    """
    solid = [each for each in objects if any(each.get("dimensions", ())) and not each.get("hidden") and "min" in each]
    if len(solid) < 2:
        return None
    ground = max(solid, key=_width)
    things = [each for each in solid if each is not ground]
    size = max(_sizes(_around(things, ground)))
    kinds = Counter(likeness(each["name"]) for each in things)
    things = [
        each
        for each in things
        if kinds[likeness(each["name"])] < _SCATTERED_FROM or max(each["dimensions"]) > _SCATTERED_SIZE * size
    ] or things
    box = _around(things, ground)
    low, high = box
    size = max(_sizes(box))
    flat = ground["max"][2] - ground["min"][2] <= _THIN * _width(ground)
    within = all(ground["min"][axis] <= low[axis] and high[axis] <= ground["max"][axis] for axis in (0, 1))
    beneath = ground["max"][2] <= (low[2] + high[2]) / 2
    if not (flat and within and beneath) or _width(ground) < _LARGER * size:
        return None
    margin = [_AROUND * size, _AROUND * size, 0.0]
    seen = [[low[axis] - margin[axis] for axis in range(3)], [high[axis] + margin[axis] for axis in range(3)]]
    return seen, ground["name"]


def _around(things: Sequence[Facts], ground: Facts) -> Box:
    """The box of these; what lies below the ground's surface is not to be seen."""
    low = [min(each["min"][axis] for each in things) for axis in range(3)]
    high = [max(each["max"][axis] for each in things) for axis in range(3)]
    return [[*low[:2], min(max(low[2], ground["min"][2]), high[2])], high]


def _sizes(box: Box) -> list[float]:
    return [high - low for low, high in zip(*box, strict=True)]


def _width(each: Facts) -> float:
    return max(each["max"][axis] - each["min"][axis] for axis in (0, 1))
