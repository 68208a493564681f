"""Functions that user code hung into Blender's events: they go when the scene that they were made for does."""

from collections.abc import Callable
from typing import Any

import bpy

Handler = Callable[..., Any]

_own: dict[str, list[Handler]] = {}


def remember_own_handlers() -> None:
    """What hangs there now is Blender's own. Before any user code runs."""
    _own.update({name: list(functions) for name, functions in _handler_lists().items()})


def forget_user_handlers() -> list[str]:
    """Only Blender's own stay. Persistent ones would outlive the loading of a file. Returns: the events concerned."""
    concerned = []
    for name, functions in _handler_lists().items():
        own = _own.get(name)
        if own is not None and functions != own:
            functions[:] = own
            concerned.append(name)
    return concerned


def _handler_lists() -> dict[str, list[Handler]]:
    return {
        name: functions
        for name in dir(bpy.app.handlers)
        if isinstance(functions := getattr(bpy.app.handlers, name), list)
    }
