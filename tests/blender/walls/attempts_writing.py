"""Ways to write what is not the user's. Every place named here exists, and root writes there."""

from __future__ import annotations

import glob
import os
import socket
import stat
import tempfile
from pathlib import Path

from tests.blender.walls.inside import Outside, Refused, only_in_bubblewrap, system_call, without_control

_WALK_DEPTH = 4


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
    os.chmod(outside["cache_file"], 0o666)  # noqa: S103 - the attempt
    return _if(os.stat(outside["cache_file"]).st_mode & 0o777 == 0o666)


def the_times_of_the_cache(outside: Outside) -> object:
    os.utime(outside["cache_file"], (1, 1))
    return _if(os.stat(outside["cache_file"]).st_mtime == 1)


def the_rights_of_a_snapshot_that_is_open(outside: Outside) -> object:
    opened = os.open(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], os.O_RDONLY)
    os.fchmod(opened, 0)
    return _if(not os.fstat(opened).st_mode & 0o777)


def the_attributes_of_a_snapshot(outside: Outside) -> object:
    return os.setxattr(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], "user.p2m", b"1")


def a_snapshot_emptied(outside: Outside) -> object:
    return os.truncate(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], 0)


def a_snapshot_emptied_as_it_is_opened(outside: Outside) -> object:
    return os.open(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], os.O_RDONLY | os.O_TRUNC)


def a_snapshot_moved_to_the_workspace(outside: Outside) -> object:
    return os.rename(glob.glob(f"{outside['own_snapshots']}/*.blend")[0], f"{outside['own_place']}/moved.blend")


def _if(changed: bool) -> object:
    if not changed:
        raise Refused("it succeeds and changes nothing")
    return changed


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
    ours = {"/workspace", "/scratch", "/tmp", "/dev/shm", "/proc"}  # noqa: S108
    ours |= {os.path.dirname(each) for each in (os.getcwd(), tempfile.gettempdir())} - {"/"}
    for folder, folders, _ in os.walk("/"):
        if folder in ours:
            folders.clear()
            continue
        if folder.count("/") > _WALK_DEPTH:
            folders.clear()
        if _takes_a_file(folder, outside["mark"]):
            return folder
    raise Refused("none takes anything")


def _takes_a_file(folder: str, name: str) -> bool:
    try:
        Path(folder, name).touch()
    except OSError:
        return False
    return True


def a_file_handed_out_by_a_socket(outside: Outside) -> object:
    """A descriptor that somebody sends: nobody does, in a mount of its own."""
    server = socket.socket(socket.AF_UNIX)
    server.connect(outside["unix_path"])
    return server


@only_in_bubblewrap("the front's watch ends a Blender that keeps more than its quota; its volume has a size")
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
