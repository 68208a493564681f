"""What all Blender children of a front have in common, and the command line that starts one of them."""

import asyncio
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cloud.blender.isolation.cgroups import ControlGroup
from cloud.blender.isolation.container import Container, remove_tree
from cloud.blender.isolation.limits import Limits
from cloud.blender.isolation.sandbox import Folders, Launch, sandboxed, unguarded
from cloud.blender.isolation.syscalls import filter_program

logger = logging.getLogger(__name__)

_MODULE = ("-m", "cloud.blender.child")


@dataclass(frozen=True)
class Ground:
    """The folders, limits and walls of the children."""

    folders: Folders
    limits: Limits = field(default_factory=Limits)
    guarded: bool = True
    """False: no walls at all."""
    container: Container | None = None
    """A container is the outer wall; None: bubblewrap makes the walls."""

    async def empty_shared_folders(self) -> None:
        """Before a child takes over from another, which has ended: nothing of that one's is left for it."""
        if self.container:
            await asyncio.to_thread(self.container.empty_shared)


@dataclass
class Plot:
    """What one child has of its own outside of its process: a control group, a folder, its filters as open files."""

    ground: Ground
    group: ControlGroup | None = None
    folder: Path | None = None
    filters: list[int] = field(default_factory=list)

    @classmethod
    async def stake_out(cls, ground: Ground) -> "Plot":
        """Make all that a new child needs. Raises: OSError."""
        plot = cls(ground)
        if ground.container:
            plot.folder = await asyncio.to_thread(ground.container.new_folder)
            plot.filters = [_as_file(program) for program in ground.container.filters()]
            return plot
        plot.group = await asyncio.to_thread(ControlGroup.create, ground.limits)
        if ground.guarded:
            plot.filters = [_as_file(filter_program())]
        else:
            plot.folder = Path(tempfile.mkdtemp(prefix="p2m-child-"))
        return plot

    def launch(self, passed: Sequence[int]) -> Launch:
        """How to start the child, which inherits the two sockets `passed` and the filters. Raises: NoSandbox."""
        ground = self.ground
        arguments = [*_MODULE, "--socket", str(passed[0]), "--files", str(passed[1])]
        arguments += ["--limits", ground.limits.as_json(), *self._places()]
        if ground.container and self.folder:
            if ground.container.signals_stay_inside:
                arguments.append("--signals-stay-inside")
            return ground.container.launch(
                arguments, self.folder, ground.folders, seccomp_fds=self.filters, passed=passed
            )
        if self.folder:
            return _ending_with_us(unguarded(arguments))
        arguments += ["--signals-stay-inside", "--own-user"]
        joined = self.group.join_files if self.group else ()
        return _ending_with_us(
            sandboxed(arguments, ground.folders, ground.limits, join_files=joined, seccomp_fd=self.filters[0])
        )

    def launch_program(self, arguments: Sequence[str]) -> Launch:
        """How to start another Python program behind a container's walls, for whoever tries them. Raises: OSError."""
        container, folder = self.ground.container, self.folder
        assert container
        assert folder
        self.filters = [_as_file(program) for program in container.filters()]
        return container.launch(arguments, folder, self.ground.folders, seccomp_fds=self.filters, passed=())

    def measured_folders(self, *, at_work: bool) -> list[Path]:
        """Where what the child writes counts: `at_work`, also in the folders that one has after the other."""
        container = self.ground.container
        if not (container and self.folder):
            return []
        return [self.folder, *(container.shared if at_work else ())]

    def close_filters(self) -> None:
        """The child has them, or will never be."""
        while self.filters:
            os.close(self.filters.pop())

    async def clear(self) -> None:
        """Remove what is left once the child is gone."""
        self.close_filters()
        group, folder, self.group, self.folder = self.group, self.folder, None, None
        if group:
            await group.remove()
        if folder:
            await asyncio.to_thread(remove_tree, folder)

    def _places(self) -> list[str]:
        places = {name: f"/{name}" for name in ("workspace", "scratch", "snapshots", "imports", "cache")}
        if self.folder:
            container = self.ground.container
            workspace = container.workspace(self.folder) if container else self.folder / "workspace"
            # What our own code makes for the front stays the child's alone: a spare makes it while another is at work.
            places = {"workspace": str(workspace), "scratch": str(self.folder / "scratch")}
            places |= {name: str(getattr(self.ground.folders, name)) for name in ("snapshots", "imports", "cache")}
        return [word for name, place in places.items() for word in (f"--{name}", place)]


def end_strays(known: set[int]) -> None:
    """Kill and reap the children of this process that are not `known`: what a keeper that was killed left behind.

    On the event loop's thread alone, where children are started: none is half begun then.
    """
    for stray in psutil.Process().children():
        if stray.pid not in known:
            logger.warning("a process outlived its keeper", extra={"pid": stray.pid})
            try:
                os.kill(stray.pid, signal.SIGKILL)
                os.waitpid(stray.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                continue


def _as_file(program: bytes) -> int:
    fd = os.memfd_create("seccomp")
    os.write(fd, program)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _ending_with_us(launch: Launch) -> Launch:
    setpriv = shutil.which("setpriv")
    command = (setpriv, "--pdeathsig", "KILL", *launch.command) if setpriv else launch.command
    return Launch(command, launch.environment, launch.uid)
