"""The locks tell who runs a stack and who needs it, whatever way a process ends."""

import subprocess
import sys
from pathlib import Path

from cloud.stack.lease import (
    StackInfo,
    forget_stack_info,
    keep_flag,
    lease_lock,
    read_stack_info,
    stack_lock,
    write_stack_info,
)

HOLD = """
import sys
from pathlib import Path
from cloud.stack.lease import lease_lock
lock = lease_lock(Path(sys.argv[1]))
assert lock.try_shared()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with stack_lock(tmp_path) as first, stack_lock(tmp_path) as second:
        assert first.try_exclusive()
        assert not second.try_exclusive()
        first.release()
        assert second.try_exclusive()


def test_clients_share_the_lease_and_the_supervisor_gets_it_when_the_last_is_killed(tmp_path: Path) -> None:
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "held\n"
    with lease_lock(tmp_path) as supervisors:
        for client in clients:
            assert not supervisors.try_exclusive()
            client.kill()
            client.communicate()
        assert supervisors.try_exclusive()
        with lease_lock(tmp_path) as late_client:
            assert not late_client.try_shared()


def test_what_a_stack_wrote_is_read_and_forgotten(tmp_path: Path) -> None:
    assert read_stack_info(tmp_path) is None
    info = StackInfo(pid=1, api_url="http://127.0.0.1:1", timings_s={"api": 0.5})
    write_stack_info(tmp_path, info)
    keep_flag(tmp_path).touch()
    assert read_stack_info(tmp_path) == info
    forget_stack_info(tmp_path)
    assert read_stack_info(tmp_path) is None
    assert not keep_flag(tmp_path).exists()
