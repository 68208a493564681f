"""Ways to other processes: their environment, their memory, their end."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import resource
import signal
import socket
import struct
import time
from pathlib import Path

from tests.blender.walls.inside import (
    Outside,
    Refused,
    may_end_blender,
    ran,
    system_call,
    without_control,
)


def _signal_each(outside: Outside, number: int) -> object:
    reached = []
    for name, pid in outside["victims"].items():
        try:
            os.kill(pid, number)
            reached.append(name)
        except OSError:
            continue
    if not reached:
        raise Refused("no process there")
    return reached


# --- environment


def the_environment_variables(outside: Outside) -> object:
    secret = [name for name, value in os.environ.items() if value.startswith(("canary-", "got-outside-"))]
    if not secret:
        raise Refused(sorted(os.environ))
    return secret


def the_environment_that_the_child_began_with(outside: Outside) -> object:
    return _canary_in("/proc/self/environ")


def the_environment_of_process_1(outside: Outside) -> object:
    return _canary_in(f"/proc/{outside['first_pid']}/environ")


def the_environment_of_the_front(outside: Outside) -> object:
    return _canary_in(f"/proc/{outside['front_pid']}/environ")


def the_environment_of_every_process(outside: Outside) -> object:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                return _canary_in(f"/proc/{entry}/environ")
            except OSError:
                continue
    raise Refused("no canary")


def _canary_in(path: str) -> object:
    content = Path(path).read_bytes()
    if b"canary-" not in content:
        raise Refused(content[:500])
    return content


def a_key_of_ours_in_memory(outside: Outside) -> object:
    """Whatever of the front's environment came along into the memory of the child."""
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, _, _, inode = line.split()[:5]
            if not rights.startswith("rw") or inode != "0":
                continue
            begin, end = (int(number, 16) for number in span.split("-"))
            memory.seek(begin)
            try:
                found = re.search(rb"canary\x2d[0-9a-f]{16}", memory.read(end - begin))
            except OSError:
                continue
            if found:
                return found[0]
    raise Refused("no key in memory")


# --- other processes


def the_command_lines_of_others(outside: Outside) -> object:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and "--public-key" in Path(f"/proc/{entry}/cmdline").read_text():
            return entry
    raise Refused("the front is not to be seen")


def a_signal_to_the_front(outside: Outside) -> object:
    return os.kill(outside["front_pid"], outside["signal"])


def a_signal_to_every_victim(outside: Outside) -> object:
    return _signal_each(outside, outside["signal"])


def a_question_whether_they_live(outside: Outside) -> object:
    return _signal_each(outside, 0)


def a_stop_of_every_victim(outside: Outside) -> object:
    return _signal_each(outside, signal.SIGCONT if outside["control"] else signal.SIGSTOP)


def a_signal_to_process_1(outside: Outside) -> object:
    os.kill(1, 0 if outside["control"] else signal.SIGKILL)
    return time.sleep(0.05)


def a_signal_to_the_front_s_group(outside: Outside) -> object:
    os.killpg(outside["front_pid"], outside["signal"])
    if outside["front_pid"] == 1:  # its group's number means everybody, and the kernel says yes whomever it reached
        raise Refused("the front answers the next call, or that fails")
    return True


@without_control("it would end the machine")
@may_end_blender
def a_signal_to_everybody(outside: Outside) -> object:
    os.kill(-1, signal.SIGKILL)
    raise Refused("only what is in here")


def a_signal_by_kill_the_program(outside: Outside) -> object:
    return ran("/bin/bash", "-c", f"kill -{outside['signal']} {outside['front_pid']}")


def a_signal_by_a_handle(outside: Outside) -> object:
    handle = system_call("pidfd_open", outside["front_pid"], 0)
    return system_call("pidfd_send_signal", handle, outside["signal"], 0, 0)


def a_signal_by_the_queue(outside: Outside) -> object:
    info = struct.pack("iiixxxx", int(outside["signal"]), 0, -1) + bytes(112)
    return system_call("rt_sigqueueinfo", outside["front_pid"], outside["signal"], info)


def a_signal_by_a_pipe_that_is_ready(outside: Outside) -> object:
    reader, writer = socket.socketpair()
    fcntl.fcntl(reader, fcntl.F_SETOWN, outside["front_pid"])
    return writer


def a_lower_priority_for_the_front(outside: Outside) -> object:
    return os.setpriority(os.PRIO_PROCESS, outside["front_pid"], 0 if outside["control"] else 19)


def processors_of_the_front(outside: Outside) -> object:
    return os.sched_setaffinity(outside["front_pid"], {0, 1})


def limits_of_the_front(outside: Outside) -> object:
    return resource.prlimit(outside["front_pid"], resource.RLIMIT_NOFILE)


def memory_of_the_front_by_file(outside: Outside) -> object:
    return os.open(f"/proc/{outside['front_pid']}/mem", os.O_RDWR)


def memory_of_process_1_by_file(outside: Outside) -> object:
    return os.open(f"/proc/{outside['first_pid']}/mem", os.O_RDWR)


def maps_of_the_front(outside: Outside) -> object:
    return Path(f"/proc/{outside['front_pid']}/maps").read_text()[:100]


def descriptors_of_the_front(outside: Outside) -> object:
    return os.listdir(f"/proc/{outside['front_pid']}/fd")


def descriptors_of_process_1(outside: Outside) -> object:
    return os.listdir(f"/proc/{outside['first_pid']}/fd")


def memory_of_the_front_by_call(outside: Outside) -> object:
    """Its own memory at first: so that the call is refused for itself and not for the want of a process."""
    target = ctypes.create_string_buffer(b"mine")
    remote = ctypes.create_string_buffer(16)
    local = struct.pack("PN", ctypes.addressof(remote), 4)
    there = struct.pack("PN", ctypes.addressof(target), 4)
    return system_call("process_vm_readv", os.getpid(), local, 1, there, 1, 0)


def a_debugger_on_the_front(outside: Outside) -> object:
    return system_call("ptrace", 0x4206, outside["victims"]["other user"], 0, 0)  # PTRACE_SEIZE


def a_debugger_on_oneself(outside: Outside) -> object:
    pid = os.fork()
    if not pid:
        try:
            system_call("ptrace", 0, 0, 0, 0)  # PTRACE_TRACEME
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise Refused("ptrace")
    return pid


def a_descriptor_of_the_front(outside: Outside) -> object:
    handle = system_call("pidfd_open", outside["front_pid"] if outside["control"] else os.getpid(), 0)
    return system_call("pidfd_getfd", handle, 1, 0)


def a_comparison_of_processes(outside: Outside) -> object:
    return system_call("kcmp", os.getpid(), os.getpid(), 2, 0, 0)
