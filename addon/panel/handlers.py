"""What the add-on does when a file is opened, a step is undone, or Blender ends (bpy)."""

import atexit
from collections.abc import Callable

import bpy
from bpy.app.handlers import persistent

from . import pump, session


@persistent
def _before_load(*_: object) -> None:
    """An import under way belongs to the file that goes."""
    running = pump.current_pump()
    if running is not None:
        running.arriving.drop(session.current())


@persistent
def _after_load(*_: object) -> None:
    found, running = session.current(), pump.current_pump()
    if found is not None:
        found.new_file()
    if running is not None:
        running.start()


@persistent
def _before_undo(*_: object) -> None:
    """Undo exchanges the data that an import under way is at."""
    _before_load()


_PLACES = {
    "load_pre": _before_load,
    "load_post": _after_load,
    "undo_pre": _before_undo,
    "redo_pre": _before_undo,
}


_at_exit: list[Callable[[], None]] = []


def register(take_all_off: Callable[[], None]) -> None:
    """`take_all_off` unregisters the whole add-on. Blender calls that as it ends; where it is a module of Python
    nobody does, and its end then hangs on classes that are still registered."""
    for place, handler in _PLACES.items():
        getattr(bpy.app.handlers, place).append(handler)
    _at_exit.append(session.finish if bpy.app.binary_path else take_all_off)
    atexit.register(_at_exit[0])


def unregister() -> None:
    while _at_exit:
        atexit.unregister(_at_exit.pop())
    for place, handler in _PLACES.items():
        handlers = getattr(bpy.app.handlers, place)
        if handler in handlers:
            handlers.remove(handler)
