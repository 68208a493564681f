"""A control group of a Blender child: hard limits of memory and processes, and a fair share of the processor.

Both hierarchies that are in use: one tree for all (cgroup v2, Linux' cgroup-v2.rst) and one a controller (cgroup v1).
A group lies below the front's own, so it can only be stricter. Where nothing may be written there is none.
"""

import asyncio
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cloud.blender.isolation.limits import Limits

logger = logging.getLogger(__name__)

ROOT = Path("/sys/fs/cgroup")
_V1_CONTROLLERS = ("memory", "pids", "cpu")
_CPU_SHARES_V1, _CPU_WEIGHT_V2 = 256, 25  # a quarter of the usual: Blender gives way to what answers people
_REMOVAL_ATTEMPTS = 100
_REMOVAL_PAUSE_S = 0.02


@dataclass(frozen=True)
class ControlGroup:
    """A group's folders: one in cgroup v2, one a controller in v1."""

    folders: tuple[Path, ...]
    controllers: frozenset[str]

    @classmethod
    def create(cls, limits: Limits) -> "ControlGroup | None":
        """A new group with these limits; None where this process may make none. Removes those of dead fronts."""
        for make in (_create_v2, _create_v1):
            group = make(limits)
            if group is not None:
                return group
        return None

    @property
    def join_files(self) -> tuple[str, ...]:
        """The files that a process writes 0 to, in order to join."""
        return tuple(str(folder / "cgroup.procs") for folder in self.folders)

    def out_of_memory_kills(self) -> int:
        """How often the kernel killed a process of the group because it had reached its memory limit."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                for key, value in _pairs(folder / name):
                    if key == "oom_kill":
                        return value
        return 0

    async def remove(self) -> None:
        """Kill what is still in the group and remove it. Its folders stay, with a log line, if that takes too long."""
        for _ in range(_REMOVAL_ATTEMPTS):
            left = [folder for folder in self.folders if not _removed(folder)]
            if not left:
                return
            await asyncio.sleep(_REMOVAL_PAUSE_S)
        logger.warning("control group is not empty", extra={"folders": [str(folder) for folder in self.folders]})


def _create_v2(limits: Limits) -> ControlGroup | None:
    own = _own_path("")
    if own is None or not (ROOT / "cgroup.controllers").exists():
        return None
    parent = ROOT / own
    offered = _words(parent / "cgroup.subtree_control")
    _sweep(parent)
    folder = parent / _new_name()
    if "memory" not in offered or not _written(folder, {}):
        return None
    _written(folder, {"memory.swap.max": "0", "memory.oom.group": "1", "cpu.weight": str(_CPU_WEIGHT_V2)})
    wanted = {"memory.max": str(limits.memory_bytes)}
    if "pids" in offered:
        wanted["pids.max"] = str(limits.processes)
    if not _written(folder, wanted):
        _removed(folder)
        return None
    return ControlGroup((folder,), offered & {"memory", "pids", "cpu"})


def _create_v1(limits: Limits) -> ControlGroup | None:
    name = _new_name()
    wanted = {
        "memory": {"memory.limit_in_bytes": str(limits.memory_bytes)},
        "pids": {"pids.max": str(limits.processes)},
        "cpu": {"cpu.shares": str(_CPU_SHARES_V1)},
    }
    folders: dict[str, Path] = {}
    for controller in _V1_CONTROLLERS:
        own = _own_path(controller)
        if own is None:
            continue
        _sweep(ROOT / controller / own)
        folder = ROOT / controller / own / name
        if _written(folder, wanted[controller]):
            folders[controller] = folder
        else:
            _removed(folder)
    if "memory" in folders:
        # Where swap is counted, it would be a way around the limit.
        _written(folders["memory"], {"memory.memsw.limit_in_bytes": str(limits.memory_bytes)})
    return ControlGroup(tuple(folders.values()), frozenset(folders)) if folders else None


def _new_name() -> str:
    """Says whose it is, so that the groups of a front that was killed can be told and removed."""
    return f"p2m-{os.getpid()}-{secrets.token_hex(8)}"


def _sweep(parent: Path) -> None:
    """Remove the groups of fronts that are no more."""
    for folder in parent.glob("p2m-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not Path("/proc", pid).exists():
            _removed(folder)


def _own_path(controller: str) -> str | None:
    """Where this process is in the controller's tree (v2: ""), from its root; see cgroups(7)."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and (controller or not controllers):
            return path.lstrip("/")
    return None


def _written(folder: Path, values: dict[str, str]) -> bool:
    """Make the folder and write its files; whether all of that was possible."""
    try:
        folder.mkdir(exist_ok=True)
        for name, value in values.items():
            (folder / name).write_text(value)
    except OSError as error:
        logger.debug("control group refused", extra={"folder": str(folder), "why": str(error)})
        return False
    return True


def _removed(folder: Path) -> bool:
    """Kill what is in the group and remove it; whether it is gone."""
    try:
        for pid in _words(folder / "cgroup.procs"):
            os.kill(int(pid), 9)
        folder.rmdir()
    except FileNotFoundError:
        return True
    except (OSError, ProcessLookupError):
        return False
    return True


def _words(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().split())
    except OSError:
        return frozenset()


def _pairs(path: Path) -> list[tuple[str, int]]:
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [(line[0], int(line[1])) for line in lines if len(line) == 2]
