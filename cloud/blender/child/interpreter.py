"""Python as a script of its own process finds it, and as it was before once the script has ended.

Steps share one interpreter. Each begins as `python script.py` would in the workspace; what it changes of Python
itself ends with it. What it changes of Blender (registered classes, properties of types) stays.
"""

import atexit
import builtins
import contextlib
import functools
import gc
import importlib
import locale
import logging
import math
import os
import random
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bmesh
import bpy
import mathutils
import mathutils.noise
import numpy as np

READY_NAMES = {
    "bpy": bpy,
    "bmesh": bmesh,
    "mathutils": mathutils,
    "math": math,
    "random": random,
    "np": np,
    "numpy": np,
}
"""Ready without an import. They are built in rather than global: add-ons ask `if "bpy" in locals()`."""

_ATTRIBUTES: tuple[tuple[Any, str], ...] = (
    *((sys, name) for name in ("stdin", "argv", "excepthook", "displayhook", "unraisablehook", "dont_write_bytecode")),
    (threading, "excepthook"),
    (atexit, "register"),
)
_LISTS: tuple[list[Any], ...] = (sys.path, sys.meta_path, sys.path_hooks)
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.getswitchinterval, sys.setswitchinterval),
    (sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    (sys.gettrace, sys.settrace),
    (sys.getprofile, sys.setprofile),
    (socket.getdefaulttimeout, socket.setdefaulttimeout),
    (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    (lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
)


@contextlib.contextmanager
def as_script(path: Path, seed: int) -> Iterator[ModuleType]:
    """The block runs as `python path` would, in the path's folder. Yields: the module `__main__`, without names.

    Chance is seeded: `random`, `numpy.random` and `mathutils.noise`.
    """
    _forget_old_cycles()
    builtins.__dict__.update(READY_NAMES)
    with contextlib.ExitStack() as stack:
        for keep in (_kept_attributes, _kept_settings, _kept_process, _kept_signals, _kept_logging):
            stack.enter_context(keep())
        stack.enter_context(_kept_modules(str(path.parent) + os.sep))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(np.errstate())
        stack.enter_context(np.printoptions())
        main = _main_module(path)
        sys.modules["__main__"] = main
        sys.argv = [str(path)]
        sys.path.insert(0, str(path.parent))
        sys.stdin = stack.enter_context(open(os.devnull, encoding="utf-8"))
        sys.setrecursionlimit(sys.getrecursionlimit() + _depth())
        os.chdir(path.parent)
        importlib.invalidate_caches()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        mathutils.noise.seed_set(seed % 2**31 + 1)  # 0 would be the time of day
        with _ended_by_its_own_exit_calls(main):
            yield main


def _main_module(path: Path) -> ModuleType:
    main = ModuleType("__main__")
    vars(main).update(__file__=str(path), __cached__=None, __builtins__=builtins)
    return main


def _depth() -> int:
    """Frames below the caller: the script gets the depth of recursion that it would have at the bottom."""
    frame, depth = sys._getframe(1), 0
    while frame := frame.f_back:
        depth += 1
    return depth


def _forget_old_cycles() -> None:
    """Free what the step before left in reference cycles (a function and its module are one)."""
    _set_start_aside()
    gc.collect()


@functools.cache
def _set_start_aside() -> None:
    """Before the first step: what lives since the start is not looked at by `gc`, which makes 12 ms of it 1 ms."""
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def _kept_attributes() -> Iterator[None]:
    attributes = [(owner, name, getattr(owner, name)) for owner, name in _ATTRIBUTES]
    lists = [(mutable, mutable[:]) for mutable in _LISTS]
    names = dict(builtins.__dict__)
    try:
        yield
    finally:
        for owner, name, value in attributes:
            setattr(owner, name, value)
        for mutable, content in lists:
            mutable[:] = content
        built_in = builtins.__dict__
        built_in.update(names)
        for name in built_in.keys() - names.keys():
            del built_in[name]
        sys.path = _LISTS[0]


@contextlib.contextmanager
def _kept_settings() -> Iterator[None]:
    before = [(ask, change, ask()) for ask, change in _SETTINGS]
    try:
        yield
    finally:
        for ask, change, value in before:
            if ask() != value:
                change(value)


@contextlib.contextmanager
def _kept_process() -> Iterator[None]:
    """Environment, working directory and file mode mask."""
    environment = dict(os.environ)
    folder = os.getcwd()
    mask = os.umask(0o022)
    os.umask(mask)
    try:
        yield
    finally:
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        os.umask(mask)
        with contextlib.suppress(OSError):  # the step may have removed the folder
            os.chdir(folder)


@contextlib.contextmanager
def _kept_signals() -> Iterator[None]:
    """Handlers as before, and no alarm that rings later."""
    numbers = signal.valid_signals()
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextlib.contextmanager
def _kept_modules(workspace: str) -> Iterator[None]:
    """Modules of the workspace are read anew by each step; the others are those that were there."""
    before = dict(sys.modules)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name not in before]:
            origin = getattr(sys.modules[name], "__file__", None)
            if isinstance(origin, str) and origin.startswith(workspace):
                del sys.modules[name]
        sys.modules.update(before)


@contextlib.contextmanager
def _kept_logging() -> Iterator[None]:
    """Loggers as in a new process: the root without a handler, so that `logging.basicConfig` works."""
    root = logging.getLogger()
    known = [root, *(known for known in root.manager.loggerDict.values() if isinstance(known, logging.Logger))]
    before = [(known, known.level, known.handlers[:], known.propagate, known.disabled) for known in known]
    disabled_up_to = root.manager.disable
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger in [found for found in root.manager.loggerDict.values() if isinstance(found, logging.Logger)]:
            logger.handlers[:] = []
            logger.setLevel(logging.NOTSET)
        for logger, level, handlers, propagate, disabled in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers
            logger.propagate, logger.disabled = propagate, disabled
        logging.disable(disabled_up_to)


@contextlib.contextmanager
def _ended_by_its_own_exit_calls(main: ModuleType) -> Iterator[None]:
    """What the script itself registers with `atexit` runs when it ends; what libraries register, never."""
    calls: list[Callable[[], Any]] = []
    register = atexit.register

    def remember(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        if sys._getframe(1).f_globals is not vars(main):
            return register(call, *args, **kwargs)
        calls.append(lambda: call(*args, **kwargs))
        return call

    atexit.register = remember
    pid = os.getpid()
    try:
        yield
    finally:
        while calls and os.getpid() == pid:
            try:
                calls.pop()()
            except BaseException:  # noqa: BLE001 - as at the end of a process: told, and no matter
                traceback.print_exc()
