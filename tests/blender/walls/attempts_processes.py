"""Ways to other processes: their memory, their environment, their end; and to more rights than one has."""

from __future__ import annotations

import ctypes
import fcntl
import os
import pty
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import time
from pathlib import Path

from tests.blender.walls.inside import (
    Outside,
    Refused,
    call_of_32_bits,
    may_end_blender,
    ran,
    system_call,
    without_control,
)

_NEW_USER, _NEW_NAMESPACE, _NEW_NET, _NEW_PID = 0x10000000, 0x00020000, 0x40000000, 0x20000000


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
    return os.killpg(outside["front_pid"], outside["signal"])


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


# --- more rights


def user_0(outside: Outside) -> object:
    return os.setuid(0)


def group_0(outside: Outside) -> object:
    return os.setgid(0)


def groups_of_others(outside: Outside) -> object:
    return os.setgroups([0, 6])


def user_0_by_the_call(outside: Outside) -> object:
    return system_call("setresuid", 0, 0, 0)


def all_capabilities(outside: Outside) -> object:
    header, everything = struct.pack("II", 0x20080522, 0), ctypes.create_string_buffer(24)
    if outside["control"]:
        system_call("capget", header, everything)
    else:
        everything = ctypes.create_string_buffer(b"\xff" * 24)
    return system_call("capset", header, everything)


def su(outside: Outside) -> object:
    return ran("su", "-c", "id -u", "root")


def a_program_that_runs_as_its_owner(outside: Outside) -> object:
    """A set-user-id program of root's: without new rights it runs as whoever starts it."""
    found = ran("find", "/usr/bin", "-perm", "-4000", "-user", "root").split()
    if not found:
        raise Refused("there is none")
    if "Uid:\t" + str(os.getuid()) in ran("cat", "/proc/self/status") and os.getuid():
        return system_call("setresuid", 0, 0, 0)
    return found


def a_set_user_id_program_of_our_own(outside: Outside) -> object:
    path = Path(outside["own_place"], "own-id")
    shutil.copy("/usr/bin/id", path)
    path.chmod(0o755 | stat.S_ISUID)
    os.chown(path, 0, 0)
    return ran(str(path), "-u")


def a_user_namespace(outside: Outside) -> object:
    return system_call("unshare", _NEW_USER)


def a_mount_namespace(outside: Outside) -> object:
    return system_call("unshare", _NEW_NAMESPACE)


def a_network_namespace_with_a_user(outside: Outside) -> object:
    return system_call("unshare", _NEW_USER | _NEW_NET)


def a_child_in_new_namespaces(outside: Outside) -> object:
    return _ended(system_call("clone", _NEW_USER | _NEW_PID | int(signal.SIGCHLD), 0, 0, 0, 0))


def a_child_in_new_namespaces_by_clone3(outside: Outside) -> object:
    request = struct.pack("8Q", _NEW_USER | _NEW_NAMESPACE, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0)
    return _ended(system_call("clone3", request, len(request)))


def _ended(pid: int) -> object:
    if not pid:
        os._exit(0)
    return os.waitpid(pid, 0)


def the_program_unshare(outside: Outside) -> object:
    return ran("unshare", "--user", "--map-root-user", "id", "-u")


def a_sandbox_in_the_sandbox(outside: Outside) -> object:
    return ran("bwrap", "--unshare-user", "--ro-bind", "/", "/", "id", "-u")


def the_namespaces_of_process_1(outside: Outside) -> object:
    return system_call("setns", os.open(f"/proc/{outside['first_pid']}/ns/mnt", os.O_RDONLY), 0)


def our_own_namespaces_once_more(outside: Outside) -> object:
    return system_call("setns", os.open("/proc/self/ns/uts", os.O_RDONLY), 0)


def a_mount(outside: Outside) -> object:
    return system_call("mount", b"none", outside["own_place"].encode(), b"tmpfs", 0, 0)


def a_bind_mount(outside: Outside) -> object:
    return system_call("mount", b"/usr", outside["own_place"].encode(), 0, 4096, 0)


def a_root_that_can_be_written(outside: Outside) -> object:
    return system_call("mount", 0, b"/", 0, 32 | 4096, 0)


def a_mount_by_the_new_calls(outside: Outside) -> object:
    return system_call("fsopen", b"tmpfs", 0)


def a_copy_of_a_mount(outside: Outside) -> object:
    return system_call("open_tree", -100, b"/", 1)


def attributes_of_a_mount(outside: Outside) -> object:
    clear_read_only = struct.pack("4Q", 0, 1, 0, 0)
    return system_call("mount_setattr", -100, b"/", 0, clear_read_only, 32)


def an_unmount(outside: Outside) -> object:
    if outside["control"]:
        system_call("mount", b"none", outside["own_place"].encode(), b"tmpfs", 0, 0)
    return system_call("umount2", outside["own_place"].encode() if outside["control"] else b"/snapshots", 2)


def another_root(outside: Outside) -> object:
    return os.chroot("/")


def a_swap_of_roots(outside: Outside) -> object:
    if outside["control"]:
        system_call("mount", b"none", outside["own_place"].encode(), b"tmpfs", 0, 0)
    place = outside["own_place"].encode()
    os.makedirs(outside["own_place"] + "/old", exist_ok=True)
    return system_call("pivot_root", place, place + b"/old")


def the_door_for_32_bit_programs(outside: Outside) -> object:
    return call_of_32_bits(20)  # getpid


# --- what the kernel offers


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
