"""One pod for all tests of the pod, and one Blender a module for the checks: each test starts from the empty scene."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blender.pod_process import CONTAINER, RunningPod, handed_over_pod, running_pod

Check = Callable[..., dict[str, Any]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPod]:
    """A real pod with a warm Blender."""
    if told := os.environ.get(CONTAINER):
        yield handed_over_pod(told)
        return
    with running_pod(tmp_path_factory.mktemp("pod")) as running:
        yield running


@pytest.fixture(scope="module")
def check() -> Iterator[Check]:
    """Ask for the report of a scene, in one Blender for the module."""
    command = [sys.executable, "-m", "tests.blender.check_session"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        assert process.stdin
        assert process.stdout
        answers, requests = process.stdout, process.stdin

        def ask(**case: Any) -> dict[str, Any]:
            requests.write(json.dumps(case) + "\n")
            requests.flush()
            line = answers.readline()
            assert line, f"the session ended at {case}"
            return json.loads(line)

        yield ask
        requests.close()
