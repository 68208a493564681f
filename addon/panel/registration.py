"""Registers everything with Blender, and takes it off again, at any moment and any number of times (bpy)."""

import logging
from collections.abc import Callable

import bpy

from . import (
    account,
    brief_buttons,
    brief_panel,
    handlers,
    help_buttons,
    help_panel,
    job_buttons,
    job_panel,
    main_panel,
    parameter_panel,
    preferences,
    project_buttons,
    project_panels,
    prompt_panel,
    prompting,
    properties,
    pump,
    session,
)
from .making import make_worker

log = logging.getLogger(__name__)

_BUTTONS: tuple[type, ...] = (
    *account.CLASSES,
    *prompting.CLASSES,
    *job_buttons.CLASSES,
    *brief_buttons.CLASSES,
    *project_buttons.CLASSES,
    *help_buttons.CLASSES,
)
PANELS: tuple[type[bpy.types.Panel], ...] = (
    # A panel's parent must be known before it.
    *main_panel.CLASSES,
    *brief_panel.CLASSES,
    *prompt_panel.CLASSES,
    *job_panel.CLASSES,
    *parameter_panel.CLASSES,
    *project_panels.CLASSES,
    *help_panel.CLASSES,
)

_undo: list[Callable[[], None]] = []
"""How to take off what was registered, the newest last."""


def register() -> None:
    """Register. Where it was registered already, it is taken off first; where it fails, nothing stays registered."""
    unregister()
    try:
        _register()
    except Exception:
        unregister()
        raise


def _register() -> None:
    session.begin(session.Session(make_worker))
    _undo.append(session.finish)
    properties.register()
    _undo.append(properties.unregister)
    preferences.register()
    _undo.append(preferences.unregister)
    for each in (*_BUTTONS, *PANELS):
        bpy.utils.register_class(each)
        _undo.append(lambda each=each: bpy.utils.unregister_class(each))
    pump.begin()
    _undo.append(pump.finish)
    handlers.register(unregister)
    _undo.append(handlers.unregister)
    begun = session.current()
    assert begun is not None
    preferences.take_defaults(begun)
    preferences.connect(begun)


def unregister() -> None:
    """Take everything off; the worker's threads have ended within a second. Once more is harmless."""
    while _undo:
        take_off = _undo.pop()
        try:
            take_off()
        except Exception:
            # What is left must be taken off all the same, or the next register fails.
            log.exception("a part of the add-on could not be unregistered")
