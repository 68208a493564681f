"""Ways to read what is not the user's. Every file named here exists, and anybody may read it."""

from __future__ import annotations

import ctypes
import glob
import os
import stat
from pathlib import Path

from tests.blender.walls.inside import Outside, Refused, ran, system_call, without_control


def a_file_that_all_may_read(outside: Outside) -> object:
    return Path(outside["secret"]).read_text()


def the_backend_s_data_folder(outside: Outside) -> object:
    return Path(outside["data_secret"]).read_text()


def the_home_of_root(outside: Outside) -> object:
    return os.listdir("/root")


def the_users_of_this_machine(outside: Outside) -> object:
    return Path("/etc/passwd").read_text()


def the_passwords_of_this_machine(outside: Outside) -> object:
    return Path("/etc/shadow").read_text()


def the_code_s_own_folder_on_this_machine(outside: Outside) -> object:
    return os.listdir(outside["project"])


def a_neighbour_s_snapshot(outside: Outside) -> object:
    return Path(outside["neighbour_snapshot"]).read_bytes()


@without_control("there is no /snapshots outside")
def a_neighbour_s_snapshot_among_ours(outside: Outside) -> object:
    return Path("/snapshots", Path(outside["neighbour_snapshot"]).name).read_bytes()


def a_neighbour_s_folder(outside: Outside) -> object:
    return os.listdir(outside["neighbour_folder"])


def our_own_folder_on_this_machine(outside: Outside) -> object:
    return os.listdir(outside["own_folder"])


def up_and_up_from_the_snapshots(outside: Outside) -> object:
    return Path(f"{outside['own_snapshots']}/../../../../../..{outside['secret']}").read_text()


def the_root_of_process_1(outside: Outside) -> object:
    return Path(f"/proc/{outside['first_pid']}/root{outside['secret']}").read_text()


def the_root_of_the_front(outside: Outside) -> object:
    return Path(f"/proc/{outside['front_pid']}/root{outside['secret']}").read_text()


def the_working_folder_of_process_1(outside: Outside) -> object:
    return os.listdir(f"/proc/{outside['first_pid']}/cwd/")


def the_root_of_any_process(outside: Outside) -> object:
    for number in (entry for entry in os.listdir("/proc") if entry.isdigit()):
        for way in ("root", "cwd/../../../.."):
            try:
                return Path(f"/proc/{number}/{way}{outside['secret']}").read_text()
            except OSError:
                continue
    raise Refused("no root leads there")


def a_link_in_the_workspace(outside: Outside) -> object:
    Path("link").unlink(missing_ok=True)
    Path("link").symlink_to(outside["secret"])
    return Path("link").read_text()


def a_hard_link_in_the_workspace(outside: Outside) -> object:
    os.link(outside["secret"], f"{outside['own_place']}/hard-link")
    return Path(f"{outside['own_place']}/hard-link").read_text()


def a_hard_link_to_a_snapshot(outside: Outside) -> object:
    os.link(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], f"{outside['own_place']}/hard-link-2")
    return True


@without_control("nothing is left open outside either")
def a_folder_that_was_left_open(outside: Outside) -> object:
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISDIR(os.fstat(int(name)).st_mode):
                return os.open("../" * 9 + outside["secret"].lstrip("/"), os.O_RDONLY, dir_fd=int(name))
        except OSError:
            continue
    raise Refused("no folder is open")


def a_file_by_its_handle(outside: Outside) -> object:
    handle = ctypes.create_string_buffer(b"\x80\0\0\0\1\0\0\0" + bytes(128))
    mount = ctypes.c_int()
    where = outside["secret"] if os.path.exists(outside["secret"]) else "/usr/bin"
    system_call("name_to_handle_at", -100, where.encode(), handle, ctypes.byref(mount), 0)
    folder = os.open(os.path.dirname(where), os.O_RDONLY)
    return system_call("open_by_handle_at", folder, handle, os.O_RDONLY)


@without_control("root in a container may not either")
def the_disk_itself(outside: Outside) -> object:
    number = os.stat("/usr/bin").st_dev
    path = f"{outside['own_place']}/disk"
    os.mknod(path, 0o600 | stat.S_IFBLK, number)
    return os.read(os.open(path, os.O_RDONLY), 512)


@without_control("root in a container may not either")
def a_disk_among_the_devices(outside: Outside) -> object:
    for path in glob.glob("/dev/[svx]d*") + glob.glob("/dev/nvme*") + glob.glob("/dev/dm-*"):
        return os.open(path, os.O_RDONLY)
    raise Refused("no disk among the devices")


@without_control("root in a container may not either")
def the_machine_s_memory(outside: Outside) -> object:
    for path in ("/dev/mem", "/proc/kcore", "/dev/kmem"):
        try:
            return os.read(os.open(path, os.O_RDONLY), 16)
        except OSError:
            continue
    raise Refused("no memory")


def the_kernel_s_log(outside: Outside) -> object:
    for path in ("/dev/kmsg", "/proc/kmsg"):
        try:
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
    return system_call("syslog", 3, ctypes.create_string_buffer(4096), 4096)


def the_kernel_s_addresses(outside: Outside) -> object:
    for line in Path("/proc/kallsyms").read_text().splitlines():
        if not line.startswith("0000000000000000"):
            return line
    raise Refused("no address is shown")


def the_devices_of_sysfs(outside: Outside) -> object:
    return os.listdir("/sys/class")


def the_control_groups(outside: Outside) -> object:
    return os.listdir("/sys/fs/cgroup")


@without_control("what others leave in /tmp is theirs")
def the_temporary_files_of_others(outside: Outside) -> object:
    mine = {"home", "blender", "shader-cache"}
    others = [name for name in os.listdir("/tmp") if name not in mine and not name.startswith("blender_")]  # noqa: S108
    if not others:
        raise Refused("only ours are there")
    return others


def a_shell_and_cat(outside: Outside) -> object:
    return ran("/bin/sh", "-c", f"cat {outside['secret']}")


@without_control("it would take long on a whole machine")
def a_search_from_the_root(outside: Outside) -> object:
    name = os.path.basename(outside["secret"])
    found = ran("find", "/var", "/snapshots", "/imports", "/cache", "-name", name)
    if name not in found:
        raise Refused(found)
    return found
