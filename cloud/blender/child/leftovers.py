# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""What a step leaves behind beside the scene: threads, processes, classes."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import bpy

_THREADS_LIMIT_S = 5.0


def join_threads(before: set[threading.Thread]) -> list[str]:
    """Wait for the step's threads as the end of a script does, if for a short time. Returns: names of those left."""
    deadline = time.monotonic() + _THREADS_LIMIT_S
    started = [thread for thread in threading.enumerate() if thread not in before]
    # A dummy stands for a thread of a library that once called Python.
    ours = [thread for thread in started if not isinstance(thread, threading._DummyThread)]
    for thread in ours:
        if not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in ours if thread.is_alive()]


def end_processes() -> None:
    """End every process that this one may signal, but itself. Only where all of those are its own."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            continue


@contextlib.contextmanager
def noted_classes() -> Iterator[list[type]]:
    """The classes that the block registers with Blender, in order."""
    noted: list[type] = []
    register = bpy.utils.register_class

    def register_class(cls: type) -> None:
        register(cls)
        noted.append(cls)

    bpy.utils.register_class = register_class
    try:
        yield noted
    finally:
        bpy.utils.register_class = register


def unregister(classes: list[type]) -> None:
    """Take back what a failed step registered, as far as Blender lets go of it."""
    for cls in reversed(classes):
        with contextlib.suppress(RuntimeError, ValueError):
            bpy.utils.unregister_class(cls)
