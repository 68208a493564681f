"""Ways to read and to write what is not the user's. Every file named here exists, and anybody may read and write it."""

from __future__ import annotations

import ctypes
import glob
import os
import socket
import stat
from pathlib import Path

from tests.blender.walls.inside import Outside, Refused, ran, system_call, without_control

_WALK_DEPTH = 4

# --- reading


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


# --- writing


def the_root_folder(outside: Outside) -> object:
    return Path("/", outside["mark"]).touch()


def the_system_s_folder(outside: Outside) -> object:
    return Path("/usr/lib", outside["mark"]).touch()


def the_settings_of_this_machine(outside: Outside) -> object:
    return Path("/etc", outside["mark"]).touch()


def the_home_folders(outside: Outside) -> object:
    return Path("/root", outside["mark"]).touch()


def the_program_s_own_code(outside: Outside) -> object:
    import cloud.blender

    return Path(cloud.blender.__path__[0], outside["mark"]).touch()


def the_packages_of_python(outside: Outside) -> object:
    import numpy as np

    return Path(os.path.dirname(np.__file__), outside["mark"]).touch()


def the_start_of_every_python(outside: Outside) -> object:
    import numpy as np

    return Path(os.path.dirname(np.__file__), "..", outside["mark"]).touch()


def the_snapshots(outside: Outside) -> object:
    return Path(outside["own_snapshots"], outside["mark"]).touch()


def the_uploads(outside: Outside) -> object:
    return Path(outside["own_imports"], outside["mark"]).touch()


def the_cache_that_pods_share(outside: Outside) -> object:
    return Path(outside["cache"], outside["mark"]).touch()


def over_a_snapshot(outside: Outside) -> object:
    return os.open(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], os.O_RDWR)


def over_a_snapshot_that_is_open_for_reading(outside: Outside) -> object:
    opened = os.open(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], os.O_RDONLY)
    return os.open(f"/proc/self/fd/{opened}", os.O_RDWR)


def removal_of_a_snapshot(outside: Outside) -> object:
    victim = f"{outside['own_snapshots']}/victim.part"
    if outside["control"]:
        Path(victim).touch()
    return os.unlink(victim if outside["control"] else glob.glob(f"{outside['own_snapshots']}/*.blend")[0])


def the_rights_of_the_cache(outside: Outside) -> object:
    return os.chmod(outside["cache_file"], 0o666)  # noqa: S103 - the attempt


def the_times_of_the_cache(outside: Outside) -> object:
    return os.utime(outside["cache_file"], (1, 1))


def a_secret_over_itself(outside: Outside) -> object:
    with Path(outside["writable"]).open("w") as file:
        return file.write("changed")


def the_devices(outside: Outside) -> object:
    return Path("/dev", outside["mark"]).touch()


@without_control("root in a container may not either")
def a_new_device(outside: Outside) -> object:
    path = f"{outside['own_place']}/memory"
    system_call("mknodat", -100, path.encode(), 0o666 | stat.S_IFCHR, os.makedev(1, 1))
    return os.open(path, os.O_RDWR)


def a_setting_of_the_kernel(outside: Outside) -> object:
    return Path("/proc/sys/kernel/hostname").open("w")


def the_program_for_crashes(outside: Outside) -> object:
    return os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@without_control("root in a container may not either")
def the_keyboard_s_magic(outside: Outside) -> object:
    return os.open("/proc/sysrq-trigger", os.O_WRONLY)


def every_setting_of_the_kernel(outside: Outside) -> object:
    """Writes what is there already, wherever the file's own rights let it."""
    for folder, _, names in os.walk("/proc/sys"):
        for path in (Path(folder, name) for name in names):
            try:
                path.write_bytes(path.read_bytes())
            except OSError:
                continue
            return path
    raise Refused("none takes anything")


@without_control("which there are differs by kernel")
def a_setting_of_sysfs(outside: Outside) -> object:
    return os.open("/sys/kernel/profiling", os.O_WRONLY)


def a_link_to_the_system(outside: Outside) -> object:
    Path("to-usr").unlink(missing_ok=True)
    Path("to-usr").symlink_to("/usr/lib")
    return Path("to-usr", outside["mark"]).touch()


@without_control("it would walk a whole machine")
def every_folder_but_ours(outside: Outside) -> object:
    """Walks what there is and writes wherever it can."""
    ours = ("/workspace", "/scratch", "/tmp", "/dev/shm", "/proc")  # noqa: S108
    for folder, folders, _ in os.walk("/"):
        if folder.startswith(ours):
            folders.clear()
            continue
        if folder.count("/") > _WALK_DEPTH:
            folders.clear()
        if os.access(folder, os.W_OK):
            return folder
    raise Refused("none takes anything")


def a_file_handed_out_by_a_socket(outside: Outside) -> object:
    """A descriptor that somebody sends: nobody does, in a mount of its own."""
    server = socket.socket(socket.AF_UNIX)
    server.connect(outside["unix_path"])
    return server


def the_user_s_own_disk_quota(outside: Outside) -> object:
    with Path(outside["own_place"], "big").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1200 * 2**20)
    os.unlink(Path(outside["own_place"], "big"))
    return True


def a_file_larger_than_any_may_be(outside: Outside) -> object:
    path = Path(outside["own_scratch"], "sparse")
    try:
        os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 2**40)
        return True
    finally:
        path.unlink(missing_ok=True)
