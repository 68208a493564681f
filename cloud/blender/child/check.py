"""Facts about the geometry: what `check` answers."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import bpy
import numpy as np

from cloud.blender.child.camera import scene_camera, sight_of
from cloud.blender.child.checks.bodies import box_pairs
from cloud.blender.child.checks.copies import folded_scatters
from cloud.blender.child.checks.crossing import self_intersection
from cloud.blender.child.checks.finding import Finding, as_structured, as_text, sorted_findings
from cloud.blender.child.checks.floating import floating_findings
from cloud.blender.child.checks.ground import Ground, find_ground
from cloud.blender.child.checks.limits import CROSSING_TRIANGLES, OVERLAP_PAIRS, TIME_LIMIT_S
from cloud.blender.child.checks.mesh_faults import mesh_faults
from cloud.blender.child.checks.outliers import (
    invalid_geometry,
    missing_material,
    over_budget,
    scale_outliers,
    strays,
    unapplied_scale,
)
from cloud.blender.child.checks.overlaps import box_depth, overlap_findings
from cloud.blender.child.checks.scene import SceneArrays, Thing, name_families, read_scene
from cloud.blender.child.checks.standing import work_out_standing
from cloud.blender.child.checks.sunk import sunk_findings
from cloud.blender.child.checks.topology import Topology
from cloud.blender.child.subjects import frame_subject, visible_objects
from cloud.blender.child.wording import counted, counted_shapes, listed
from cloud.blender.frames import Message
from cloud.errors import InvalidInput

logger = logging.getLogger(__name__)


def warm_up_checks() -> None:
    """Import the libraries that the first check would wait for."""
    import manifold3d
    import scipy.sparse.csgraph
    import scipy.spatial

    logger.debug("checks are warm", extra={"libraries": [manifold3d.__name__, scipy.spatial.__name__]})


def check_scene(objects: Sequence[str] = (), triangle_budget: int = 0) -> Message:
    """All faults of what a render would show, or those of `objects` among the rest.

    Raises: InvalidInput: an object that is not there, or not seen.
    """
    began = time.monotonic()
    gc.disable()  # millions of short-lived numbers, none in a cycle: collecting them takes a third of the time
    try:
        return _check(objects, triangle_budget, began)
    finally:
        gc.enable()


def _check(objects: Sequence[str], triangle_budget: int, began: float) -> Message:
    scene = read_scene()
    chosen = _choose(scene, objects)
    survey = _Survey(scene, began)
    names = {thing.name for things in chosen.values() for thing in things}
    about = [f for f in survey.findings(chosen, triangle_budget) if names & {f.object, f.other}]
    findings = sorted_findings(folded_scatters(about, {thing.name for thing in scene.things}, survey.ground.name))
    elapsed = round(time.monotonic() - began, 3)
    structured = as_structured(findings) | {
        "objects": len(chosen) if objects else scene.objects,
        "triangles": sum(len(thing.shape.triangles) for things in chosen.values() for thing in things),
        "checked_s": elapsed,
        "skipped": survey.skipped,
        "overall": survey.overall(),
    }
    cut_off = "" if objects else _cut_off()
    return Message({"text": _text(findings, structured, cut_off), "structured": structured})


def _cut_off() -> str:
    """What the scene's camera cuts off of the scene, in a sentence; "" for nothing, and where there is no camera."""
    if scene_camera(bpy.context.scene) is None:  # pyright: ignore[reportArgumentType] - the stubs have it as a method
        return ""
    visible = visible_objects(bpy.context.evaluated_depsgraph_get(), rendered=True)
    try:
        sight = sight_of(visible, frame_subject(visible).names) if visible.points else None
    except ValueError:  # a camera that is scaled to 0 looks nowhere
        return "The camera shows nothing: its scale is 0."
    return sight.words() if sight else ""


def _choose(scene: SceneArrays, objects: Sequence[str]) -> dict[str, list[Thing]]:
    by_name: dict[str, list[Thing]] = {}
    for thing in scene.things:
        by_name.setdefault(thing.name, []).append(thing)
        if thing.instance:
            by_name.setdefault(thing.parent, [])
            if thing.parent in objects:
                by_name[thing.parent].append(thing)
    for name in objects:
        if name not in by_name:
            there = ", ".join(list(by_name)[:30]) or "none"
            raise InvalidInput(f"There is no visible object with a mesh named {name!r}; there are: {there}.")
    return {name: things for name, things in by_name.items() if things and (not objects or name in objects)}


