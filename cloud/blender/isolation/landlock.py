"""Landlock, by its system calls: what a process may never again do, nor anything that it starts (landlock(7)).

It needs no rights, so it works in a container that has none. The standard library alone: it runs before anything else.
"""

import ctypes
import os
import struct
from collections.abc import Mapping
from typing import Any

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_ASK_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 10, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 0b11  # to listen, to connect
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1

ABI_TRUNCATE, ABI_SCOPES = 3, 6
"""From Linux 6.2: truncate() counts as writing. From Linux 6.12: signals stay inside."""

GRANTS = {
    "read": _READ_FILE | _READ_DIR,
    "run": _READ_FILE | _READ_DIR | _EXECUTE,
    "device": _READ_FILE | _WRITE_FILE,
    "own": _READ_FILE | _READ_DIR | _EXECUTE | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _REFER
    | _MAKE_DIR | _MAKE_REG | _MAKE_FIFO | _MAKE_SYM,
}  # fmt: skip
"""What a path may be given for: everything that is not granted is refused."""


def supported_abi() -> int:
    """The kernel's version of Landlock; 0: it has none, or may not be asked (a container's seccomp profile)."""
    version = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(0, version)


def keep_signals_inside(abi: int) -> None:
    """From now on this process and all below it signal only each other. Raises: OSError."""
    _restrict(_ruleset(0, 0, _SCOPE_SIGNALS if abi >= ABI_SCOPES else 0))


def restrict(paths: Mapping[str, str], abi: int) -> None:
    """Refuse every file but `paths` (to a kind of `GRANTS`), TCP, and what else version `abi` can. Raises: OSError.

    Paths that are not there are left out. Needs PR_SET_NO_NEW_PRIVS.
    """
    handled = (1 << 13) - 1  # the rights of ABI 1
    for since, right in ((2, _REFER), (ABI_TRUNCATE, _TRUNCATE), (5, _IOCTL_DEV)):
        handled |= right if abi >= since else 0
    scopes = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= ABI_SCOPES else 0
    ruleset = _ruleset(handled, _TCP if abi >= 4 else 0, scopes)
    for path, grant in paths.items():
        _allow(ruleset, path, GRANTS[grant] & handled)
    _restrict(ruleset)


def _ruleset(files: int, net: int, scopes: int) -> int:
    words = [files, net, scopes]
    while len(words) > 1 and not words[-1]:  # older kernels know a shorter structure
        words.pop()
    attributes = struct.pack(f"={len(words)}Q", *words)
    return _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= _OF_FILES
    # packed: the kernel's structure is 12 bytes long
    _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    os.close(beneath)


def _restrict(ruleset: int) -> None:
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _call(number: int, *arguments: Any) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, *arguments)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return answer
