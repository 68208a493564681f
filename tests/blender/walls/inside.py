"""What an attempt may use inside of the sandbox and outside of it: the standard library and the system's calls alone.

The source of this module and of one attempt are sent to `run_python` as text, so nothing here imports ours.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

Outside = dict[str, Any]
"""What there is to reach, as data: `outside.py` makes it."""

NUMBERS = {
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "ptrace": 101,
    "process_vm_readv": 310, "add_key": 248, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
    "io_uring_setup": 425, "init_module": 175, "kexec_load": 246, "iopl": 172, "acct": 163, "swapon": 167,
    "fanotify_init": 300, "open_by_handle_at": 304, "name_to_handle_at": 303, "clone": 56, "clone3": 435,
    "fsopen": 430, "open_tree": 428, "move_mount": 429, "pidfd_open": 434, "pidfd_send_signal": 424, "kcmp": 312,
    "pidfd_getfd": 438, "prlimit64": 302, "capset": 126, "setresuid": 117, "setresgid": 119, "syslog": 103,
    "reboot": 169, "sethostname": 170, "settimeofday": 164, "mknodat": 259, "socket": 41, "seccomp": 317,
    "mount_setattr": 442, "rt_sigqueueinfo": 129, "quotactl": 179, "setpriority": 141, "memfd_create": 319,
    "capget": 125,
}  # fmt: skip
"""Of x86-64; see syscalls(2)."""


def system_call(name: str, *arguments: Any, offset: int = 0) -> int:
    """The call's answer, past every wrapper of the C library. Raises: OSError, PermissionError."""
    libc = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    libc.syscall.restype = ctypes.c_long
    answer: int = libc.syscall(ctypes.c_long(NUMBERS[name] + offset), *wide)
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return answer


def machine_code(code: bytes) -> int:
    """What the code returns. It runs in a page of its own."""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    at = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(at)()


def call_of_32_bits(number: int, *arguments: int) -> int:
    """A system call through `int 0x80`, the door of 32-bit programs. Raises: OSError."""
    first, second, third = (*arguments, 0, 0, 0)[:3]
    code = b"\x53\xb8" + struct.pack("<i", number) + b"\xbb" + struct.pack("<i", first)
    code += b"\xb9" + struct.pack("<i", second) + b"\xba" + struct.pack("<i", third) + b"\xcd\x80\x5b\xc3"
    answer = machine_code(code)
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return answer


def ran(*command: str, text: str = "") -> str:
    """What the command printed. Raises: CalledProcessError: it failed; FileNotFoundError: there is none such."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout


def sockets_of_the_front() -> tuple[int, int]:
    """The two descriptors over which Blender's child talks with the front."""
    words = Path("/proc/self/cmdline").read_text().split("\0")
    return int(words[words.index("--socket") + 1]), int(words[words.index("--files") + 1])


class Refused(OSError):
    """The attempt found no way."""


def without_control(why: str) -> Any:
    """Marks an attempt that nobody can try outside of the sandbox: it says why."""

    def mark(attempt: Any) -> Any:
        attempt.uncontrolled = why
        return attempt

    return mark


def only_in_bubblewrap(why: str) -> Any:
    """Marks an attempt that a container's inner walls do not refuse: it says what does."""

    def mark(attempt: Any) -> Any:
        attempt.elsewhere = why
        return attempt

    return mark


def may_end_blender(attempt: Any) -> Any:
    """Marks an attempt for which the kernel may end Blender: the step is lost then, and that refuses it too."""
    attempt.may_end = True
    return attempt