class _Survey:
    """One look at the scene."""

    def __init__(self, scene: SceneArrays, began: float) -> None:
        self.scene, self.began, self.skipped = scene, began, list[str]()
        self.invalid = {thing: invalid_geometry(thing) for thing in scene.things}
        sound = [thing for thing in scene.things if self.invalid[thing] is None]
        self.topologies: dict[object, Topology] = {thing.shape: Topology(thing.shape) for thing in sound}
        self.sound = sound
        self.solid = [thing for thing in sound if len(thing.shape.triangles)]
        self.placed = [thing for thing in self.solid if not thing.crowd]
        self.ground: Ground = find_ground(self.placed)
        name_families(scene.things, self.ground.things)

    def findings(self, chosen: dict[str, list[Thing]], budget: int) -> Iterator[Finding]:
        """Everything, in the order in which it is worked out."""
        things = [thing for group in chosen.values() for thing in group]
        if found := over_budget(self.scene, things, budget):
            yield found
        copies = Counter(thing.shape for thing in self.scene.things)
        for thing in dict.fromkeys(things):
            scaled = unapplied_scale(thing, copies[thing.shape])
            yield from filter(None, (self.invalid[thing], scaled, missing_material(thing)))
        yield from self._mesh_findings(things)
        yield from self._place_findings()

    def _mesh_findings(self, things: Sequence[Thing]) -> Iterator[Finding]:
        firsts: dict[object, Thing] = {}
        for thing in things:
            if thing.shape in self.topologies:
                firsts.setdefault(thing.shape, thing)
        for shape, thing in firsts.items():
            yield from mesh_faults(self.scene, thing, self.topologies[shape])
        left, not_tried = CROSSING_TRIANGLES, list[str]()
        for shape, thing in sorted(firsts.items(), key=lambda first: (len(first[1].shape.triangles), first[1].name)):
            left -= len(thing.shape.triangles)
            if self._is_late(out_of_work=left < 0):
                not_tried.append(thing.name)
                continue
            yield from self_intersection(thing, self.topologies[shape])
        if not_tried:
            self.skipped.append(f"whether {listed(not_tried, 4)} run through themselves")

    def _place_findings(self) -> Iterator[Finding]:
        ground = self.ground
        movable = [t for t in self.placed if t not in ground.things and t not in ground.setting]
        if not movable:
            return
        standing = work_out_standing(movable, self.topologies, ground)
        yield from floating_findings(standing, ground)
        yield from sunk_findings(standing, ground)
        yield from scale_outliers(self.placed, ground, standing)
        yield from strays(movable, ground)
        low, high = np.array([t.low for t in movable]), np.array([t.high for t in movable])
        pairs = [(movable[i], movable[j]) for i, j in box_pairs(low, high, 0.0)]
        # Depths are exact for so many pairs: in an order that every run has, those deepest in each other's boxes first.
        pairs.sort(key=lambda pair: (-box_depth(*pair), pair[0].name, pair[1].name))
        yield from overlap_findings(
            pairs,
            self.topologies,
            standing,
            self._leave_pairs,
        )

    def _leave_pairs(self, pairs: str, tried: int) -> bool:
        if late := self._is_late(out_of_work=tried >= OVERLAP_PAIRS):
            self.skipped.append(f"whether {pairs} run into each other")
        return late

    def _is_late(self, *, out_of_work: bool) -> bool:
        return out_of_work or time.monotonic() - self.began > TIME_LIMIT_S

    def overall(self) -> dict[str, Any]:
        """The scene's box and ground."""
        if not self.solid:
            return {"min": [], "max": [], "size": [], "ground_z": 0.0, "ground": ""}
        low, high = np.min([t.low for t in self.solid], axis=0), np.max([t.high for t in self.solid], axis=0)
        return {
            "min": [round(float(value), 5) for value in low],
            "max": [round(float(value), 5) for value in high],
            "size": [round(float(value), 5) for value in high - low],
            "ground_z": round(self.ground.level, 5),
            "ground": self.ground.things[0].name if self.ground.things else "",
        }


def _text(findings: Sequence[Finding], structured: dict[str, Any], cut_off: str) -> str:
    severities = [finding.severity for finding in findings]
    named = [(word, severities.count(word)) for word in ("error", "warning", "note")]  # pyright: ignore[reportArgumentType]
    counts = [counted(count, word) for word, count in named if count]
    overall = structured["overall"]
    size = " × ".join(f"{value:.3g}" for value in overall["size"])
    ground = overall["ground"] or f"z = {overall['ground_z']:.3g}"
    verdict = ", ".join(counts) if counts else "No faults"
    if structured["ok"] and counts:
        verdict = f"No faults ({verdict})"
    head = (
        f"{verdict} in {counted_shapes(structured['objects'])}, {counted(structured['triangles'], 'triangle')}, "
        f"{size} m; "
        f"ground: {ground} ({structured['checked_s']:.2f} s)."
    )
    if not structured["objects"]:
        head = "There is nothing to check: no visible object has a mesh."
    skipped = structured["skipped"]
    tail = [f"Too much for one check, so not looked at: {'; '.join(skipped)}."]
    return as_text(findings, head, [*(tail if skipped else []), *([cut_off] if cut_off else [])])
