"""`python -m cloud.blender.doctor`: what isolates Blender on this machine, by trying it, and how to mend what does not.

Prints one JSON list of findings on stdout; exit code 1 where something must be mended. `prompt2mesh doctor` shows it.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from cloud.blender.cache import PodCache
from cloud.blender.ground import Ground, Plot
from cloud.blender.isolation.cgroups import ControlGroup
from cloud.blender.isolation.container import Container, guard_front
from cloud.blender.isolation.landlock import ABI_SCOPES, supported_abi
from cloud.blender.isolation.limits import MIB, Limits
from cloud.blender.isolation.sandbox import Folders, Launch, NoSandbox, sandboxed
from cloud.blender.isolation.syscalls import filter_program
from cloud.blender.process import BlenderProcess, ChildDied

_PROBE_LIMIT_S, _BLENDER_LIMIT_S = 30.0, 90.0
_INSTALL = "sudo apt-get install -y "
_WALLS = {
    "network": ("no network", "update bubblewrap and the kernel; network namespaces must be allowed"),
    "read_only_root": ("read-only root", "update bubblewrap"),
    "processes_hidden": ("other processes hidden", "update bubblewrap; process-number namespaces must be allowed"),
    "unprivileged": ("unprivileged user", "update bubblewrap and util-linux"),
    "system_calls": ("system call filter", f"{_INSTALL}libseccomp2"),
    "environment": ("empty environment", "update bubblewrap"),
    "disk_quota": ("disk quota", "update bubblewrap to 0.6 or later"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was tried. `state`: ok, warning (less safe, but works) or missing (must be mended)."""

    name: str
    state: str
    detail: str
    mend: str = ""


