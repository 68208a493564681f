"""A real stack for the add-on: database, API, runner and pods of its own, no Claude key, no web UI; and its people."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cloud.stack.lease import lease_lock, read_stack_info
from tests.addon.support.archive import extension_folder
from tests.blender.pod_process import CACHE
from tests.support.stack_processes import processes_of, wait_for
from ui.api_client import ApiClient

PASSWORD = "correct horse battery"
_START_S = 180
_numbers = itertools.count(1)


@dataclass(frozen=True)
class RunningStack:
    """Where it answers."""

    url: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def new_user(self) -> ApiClient:
        """Somebody with an account, signed in as in a browser."""
        client = ApiClient(self.url)
        name = f"person-{next(_numbers)}"
        client.sign_up(name, PASSWORD)
        client.log_in(name, PASSWORD)
        return client


@contextmanager
def running_stack(data_dir: Path, **variables: str) -> Iterator[RunningStack]:
    """The stack of a data folder, until the block ends. `variables`: more of its environment."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("P2M_", "ANTHROPIC_"))}
    ours |= {"P2M_DATA_DIR": str(data_dir), "P2M_POD_CACHE_DIR": str(CACHE)}
    ours |= {"P2M_EXTENSION_DIR": str(extension_folder())}
    data_dir.mkdir(parents=True, exist_ok=True)
    with lease_lock(data_dir) as lease, (data_dir / "stack.log").open("ab") as log:
        assert lease.try_shared()
        process = subprocess.Popen(
            [sys.executable, "-m", "cloud.stack"],
            env=ours | variables,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: process.poll() is not None or read_stack_info(data_dir), _START_S, "the stack's start")
            info = read_stack_info(data_dir)
            assert info is not None, (data_dir / "stack.log").read_text()
            yield RunningStack(info.api_url)
        finally:
            process.terminate()
            process.wait(60)
    wait_for(lambda: not processes_of(data_dir), 30, "the end of the stack's processes")
