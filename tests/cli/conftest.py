"""A data folder of its own for the command line's tests, and the command run against it as a user would."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blender.pod_process import CACHE
from tests.support.stack_processes import processes_of, wait_for

COMMAND = Path(sys.executable).with_name("prompt2mesh")
TIMEOUT_S = 240  # on a busy machine; it takes seconds


@dataclass(frozen=True)
class CommandLine:
    """`prompt2mesh` with a data folder and a working folder of its own."""

    data_dir: Path
    cwd: Path

    @property
    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("P2M_", "ANTHROPIC_"))}
        return {**ours, "P2M_DATA_DIR": str(self.data_dir), "P2M_POD_CACHE_DIR": str(CACHE), "COLUMNS": "300"}

    def run(self, *arguments: str, timeout_s: float = TIMEOUT_S, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.cwd,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.cwd,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def assert_nothing_runs(self, timeout_s: float = 40) -> None:
        wait_for(lambda: not processes_of(self.data_dir), timeout_s, f"the end of {processes_of(self.data_dir)}")


def json_lines(text: str) -> list[dict[str, Any]]:
    """Each line as JSON; fails if one is not."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def command_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("cli")
    line = CommandLine(folder / "data", folder)
    yield line
    line.run("down")
    line.assert_nothing_runs()