def main() -> int:
    """Try everything and print the findings. Returns: the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cloud.blender.doctor", description=__doc__)
    parser.add_argument("--isolation", choices=["bubblewrap", "container"], default="bubblewrap")
    contained = parser.parse_args().isolation == "container"
    findings = asyncio.run(examine_container() if contained else examine())
    print(json.dumps([asdict(finding) for finding in findings]))  # noqa: T201
    return 1 if any(finding.state == "missing" for finding in findings) else 0


async def examine() -> list[Finding]:
    """Everything that can be told of this machine. Starts one Blender."""
    limits = Limits()
    findings = [_system(), _bubblewrap(), _seccomp(), await _control_group(limits)]
    with tempfile.TemporaryDirectory(prefix="p2m-doctor-") as folder:
        folders = _folders(Path(folder))
        if findings[1].state == "ok":
            walls = _walls(folders, limits)
            findings += walls
            if all(wall.state == "ok" for wall in walls):
                findings.append(await _blender(Ground(folders, limits)))
    return [*findings, _memory(limits), _disk()]


async def examine_container() -> list[Finding]:
    """The same for `--isolation container`, from inside of the container. Starts one Blender."""
    limits, abi = Limits(), supported_abi()
    landlock = Finding("Landlock", "ok", f"ABI {abi}")
    if abi < ABI_SCOPES:
        landlock = Finding(
            "Landlock", "warning", f"ABI {abi}: signals are refused by system call", "Linux 6.12 or later"
        )
    if not abi:
        landlock = Finding("Landlock", "missing", "none, or the seccomp profile refuses it", "Linux 5.13 or later")
    findings = [_system(), landlock, _seccomp()]
    with tempfile.TemporaryDirectory(prefix="p2m-doctor-") as folder:
        folders = _folders(Path(folder))
        try:
            container = Container.prepare(Path(folder, "children"), landlock_optional=False)
            guard_front()
        except NoSandbox as error:
            return [*findings, Finding("container", "missing", str(error), "see k8s/base/blender/deployment.yaml")]
        walls = _walls_of_container(container, folders)
        findings += walls
        if all(wall.state == "ok" for wall in walls):
            findings.append(await _blender(Ground(folders, limits, container=container)))
    return [*findings, _memory(limits), _disk()]


def _walls_of_container(container: Container, folders: Folders) -> list[Finding]:
    """Each wall, tried from inside a real child."""
    call = f"probe.main_contained({os.getpid()}, {str(folders.snapshots)!r})"
    plot = Plot(Ground(folders, container=container), folder=container.new_folder())
    try:
        launch = plot.launch_program(["-c", f"import cloud.blender.isolation.probe as probe; {call}"])
        return _told_by_probe(launch, plot.filters)
    finally:
        plot.close_filters()


def _system() -> Finding:
    detail = f"{platform.system()} {platform.release()}, Python {platform.python_version()}, user {os.geteuid()}"
    if platform.system() != "Linux":
        return Finding("system", "missing", detail, "the Blender pod runs on Linux alone; use a server (--server URL)")
    return Finding("system", "ok", detail)


def _bubblewrap() -> Finding:
    found = shutil.which("bwrap")
    if not found:
        return Finding("bubblewrap", "missing", "not installed: Blender does not start", f"{_INSTALL}bubblewrap")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Finding("bubblewrap", "ok", f"{version} ({found})")


def _seccomp() -> Finding:
    try:
        size = len(filter_program())
    except (OSError, RuntimeError) as error:
        return Finding("libseccomp", "missing", str(error), f"{_INSTALL}libseccomp2")
    return Finding("libseccomp", "ok", f"a filter of {size // 8} instructions")


async def _control_group(limits: Limits) -> Finding:
    group = await asyncio.to_thread(ControlGroup.create, limits)
    wanted = {"memory", "pids", "cpu"}
    if group:
        await group.remove()
        if group.controllers >= wanted:
            return Finding("control group", "ok", f"memory, processes and processor, below {group.folders[0].parent}")
    has = ", ".join(sorted(group.controllers)) if group else "none"
    detail = f"active: {has}; a watch on memory and rlimits stand in for the rest"
    mend = "systemd-run --user --scope -p Delegate=yes ./scripts/run … (or run as root)"
    return Finding("control group", "warning", detail, mend)


def _walls(folders: Folders, limits: Limits) -> list[Finding]:
    """Each wall, tried from inside a real sandbox."""
    probe = f"import cloud.blender.isolation.probe as probe; probe.main({limits.workspace_bytes})"
    with tempfile.TemporaryFile() as program:
        program.write(filter_program())
        program.seek(0)
        try:
            launch = sandboxed(["-c", probe], folders, limits, join_files=(), seccomp_fd=program.fileno())
        except NoSandbox as error:
            return [Finding("sandbox", "missing", str(error), _sandbox_mend(str(error)))]
        return _told_by_probe(launch, [program.fileno()])


def _told_by_probe(launch: Launch, filters: Sequence[int]) -> list[Finding]:
    said = ""
    try:
        ran = subprocess.run(
            launch.command,
            env=launch.environment,
            pass_fds=filters,
            capture_output=True,
            text=True,
            timeout=_PROBE_LIMIT_S,
            check=False,
        )
        said = ran.stderr.strip()[-300:]
        answers = json.loads(ran.stdout)["walls"]
    except (subprocess.TimeoutExpired, ValueError, OSError) as error:
        said = said or str(error)
        return [Finding("sandbox", "missing", said, _sandbox_mend(said))]
    tried = {name: told for name, told in _WALLS.items() if name in answers}
    held = [Finding(title, "ok", "tried from inside, refused") for name, (title, _) in tried.items() if answers[name]]
    return held + [
        Finding(title, "missing", "tried from inside, NOT refused", mend)
        for name, (title, mend) in tried.items()
        if not answers[name]
    ]


def _sandbox_mend(said: str) -> str:
    if "ermission denied" in said and "python" in said:
        return f"chmod -R o+rX {Path(sys.prefix)} (Blender runs as another user, who must be able to read it)"
    if "ser namespace" in said or "uid map" in said or "not permitted" in said:
        names = ("kernel.unprivileged_userns_clone=1", "kernel.apparmor_restrict_unprivileged_userns=0")
        return f"sudo sysctl {' '.join(names)} (those that there are), or run as root"
    return f"{_INSTALL}--only-upgrade bubblewrap"


async def _blender(ground: Ground) -> Finding:
    """A real Blender in the sandbox, that draws."""
    began = time.monotonic()
    try:
        child = await BlenderProcess.start(ground)
    except (NoSandbox, OSError) as error:
        return Finding("Blender", "missing", str(error), "see above")
    try:
        async with asyncio.timeout(_BLENDER_LIMIT_S):
            answer = await child.ask("warm_up", {"shader_cache": False, "checks": True})
    except (ChildDied, TimeoutError) as error:
        said = child.last_words().strip()[-300:]
        return Finding("Blender", "missing", f"{error or 'no answer'}: {said}", "./scripts/setup")
    finally:
        await child.kill()
    if answer.header.get("is_error"):
        return Finding("Blender", "missing", str(answer.header.get("text")), "./scripts/setup")
    version = answer.header["structured"]["blender"]
    return Finding(
        "Blender", "ok", f"{version} drew a picture in the sandbox, {time.monotonic() - began:.1f} s from its start"
    )


def _memory(limits: Limits) -> Finding:
    total = psutil.virtual_memory().total
    detail = f"{total // MIB} MiB in all; a user's Blender may have {limits.memory_bytes // MIB} MiB"
    if total < limits.memory_bytes:
        return Finding("memory", "warning", detail, "export P2M_POD_MEMORY_MIB=2048")
    return Finding("memory", "ok", detail)


def _disk() -> Finding:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    state = "ok" if free > 2048 * MIB else "warning"
    return Finding("disk", state, f"{free // MIB} MiB free", "" if state == "ok" else "make room on this disk")


def _folders(root: Path) -> Folders:
    root.chmod(0o755)
    names = ("snapshots", "imports")
    for name in names:
        (root / name).mkdir()
    return Folders(root / "snapshots", root / "imports", PodCache(root / "cache").folder)


if __name__ == "__main__":
    sys.exit(main())
