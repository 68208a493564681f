"""A real stack with its web UI, as `prompt2mesh up` starts it, for tests in a browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.stack.lease import StackInfo, read_stack_info
from tests.blender.pod_process import CACHE
from tests.support.stack_processes import processes_of, wait_for

START_DEADLINE_S = 180


@contextmanager
def web_stack(data_dir: Path, **variables: str) -> Iterator[StackInfo]:
    """The stack of a data folder, until the block ends: no Claude key but for `variables`, more of its environment."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("P2M_", "ANTHROPIC_"))}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("prompt2mesh"), "up", "--port", "0"],
        env={**ours, **variables, "P2M_DATA_DIR": str(data_dir), "P2M_POD_CACHE_DIR": str(CACHE)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: process.poll() is not None or read_stack_info(data_dir), START_DEADLINE_S, "the stack's start")
        info = read_stack_info(data_dir)
        assert info is not None, f"the stack ended with exit code {process.poll()}"
        yield info
    finally:
        process.terminate()
        process.wait(30)
        wait_for(lambda: not processes_of(data_dir), 15, "the end of the stack's processes")
