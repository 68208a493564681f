"""Between the front and a Blender child in a container: puts up the walls, starts the child, and ends all it started.

There is no process-number namespace in such a container, so a process that outlives its parent would outlive the
child. The keeper adopts it (PR_SET_CHILD_SUBREAPER), and keeps all below it in one Landlock domain of signals: one
`kill(-1)` from inside ends everything in there and nothing else, at once, also what forks all the time. Where the
kernel's Landlock is too old for that, it stops and kills process by process until none is left.

The standard library alone. Started by `container.py`; it ends with the child, on SIGTERM, and with the front. Its
exit code is the child's (128 + N: by signal N).
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from cloud.blender.isolation import landlock

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_SECCOMP_MODE_FILTER = 2
_NICENESS = 10  # the front, which answers the probes, comes first
_FIRST_TO_GO = "1000"  # where the container's memory runs out
_REMOVAL_LIMIT_S = 30
_EXIT_UNABLE = 96


def main() -> None:
    """Run the child that the plan (JSON, the only argument) names, and leave nothing of it behind."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
    _set(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != plan["front"]:
        sys.exit(_EXIT_UNABLE)
    _set(_PR_SET_CHILD_SUBREAPER, 1)
    _set(_PR_SET_NO_NEW_PRIVS, 1)
    _set(_PR_SET_DUMPABLE, 0)
    os.nice(_NICENESS)
    seccomp = [_content(fd) for fd in plan["seccomp_fds"]]
    if plan["abi"] >= landlock.ABI_SCOPES:
        landlock.keep_signals_inside(plan["abi"])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if not child:
        _become_child(plan, seccomp)
    signal.signal(signal.SIGTERM, lambda *_: _kill_all(plan["abi"]))
    _let_go(plan["passed_fds"])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    code = _wait_for(child)
    _kill_all(plan["abi"])
    _reap_all()
    _remove(plan["folder"])
    os._exit(code if code >= 0 else 128 - code)


def _become_child(plan: dict[str, Any], seccomp: list[bytes]) -> None:
    """Walls first, then the child's program. Never returns."""
    try:
        os.setsid()  # a signal to one's own group stays with the child
        _set(_PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
        _set(_PR_SET_PDEATHSIG, signal.SIGKILL)
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        # The rule for /proc/self holds as long as this entry is kept in memory: the open descriptor does that.
        os.set_inheritable(os.open("/proc/self", os.O_PATH), True)
        if plan["abi"]:
            landlock.restrict(plan["paths"], plan["abi"])
        for number in plan["seccomp_fds"]:
            os.close(number)
        for program in seccomp:
            _filter(program.replace(plan["own_pid"].to_bytes(4, sys.byteorder), os.getpid().to_bytes(4, sys.byteorder)))
        os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 - of the front's making
    except BaseException as error:  # noqa: BLE001 - the top of this process; the front reads it as last words
        os.write(2, f"keeper: {error}\n".encode())
    os._exit(_EXIT_UNABLE)


def _wait_for(child: int) -> int:
    """The child's exit code (negative: by that signal). Reaps all others meanwhile."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _kill_all(abi: int) -> None:
    """SIGKILL for everything that the child started."""
    if abi >= landlock.ABI_SCOPES:
        try:
            os.kill(-1, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # there is nobody else, or none that we may
            return
        return
    stopped: set[int] = set()
    while new := set(_below(os.getpid())) - stopped:  # what is stopped forks no more
        _signal_each(new, signal.SIGSTOP)
        stopped |= new
    _signal_each(stopped, signal.SIGKILL)


def _below(root: int) -> list[int]:
    """All processes under this one, zombies left out; from proc(5)."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended meanwhile
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(entry.name))
    found, unseen = [], [root]
    while unseen:
        more = children.get(unseen.pop(), [])
        found += more
        unseen += more
    return found


def _signal_each(pids: set[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _reap_all() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _remove(folder: str) -> None:
    """The child's files, also where it took away its own rights; those programs manage any depth."""
    for command in (["chmod", "-R", "u+rwX", folder], ["rm", "-rf", folder]):
        try:
            subprocess.run(command, capture_output=True, timeout=_REMOVAL_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):  # the front removes what is left, as far as it can
            return


def _let_go(fds: list[int]) -> None:
    """What is the child's alone, so that the front hears when the child ends."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    for number in fds:
        os.close(number)


def _content(fd: int) -> bytes:
    return os.pread(fd, 2**20, 0)


def _set(option: int, value: int) -> None:
    """prctl(2). Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option})")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _filter(program: bytes) -> None:
    """seccomp(2), for this process and all that it starts. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    loaded = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0):
        raise OSError(ctypes.get_errno(), "the system call filter was not taken")


if __name__ == "__main__":
    main()
