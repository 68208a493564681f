"""The timer that takes the worker's messages in, a few milliseconds at a time (bpy)."""

import logging
import threading
import time
import webbrowser
from urllib.parse import urlsplit

import bpy

from .arriving import Arriving
from .drain import BUDGET_S, Drained, drain
from .live_picture import LivePicture
from .parameter_fields import ParameterFields
from .pictures import Pictures
from .preferences import connect
from .redraw import redraw_sidebars
from .session import Session, current

__all__ = ["BUDGET_S", "Drained", "Pump", "drain"]

log = logging.getLogger(__name__)

SOON_S, BUSY_S, QUIET_S = 0.01, 0.1, 0.5
"""Until the next tick: while messages or steps of an import are left, while something goes on, else."""


class Pump:
    """Owns what is between the session and Blender: pictures, the parameters' properties, the import under way.

    Blender's main thread only. `once` never raises: Blender forgets a timer that does.
    """

    def __init__(self) -> None:
        self.pictures = Pictures()
        self.fields = ParameterFields()
        self.live = LivePicture()
        self.arriving = Arriving()
        self._second = -1
        # Blender knows a timer by its object, and each `self.once` is a new one.
        self._timer = self.once

    def start(self) -> None:
        """Tick from now on, also after another file is opened. Without a window there are no timers: call `once`."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, first_interval=BUSY_S, persistent=True)

    def stop(self) -> None:
        """Tick no more, and give back what Blender holds for us."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self.arriving.drop(current())
        self.fields.close()
        self.pictures.close()

    def once(self) -> float | None:
        """One tick. Returns: seconds until the next; None: the add-on is not registered any more."""
        session = current()
        if session is None:
            return None
        try:
            return self._tick(session)
        except Exception:
            log.exception("a tick of the add-on broke")
            session.refuse("The add-on stumbled; Blender's console says over what. Go on, or restart Blender.")
            return QUIET_S

    def _tick(self, session: Session) -> float:
        drained = Drained(0, False, 0.0)
        if session.worker is not None:
            drained = drain(session.worker.inbox, session.apply)
        if drained.is_left:
            self._redraw(session)
            return SOON_S
        self._follow_preferences(session)
        if session.to_open:
            open_in_browser(session.to_open)
            session.to_open = ""
        session.changed |= self.fields.fit(session.parameters)
        session.changed |= self.live.is_due(session.state.job_picture, time.monotonic())
        session.ask_for_pictures()
        self.arriving.advance(session)
        self._redraw(session)
        self.pictures.forget_old()
        if self.arriving.is_on:
            return SOON_S
        return BUSY_S if session.state.busy or session.arrivals else QUIET_S

    def _follow_preferences(self, session: Session) -> None:
        """Blender's "Allow Online Access" may be switched at any time, and nothing tells."""
        if session.server is not None and session.server.online != bpy.app.online_access:
            connect(session)

    def _redraw(self, session: Session) -> None:
        """Where there is something new, or a second more to show of a job's time."""
        second = int(time.monotonic()) if session.state.job_runs or session.state.code else -1
        if session.changed or second != self._second:
            session.changed, self._second = False, second
            redraw_sidebars()


def open_in_browser(url: str) -> bool:
    """Show a web page, in a thread: starting a browser can take seconds. Returns: whether it is a web address."""
    if urlsplit(url).scheme not in ("http", "https"):
        return False
    threading.Thread(target=webbrowser.open, args=(url,), name="p2m-browser", daemon=True).start()
    return True


_current: list[Pump] = []


def begin() -> Pump:
    """Start the pump. The one before, if any, is stopped."""
    finish()
    pump = Pump()
    _current.append(pump)
    pump.start()
    return pump


def finish() -> None:
    """Stop the pump, if there is one."""
    while _current:
        _current.pop().stop()


def current_pump() -> Pump | None:
    """The pump; None while the add-on is not registered."""
    return _current[0] if _current else None


def pump_once() -> float | None:
    """One tick, for Blenders without a window, where no timer fires."""
    pump = current_pump()
    return pump.once() if pump else None
