"""The whole stack at work in a network of its own that leads nowhere; says as JSON what was tried to be reached.

To be run by `unshare --net`. The kernel counts there every attempt to reach an address beyond this machine, whoever
makes it: Python, Blender, PostgreSQL, a resolver that asks for a name.
"""

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

_SIOCSIFFLAGS, _UP = 0x8914, 0x1
_COUNTERS = ("IpOutNoRoutes", "Ip6OutNoRoutes", "UdpNoPorts", "Udp6NoPorts")
_READY_S = 180
COMMAND = Path(sys.executable).with_name("prompt2mesh")


def bring_loopback_up() -> None:
    """A new network has only a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))


def attempts() -> int:
    """How often somebody in this network has tried to leave it so far."""
    counted: dict[str, int] = {}
    lines = Path("/proc/net/snmp").read_text().splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        group, _, rest = names.partition(": ")
        counted |= {group + name: int(value) for name, value in zip(rest.split(), values.split()[1:], strict=True)}
    for line in Path("/proc/net/snmp6").read_text().splitlines():
        name, value = line.split()
        counted[name] = int(value)
    return sum(counted[name] for name in _COUNTERS)


def run(*arguments: str) -> None:
    """One command of ours, which succeeds."""
    subprocess.run([COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=_READY_S)


@contextlib.contextmanager
def stack(data_dir: Path) -> Iterator[dict[str, str]]:
    """All of it, with the web UI."""
    process = subprocess.Popen([COMMAND, "up", "--port", "0"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _READY_S
        while not (found := list(data_dir.glob("stack*.json"))):
            assert process.poll() is None, "the stack did not start"
            assert time.monotonic() < deadline, "the stack is not ready"
            time.sleep(0.2)
        yield json.loads(found[0].read_text())
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    """See the module."""
    bring_loopback_up()
    data_dir = Path(os.environ["P2M_DATA_DIR"])
    with stack(data_dir) as info:
        for page in ("/", "/_stcore/health", "/_stcore/host-config"):
            urllib.request.urlopen(info["ui_url"] + page, timeout=30).read()  # noqa: S310 - our own loopback
        run("make", "a red chair", "--out", str(data_dir / "out"))
        run("account", "export", str(data_dir / "export.zip"))
    made = attempts()
    with contextlib.suppress(OSError):
        socket.getaddrinfo("telemetry.example.org", 443)
    with socket.socket() as control, contextlib.suppress(OSError):
        control.connect(("203.0.113.1", 443))
    sys.stdout.write(json.dumps({"attempts": made, "seen_of_ours": attempts() - made}) + "\n")


if __name__ == "__main__":
    main()
