# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Which pictures to take: from where each, and what has to be left out of it for the subject to be seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from cloud.blender.child.camera import Lens, camera_lens, sight_of
from cloud.blender.child.framing import AROUND, Shot, frame_points
from cloud.blender.child.stage import copied_layer, copied_scene
from cloud.blender.child.subjects import Framed, Points, Visible, frame_subject, stands_between
from cloud.blender.child.viewport import HIDDEN, TRIAL_PX, plain_viewport
from cloud.errors import InvalidInput

_WELL_SEEN = 0.25  # of the subject's pixels
_NAMED_AT_MOST = 5


@dataclass
class Take:
    """One picture."""

    label: str
    shot: Shot | None
    """None: the scene's own camera."""
    only: frozenset[str] | None = None
    """The objects in it; None: all."""
    notes: list[str] = field(default_factory=list)

    def lens(self, size: int) -> Lens:
        """Width and height in pixels, view and projection."""
        if self.shot:
            return (size, size), self.shot.pose.inverted(), self.shot.projection
        return camera_lens(size)


@dataclass
class Plan:
    """The pictures, and what they are about."""

    takes: list[Take]
    visible: Visible
    points: Points
    """Of the subject."""
    marked: frozenset[str] = frozenset()
    """To stand out in an accent colour."""
    notes: list[str] = field(default_factory=list)


def plan_takes(
    views: Sequence[str], visible: Visible, chosen: Collection[str], show: str, frame: Points | None = None
) -> Plan:
    """What to draw for these views; with `frame`, pictures of all hold these points, rather than the scene's own.

    Raises: InvalidInput: none of the chosen objects can be seen.
    """
    seen = frozenset(name for name in chosen if name in visible.points)
    if chosen and not seen:
        raise InvalidInput(f"{_listed(sorted(chosen))}: nothing to see, it is hidden or has no geometry.")
    framed = frame_subject(visible)
    if show == "isolate":
        points = visible.joined(seen)
        takes = [Take(_label(view), _shot(view, points), seen) for view in views]
        plan = Plan(takes, visible, points, notes=[f"Only {_listed(sorted(seen))}."])
    elif show == "around":
        plan = _plan_around(views, visible, seen)
    else:
        plan = _plan_whole(views, visible, framed, marked=seen, frame=frame)
    about = seen if show in {"isolate", "around"} else framed.names | seen
    if "camera" in views and (sight := sight_of(visible, about)) and (words := sight.words()):
        plan.notes.append(words)
    return plan


def _plan_whole(
    views: Sequence[str], visible: Visible, framed: Framed, marked: frozenset[str], frame: Points | None
) -> Plan:
    names, strays = framed.names | marked, framed.strays - marked
    points = visible.joined(names) if frame is None else frame
    around = visible.corners(visible.points.keys() - strays)
    takes = []
    for view in views:
        take = Take(_label(view), _shot(view, points, around))
        if take.shot:
            eye = np.array(take.shot.eye)
            cut = {name for name in framed.backdrops - marked if stands_between(visible.points[name], points, eye)}
            if cut:
                take.only = frozenset(visible.points.keys() - cut)
                take.notes.append(f"{take.label}: without {_listed(sorted(cut))}, which would hide the rest.")
        takes.append(take)
    plan = Plan(takes, visible, points, marked)
    by_us = any(take.shot for take in takes)  # the scene's own camera frames what it frames
    if by_us and framed.backdrops - marked:
        plan.notes.append(f"{_listed(sorted(framed.backdrops))}: larger than the pictures, which frame the rest.")
    if by_us and strays:
        plan.notes.append(f"Too far away to be in the pictures: {_listed(sorted(strays))}.")
    if visible.lines_alone:
        plan.notes.append(f"Without a face, drawn as lines or dots: {_listed(sorted(visible.lines_alone))}.")
    if marked:
        plan.notes.append(f"Highlighted: {_listed(sorted(marked))}.")
    return plan


def _plan_around(views: Sequence[str], visible: Visible, chosen: frozenset[str]) -> Plan:
    """Each view, or if that shows nothing of the objects, another one that does, or else the objects alone."""
    points, around = visible.joined(chosen), visible.corners(visible.points)
    plan = Plan([], visible, points, notes=[f"Around {_listed(sorted(chosen))}."])
    with plain_viewport() as port, copied_scene(chosen) as alone:
        layer = copied_layer(alone)

        def share(shot: Shot) -> float:
            return port.seen_share(layer, (TRIAL_PX, TRIAL_PX), shot.pose.inverted(), shot.projection)

        for view in views:
            shot = _shot(view, points, around)
            take = Take(_label(view), shot)
            plan.takes.append(take)
            if shot is None or share(shot) > HIDDEN:
                continue
            others = {
                other: _shot(other, points, around) for other in (*AROUND, "top", "front", "right", "back", "left")
            }
            shares = {other: share(tried) for other, tried in others.items() if tried and other != view}
            best = next(
                (name for name in shares if shares[name] > _WELL_SEEN), max(shares, key=lambda name: shares[name])
            )
            if shares[best] > HIDDEN:
                take.label, take.shot = f"{_label(best)} (hidden from {_label(view)})", others[best]
            else:
                take.only = chosen
                take.notes.append(f"{take.label}: other objects hide it from every side, so it is drawn alone.")
    return plan


def _shot(view: str, points: Points, around: Points | None = None) -> Shot | None:
    return None if view == "camera" else frame_points(view, points, around)


def _label(view: str) -> str:
    return view.replace("_", " ")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
