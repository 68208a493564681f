"""Prometheus and promtool of Debian's own package: had by apt once, unpacked outside the repository, not installed."""

import os
import shutil
import subprocess
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prompt2mesh" / "prometheus"
_PACKAGE = "prometheus"


def prometheus_binary(name: str) -> str:
    """The path of `prometheus` or `promtool`.

    Raises: RuntimeError: there is none and none can be had, with a sentence that says what to install.
    """
    if found := shutil.which(name):
        return found
    unpacked = _CACHE / "usr" / "bin" / name
    if not unpacked.is_file():
        _unpack()
    return str(unpacked)


def _unpack() -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise RuntimeError(f"This needs Prometheus 2.42 or newer: install your system's package `{_PACKAGE}`.")
    print(f"fetching Debian's package {_PACKAGE} into {_CACHE} (19 MB, once)")  # noqa: T201 - who waits shall know why
    _CACHE.mkdir(parents=True, exist_ok=True)
    fetched = list(_CACHE.glob(f"{_PACKAGE}_*.deb"))
    if not fetched and not (_fetch() or (_update() and _fetch())):
        raise RuntimeError(f"apt-get could not fetch the package `{_PACKAGE}`: see `apt-get update`, or install it.")
    [package] = list(_CACHE.glob(f"{_PACKAGE}_*.deb"))[:1]
    subprocess.run(["dpkg-deb", "-x", str(package), str(_CACHE)], check=True)


def _fetch() -> bool:
    done = subprocess.run(["apt-get", "download", _PACKAGE], cwd=_CACHE, capture_output=True, check=False, timeout=600)
    return done.returncode == 0


def _update() -> bool:
    options = ["-o", "DPkg::Lock::Timeout=900"]
    done = subprocess.run(["apt-get", *options, "update"], capture_output=True, check=False, timeout=900)
    return done.returncode == 0


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool; its exit code is the caller's to look at."""
    command = [prometheus_binary("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
