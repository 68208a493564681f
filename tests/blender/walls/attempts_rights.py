"""Ways to more rights: other users, namespaces, mounts."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import stat
import struct
from pathlib import Path

from tests.blender.walls.inside import (
    Outside,
    Refused,
    call_of_32_bits,
    ran,
    system_call,
)

_NEW_USER, _NEW_NAMESPACE, _NEW_NET, _NEW_PID = 0x10000000, 0x00020000, 0x40000000, 0x20000000


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
