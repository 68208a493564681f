"""The command line that starts a Blender child where a container is the outer wall and bubblewrap has no namespaces.

The container (its runtime, its NetworkPolicy) keeps the pod from the world. Inside of it the child runs as the same
user as the front; between the two stand Landlock, a stricter system call filter and the keeper.
"""

import ctypes
import json
import logging
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.blender.isolation import landlock
from cloud.blender.isolation.sandbox import (
    CODE,
    PACKAGE_ROOT,
    SYSTEM,
    SYSTEM_OPTIONAL,
    Folders,
    Launch,
    NoSandbox,
    child_environment,
)
from cloud.blender.isolation.syscalls import OWN_PID, container_program, own_signals_program

logger = logging.getLogger(__name__)

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OF_THE_KERNEL = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/random",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
OWN_FOLDERS = ("workspace", "scratch", "tmp")
_EMPTYING_LIMIT_S = 60.0


@dataclass(frozen=True)
class Container:
    """What the walls of all children of a front have in common. `abi`: the version of Landlock in use, 0: none."""

    children: Path
    abi: int
    root: Path | None = None
    """Where `OWN_FOLDERS` of the child at work lie, the same ones for each after the other; None: a child has its own.

    `/` in our image: a script finds the same `/workspace`, `/tmp` and `/scratch` there as behind bubblewrap.
    """

    @property
    def signals_stay_inside(self) -> bool:
        """The kernel keeps the child's signals from all others: Landlock does."""
        return self.abi >= landlock.ABI_SCOPES

    def filters(self) -> list[bytes]:
        """The system call filters of a child. Raises: OSError."""
        programs = [container_program(truncation_is_writing=self.abi >= landlock.ABI_TRUNCATE)]
        return programs if self.signals_stay_inside else [*programs, own_signals_program()]

    @classmethod
    def prepare(
        cls, children: Path, *, landlock_optional: bool, abi_at_most: int = 10**6, root: Path | None = None
    ) -> "Container":
        """Look whether this process can be such a container's front, and empty `children`. Raises: NoSandbox."""
        _check_rights()
        _check_root(root, children)
        abi = min(landlock.supported_abi(), abi_at_most)
        if not abi and not landlock_optional:
            raise NoSandbox(
                "Blender cannot be isolated in this container: the kernel has no Landlock, or the seccomp profile "
                "refuses it (Linux 5.13 or later with `landlock` among its security modules is needed). "
                "`--landlock optional` runs without: a user's code can then write to all of this pod's files."
            )
        if not abi:
            logger.warning("NO LANDLOCK: a user's code can read and write all files of this pod")
        elif abi < landlock.ABI_SCOPES:
            logger.warning(
                "this kernel's Landlock is old; system calls that signal are refused instead",
                extra={"abi": abi, "wanted": landlock.ABI_SCOPES},
            )
        remove_tree(children)  # of a front before us, in the same container
        children.mkdir(mode=0o700, exist_ok=True)
        return cls(children.resolve(), abi, root)

    def new_folder(self) -> Path:
        """The folder of one child, with what it may write and the code that it runs."""
        folder = Path(tempfile.mkdtemp(prefix="child-", dir=self.children))
        for name in OWN_FOLDERS:
            (folder / name).mkdir()
        for name in CODE:  # the child can list only these, not what else lies beside them
            link = folder / "code" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(PACKAGE_ROOT / name)
        return folder

    @property
    def shared(self) -> list[Path]:
        """The folders that one child has after the other."""
        return [self.root / name for name in OWN_FOLDERS] if self.root else []

    def workspace(self, folder: Path) -> Path:
        """Where the child of this folder works."""
        return (self.root or folder) / "workspace"

    def empty_shared(self) -> None:
        """Remove what the child before left in the shared folders. No user's code may run meanwhile. Blocks."""
        if not any(os.listdir(each) for each in self.shared):
            return
        _delete(self.shared, "-mindepth", "1")
        if left := [str(each) for each in self.shared if os.listdir(each)]:
            logger.error("a child finds what the one before left", extra={"folders": left})

    def launch(
        self, child: Sequence[str], folder: Path, folders: Folders, *, seccomp_fds: Sequence[int], passed: Sequence[int]
    ) -> Launch:
        """The launch of `python CHILD…` behind these walls, in a folder of `new_folder`."""
        python = str(Path(sys.executable).resolve())
        packages = sysconfig.get_path("purelib")
        plan = {
            "front": os.getpid(),
            "abi": self.abi,
            "folder": str(folder),
            "own_pid": OWN_PID,
            "paths": _granted(folder, folders, packages) | {str(each): "own" for each in self.shared},
            "seccomp_fds": list(seccomp_fds),
            "passed_fds": [*passed, *seccomp_fds],
            "command": [python, "-P", *child],
            "environment": child_environment(folder / "tmp", python_path=f"{folder / 'code'}:{packages}"),
        }
        keeper = (python, "-P", "-S", "-m", "cloud.blender.isolation.keeper", json.dumps(plan))
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(PACKAGE_ROOT)}
        return Launch(keeper, environment | {"PYTHONDONTWRITEBYTECODE": "1"}, None)


def remove_tree(folder: Path) -> None:
    """Remove a folder with whatever a user's code made in it; what is left is told to the log. Blocks."""
    _delete([folder])
    if folder.exists():
        logger.error("a child's folder is not removed", extra={"folder": str(folder)})


def _delete(places: Sequence[Path], *tests: str) -> None:
    # Where the code took away its own rights, and at any depth: these programs manage both, `shutil.rmtree` neither.
    names = [str(each) for each in places if each.exists()]
    for command in (["chmod", "-R", "u+rwX", *names], ["find", *names, *tests, "-delete"]) if names else ():
        try:
            subprocess.run(command, capture_output=True, timeout=_EMPTYING_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            logger.exception("a child's folders are not emptied")


def guard_front() -> None:
    """This process: its memory and /proc folder are closed to its own user, and it adopts what a keeper leaves.

    Raises: OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl({option})")


def _check_rights() -> None:
    if os.geteuid() == 0:
        raise NoSandbox("`--isolation container` runs as a plain user (runAsNonRoot), not as root.")
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    if int(effective, 16):
        raise NoSandbox("`--isolation container` runs without capabilities (drop: [ALL]).")


def _check_root(root: Path | None, children: Path) -> None:
    """All below is removed when a child ends, so it must be there for that alone."""
    for place in (root / name for name in OWN_FOLDERS) if root else ():
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise NoSandbox(f"`--child-root {root}` needs a folder {place} that this user may write to (an emptyDir).")
        if children.resolve().is_relative_to(place.resolve()):
            raise NoSandbox(f"`--workspace` must not lie in {place}, which is the child's: `--child-root {root}`.")


def _granted(folder: Path, folders: Folders, packages: str) -> dict[str, str]:
    """Every path that the child may use, and for what."""
    base = Path(sys.base_prefix).resolve()
    granted = dict.fromkeys((*SYSTEM, *SYSTEM_OPTIONAL), "run")
    granted |= dict.fromkeys((str(base / "bin"), str(base / "lib")), "run")
    granted |= dict.fromkeys((packages, str(folder / "code"), *(str(PACKAGE_ROOT / name) for name in CODE)), "read")
    granted |= dict.fromkeys((str(folders.snapshots), str(folders.imports), str(folders.cache)), "read")
    granted |= dict.fromkeys(_OF_THE_KERNEL, "read") | dict.fromkeys(_DEVICES, "device")
    return granted | {str(folder / name): "own" for name in OWN_FOLDERS}
