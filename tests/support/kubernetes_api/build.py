"""The real Kubernetes API server and controller manager, built once from Debian's source and cached.

`python -m tests.support.kubernetes_api.build` builds them by hand (10 to 15 minutes on two cores, 2 GB of disk
meanwhile) and prints where they are. The version is 1.20.2, the one that Debian bookworm carries: it has no
`policy/v1`, no `autoscaling/v2` and no Pod Security admission.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

VERSION = "1.20.2"
_PACKAGES = {
    "dpkg-source": "dpkg-dev",
    "rsync": "rsync",
    "make": "make",
    "gcc": "gcc",
    "/usr/lib/go-1.19/bin/go": "golang-1.19-go",
    "etcd": "etcd-server",
    "which": "debianutils",
}
_GO = "/usr/lib/go-1.19/bin"
_APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=900")


class CannotBuild(Exception):
    """The API server is not here and cannot be made here; the text says what to install."""


@dataclass(frozen=True)
class Binaries:
    """Where the programs of a control plane are."""

    apiserver: Path
    controller_manager: Path
    etcd: Path


def binaries() -> Binaries:
    """The programs; built, and what the build needs installed, when they are not in the cache yet.

    Blocks for as long as the build takes, also when another process builds them. Raises: CannotBuild.
    """
    kept = cache_dir()
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "kube-apiserver").is_file() or not (kept / "kube-controller-manager").is_file():
            _install(_PACKAGES)
            _build(kept)
        _install({"etcd": "etcd-server"})
    etcd = shutil.which("etcd")
    assert etcd
    return Binaries(kept / "kube-apiserver", kept / "kube-controller-manager", Path(etcd))


def cache_dir() -> Path:
    """Where the programs are kept, outside the repository."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "prompt2mesh" / f"kubernetes-{VERSION}"


def _install(programs: dict[str, str]) -> None:
    """Install what is missing, on Debian as root. Raises: CannotBuild."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if not missing:
        return
    sentence = f"Kubernetes {VERSION} needs the Debian 12 packages {' '.join(missing)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotBuild(f"{sentence}: install them (apt-get install {' '.join(missing)}) and try again.")
    sys.stderr.write(f"{sentence}: installing them.\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run([*_APT, "update"], env=environment)
    _run([*_APT, "install", "-y", "--no-install-recommends", *missing], env=environment)


def _build(kept: Path) -> None:
    """Build both programs into `kept`. Raises: CannotBuild."""
    sys.stderr.write(f"Building Kubernetes {VERSION} from Debian's source, once (10 to 15 minutes).\n")
    work = Path(tempfile.mkdtemp(prefix="build-", dir=kept))
    try:
        source = _fetch_source(work)
        environment = os.environ | {
            "PATH": f"{_GO}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(work),
            "GOCACHE": str(work / "go-cache"),
            "GOFLAGS": "-mod=vendor",
            "GOPROXY": "off",
            "KUBE_GIT_VERSION": f"v{VERSION}",
        }
        for name in ("kube-apiserver", "kube-controller-manager"):
            _run(["nice", "-n", "10", "make", f"WHAT=cmd/{name}"], cwd=source, env=environment)
            built = source / "_output" / "local" / "go" / "bin" / name
            shutil.copy2(built, kept / f"{name}.new")
            (kept / f"{name}.new").rename(kept / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch_source(work: Path) -> Path:
    """Debian's source of this version, unpacked. The machine's own apt sources stay as they are."""
    parts, lists = work / "sources", work / "lists"
    parts.mkdir()
    lists.mkdir()
    for file in (*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
        if file.suffix == ".sources":
            text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", file.read_text())
        elif file.suffix == ".list":
            text = re.sub(r"(?m)^deb\s", "deb-src ", file.read_text())
        else:
            continue
        (parts / file.name).write_text(text)
    options = ["-o", f"Dir::Etc::SourceParts={parts}", "-o", "Dir::Etc::SourceList=/dev/null"]
    options += ["-o", f"Dir::State::Lists={lists}", "-o", "APT::Sandbox::User=root"]
    _run([*_APT, *options, "update"])
    _run([*_APT, *options, "source", "--download-only", "kubernetes"], cwd=work)
    descriptions = list(work.glob(f"kubernetes_*{VERSION}*.dsc"))
    if not descriptions:
        raise CannotBuild(f"This machine's package sources have no Kubernetes {VERSION}: it is Debian 12's (bookworm).")
    _run(["dpkg-source", "--no-check", "-x", str(descriptions[0]), str(work / "kubernetes")])
    return work / "kubernetes"


def _run(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run one step; its output goes to our standard error. Raises: CannotBuild."""
    ended = subprocess.run(command, cwd=cwd, env=env, stdout=sys.stderr, check=False)
    if ended.returncode:
        raise CannotBuild(f"`{' '.join(command[:4])} …` failed with {ended.returncode}: its output above says why.")


if __name__ == "__main__":
    sys.stdout.write(f"{binaries()}\n")
