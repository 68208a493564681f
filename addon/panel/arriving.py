# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""Brings downloaded scenes into the user's, a step a tick, when Blender is free for it (bpy)."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any, cast

import bpy

from ..core import messages as m
from ..core.problems import CoreError
from ..scene import importing
from ..scene.options import Imported, ImportOptions, Step
from .session import Arrival, Session

log = logging.getLogger(__name__)

STEPS_S = 0.002
"""Steps of an import are begun for so long in a tick; each takes about 2 ms."""


class Arriving:
    """One import at a time. Blender's main thread only; holds no object of Blender between two steps but the
    importer's own, which `drop` ends before another file is loaded."""

    def __init__(self) -> None:
        self._arrival: Arrival | None = None
        self._steps: Iterator[Step] | None = None
        self.step: Step | None = None

    @property
    def is_on(self) -> bool:
        """Whether an import is under way."""
        return self._steps is not None

    def advance(self, session: Session) -> None:
        """Do the next step, of the next scene that waits if need be; nothing while the user is in the middle of
        something."""
        window = _free_window()
        if window is None or (self._steps is None and not session.arrivals):
            return
        with _in_window(window):
            if self._steps is None:
                self._start(session, session.arrivals.pop(0))
            else:
                self._go_on(session)

    def drop(self, session: Session | None) -> None:
        """End the import in the middle: the importer takes back what it did."""
        steps, arrival = self._steps, self._arrival
        self._steps = self._arrival = self.step = None
        if steps is not None:
            cast(Any, steps).close()
        if session is not None and arrival is not None:
            session.submit(m.DropFile(path=arrival.download.path))

    def _start(self, session: Session, arrival: Arrival) -> None:
        self._arrival = arrival
        path, options = arrival.download.path, options_of(arrival)
        self._steps = importing.steps(path, options, bpy.context)
        self._go_on(session)

    def _go_on(self, session: Session) -> None:
        assert self._steps is not None
        try:
            self._take_steps(session, self._steps)
        except StopIteration as end:
            self._finish(session, end.value)
        except CoreError as error:
            self._end(session)
            session.refuse(error.sentence)
        except Exception:
            log.exception("an import broke")
            self._end(session)
            session.refuse("The import failed; the scene is as it was. Blender's console says more.")

    def _take_steps(self, session: Session, steps: Iterator[Step]) -> None:
        """As many as the time of a tick allows. The last one, which takes longer and says so, has to be drawn first."""
        until = time.perf_counter() + STEPS_S
        while True:
            step = next(steps)
            session.changed |= _drawn(step) != _drawn(self.step)
            self.step = step
            if step.busy_s or time.perf_counter() >= until:
                return

    def _finish(self, session: Session, imported: Imported) -> None:
        self._end(session)
        session.tell(" ".join([imported.sentence, *imported.notes]))

    def _end(self, session: Session) -> None:
        """The download goes, whatever came of it: the importer has given a file that is linked a name of its own."""
        arrival = self._arrival
        self._steps = self._arrival = self.step = None
        session.changed = True
        if arrival is not None:
            session.state.downloads.pop(arrival.download.order_id, None)
            session.submit(m.DropFile(path=arrival.download.path))


def _drawn(step: Step | None) -> tuple[str, int] | None:
    """What the panel shows of a step."""
    return (step.sentence, round(100 * step.fraction)) if step else None


def options_of(arrival: Arrival) -> ImportOptions:
    """What the importer is told."""
    choice, download = arrival.choice, arrival.download
    return ImportOptions(
        how=cast(Any, choice.how),
        where=cast(Any, choice.where),
        at=cast(Any, choice.place),
        project_id=download.project_id,
        project_name=download.project_name,
        snapshot_id=download.snapshot_id,
    )


def _free_window() -> bpy.types.Window | None:
    """The first window, if no operator waits for the user in any: data must not change under a move or a knife."""
    manager = bpy.context.window_manager
    windows = list(manager.windows) if manager else []
    for window in windows:
        if any(not operator.bl_idname.startswith("SCREEN_OT_animation") for operator in window.modal_operators):
            return None
    return windows[0] if windows else None


@contextlib.contextmanager
def _in_window(window: bpy.types.Window) -> Iterator[None]:
    """A context as an operator of that window's 3D view has it."""
    area = next((area for area in window.screen.areas if area.type == "VIEW_3D"), None)
    region = next((region for region in area.regions if region.type == "WINDOW"), None) if area else None
    found: dict[str, Any] = {"window": window}
    if area is not None and region is not None:
        found |= {"area": area, "region": region}
    with bpy.context.temp_override(**found):
        yield
