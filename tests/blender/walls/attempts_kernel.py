"""Ways into what the kernel offers beyond files and processes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import pty
import resource
import struct

from tests.blender.walls.inside import (
    Outside,
    system_call,
    without_control,
)


def a_program_in_the_kernel(outside: Outside) -> object:
    return system_call("bpf", 0, struct.pack("IIIII", 2, 4, 8, 1, 0) + bytes(100), 120)


def a_look_at_the_kernel_s_counters(outside: Outside) -> object:
    attributes = struct.pack("IIQ", 1, 112, 0) + bytes(96)
    return system_call("perf_event_open", attributes, 0, -1, -1, 0)


def faults_handled_by_the_user(outside: Outside) -> object:
    return system_call("userfaultfd", 1)


def a_queue_of_io_uring(outside: Outside) -> object:
    return system_call("io_uring_setup", 4, ctypes.create_string_buffer(120))


def a_key_in_the_kernel(outside: Outside) -> object:
    return system_call("add_key", b"user", b"p2m", b"secret", 6, -1)


def the_keys_of_the_kernel(outside: Outside) -> object:
    return system_call("keyctl", 0, -3, 1)


@without_control("it would change this machine")
def a_module_for_the_kernel(outside: Outside) -> object:
    return system_call("init_module", b"\0" * 64, 64, b"")


@without_control("it would change this machine")
def another_kernel(outside: Outside) -> object:
    return system_call("kexec_load", 0, 0, 0, 0)


@without_control("it would end this machine")
def a_new_start_of_the_machine(outside: Outside) -> object:
    return system_call("reboot", -18751827, 672274793, 0x89ABCDEF, 0)


@without_control("it would change this machine")
def the_clock(outside: Outside) -> object:
    return system_call("settimeofday", struct.pack("qq", 1, 0), 0)


@without_control("kernels without port privileges have no such call")
def the_ports_of_the_machine(outside: Outside) -> object:
    return system_call("iopl", 3)


@without_control("it would change this machine")
def a_swap_file(outside: Outside) -> object:
    return system_call("swapon", b"/workspace/scene.blend", 0)


def an_account_of_all_processes(outside: Outside) -> object:
    return system_call("acct", 0)


def a_watch_on_all_files(outside: Outside) -> object:
    return system_call("fanotify_init", 0, 0)


def another_name_of_the_machine(outside: Outside) -> object:
    name = os.uname().nodename.encode()
    return system_call("sethostname", name, len(name))


@without_control("root in a container may not either")
def higher_limits(outside: Outside) -> object:
    return system_call("prlimit64", 0, int(resource.RLIMIT_NPROC), struct.pack("QQ", 2**64 - 1, 2**64 - 1), 0)


@without_control("newer kernels refuse it to everybody")
def a_letter_typed_at_a_terminal(outside: Outside) -> object:
    _, inner = pty.openpty()
    if outside["control"]:
        os.setsid()
        fcntl.ioctl(inner, 0x540E, 0)  # TIOCSCTTY: our own terminal, as a shell's is
    return fcntl.ioctl(inner, 0x5412, b"x")  # TIOCSTI


@without_control("newer kernels refuse it to everybody")
def a_letter_typed_with_high_bits(outside: Outside) -> object:
    _, inner = pty.openpty()
    if outside["control"]:
        os.setsid()
        fcntl.ioctl(inner, 0x540E, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ioctl(inner, ctypes.c_ulong(0x1_0000_5412), b"x") < 0:
        raise OSError(ctypes.get_errno(), "ioctl")
    return True


@without_control("tests run without a terminal")
def the_terminal_of_whoever_started_us(outside: Outside) -> object:
    return os.open("/dev/tty", os.O_RDWR)


def a_kernel_log_by_printk(outside: Outside) -> object:
    return os.open("/dev/kmsg", os.O_WRONLY)


def a_shared_segment_of_others(outside: Outside) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(outside["shared_key"], 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    return True
