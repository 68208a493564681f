# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""The scene on a turntable: one ride around it as a GIF or an MP4 that loops.

A ride takes seconds, so it is drawn in several calls: each draws some views and says how far it is, the last one hands
the file over. What was drawn is kept in memory for the same scene alone; a Blender that is new begins again.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from cloud.blender.child.drawing import draw_takes
from cloud.blender.child.film import write_film
from cloud.blender.child.framing import orbit_shots
from cloud.blender.child.read_back import scene_triangles
from cloud.blender.child.sheet import Picture
from cloud.blender.child.stage import no_handlers
from cloud.blender.child.subjects import Visible, frame_subject, stands_between, visible_objects
from cloud.blender.child.takes import Plan, Take
from cloud.blender.child.wording import counted
from cloud.blender.frames import Message, hand_over
from cloud.errors import InvalidInput

FRAMES, FRAMES_OF_HEAVY = 48, 24
SIZE_PX = 512
LAPS_MS = 3360  # once around: 70 ms a frame, or 140
HEAVY_TRIANGLES = 3_000_000
TRIANGLES_AT_MOST = 20_000_000
# Two cores draw 1.5 million triangles in 0.65 s: so one call takes a few seconds at most.
_TRIANGLES_A_CALL = 12_000_000
_FRAMES_A_CALL = 8
BACKGROUND = (0.46, 0.46, 0.47)
"""Linear; a neutral grey from which white and black things both stand out."""


@dataclass
class _Ride:
    """Some of a scene's views, as far as they are drawn. `scene` is the snapshot's hash."""

    scene: str
    plan: Plan
    triangles: int
    pictures: list[Picture] = field(default_factory=list)


class Turntable:
    """Draws rides, one at a time."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._ride: _Ride | None = None

    def go_on(self, scene: str, file_format: str) -> Message:
        """Draw some more views of the open scene, which is the snapshot `scene`; with the last one comes the file.

        Raises: InvalidInput: there is nothing to see, or too much.
        """
        if self._ride is None or self._ride.scene != scene:
            self._ride = None  # first, so that two are never in memory
            self._ride = _begin(scene)
        ride = self._ride
        self._draw_some(ride)
        done, total = len(ride.pictures), len(ride.plan.takes)
        structured = {"done": done, "of": total, "triangles": ride.triangles, "files": []}
        if done < total:
            return Message({"text": f"Drew {done} of {total} views.", "structured": structured})
        self._ride = None
        folder = Path(tempfile.mkdtemp(prefix="turntable-", dir=self._scratch))
        try:
            path = folder / f"turntable.{file_format}"
            write_film(ride.pictures, path, LAPS_MS // total)
            structured["files"] = [{"name": path.name, "bytes": path.stat().st_size}]
            fd = hand_over(path)
        except RuntimeError as error:
            raise InvalidInput(f"Blender could not write turntable.{file_format}: {str(error).strip()}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        text = f"Wrote turntable.{file_format}: {counted(total, 'view')}, {SIZE_PX} px, {LAPS_MS / 1000:.1f} s a lap."
        return Message({"text": text, "structured": structured}, fds=(fd,))

    def _draw_some(self, ride: _Ride) -> None:
        drawn = len(ride.pictures)
        some = max(1, min(_FRAMES_A_CALL, _TRIANGLES_A_CALL // max(ride.triangles, 1)))
        takes = ride.plan.takes[drawn : drawn + some]
        with no_handlers():
            plan = Plan(takes, ride.plan.visible, ride.plan.points)
            ride.pictures += draw_takes(plan, SIZE_PX, background=BACKGROUND)


def _begin(scene: str) -> _Ride:
    """Raises: InvalidInput: as `go_on`."""
    with no_handlers():
        graph = bpy.context.evaluated_depsgraph_get()
        triangles = scene_triangles(graph, lambda _: True)
        if triangles > TRIANGLES_AT_MOST:
            raise InvalidInput(
                f"The scene has {triangles:,} triangles, and a turntable takes at most {TRIANGLES_AT_MOST:,}: "
                "ask for fewer, or for simpler parts, then try again."
            )
        visible = visible_objects(graph, rendered=False)
    if not visible.points:
        raise InvalidInput("There is nothing to see in the scene, so there is no turntable; build something first.")
    return _Ride(scene, _plan_ride(visible, FRAMES_OF_HEAVY if triangles > HEAVY_TRIANGLES else FRAMES), triangles)


def _plan_ride(visible: Visible, frames: int) -> Plan:
    """All views hold the same things: what would hide the rest from one side is left out of all."""
    framed = frame_subject(visible)
    points = visible.joined(framed.names)
    shots = orbit_shots(points, frames, visible.corners(visible.points.keys() - framed.strays))
    hiding = {
        name
        for name in framed.backdrops
        if any(stands_between(visible.points[name], points, shot.eye) for shot in shots)
    }
    only = frozenset(visible.points.keys() - hiding) if hiding else None
    return Plan([Take(f"view {number}", shot, only) for number, shot in enumerate(shots, 1)], visible, points)
