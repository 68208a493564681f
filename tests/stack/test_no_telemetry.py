"""Nothing is told to anybody: the stack starts, builds, exports and stops without one attempt to leave the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blender.pod_process import CACHE
from ui.launch import OPTIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.heavy
@pytest.mark.blender
def test_no_process_of_the_stack_tries_to_reach_anybody(tmp_path: Path) -> None:
    own_network = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("P2M_", "ANTHROPIC_"))}
    done = subprocess.run(
        [*own_network, sys.executable, "-m", "tests.stack.lonely"],
        cwd=ROOT,
        env={**ours, "P2M_DATA_DIR": str(tmp_path / "data"), "P2M_POD_CACHE_DIR": str(CACHE)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["seen_of_ours"] >= 2, "an attempt would be seen"
    assert told["attempts"] == 0


def test_streamlit_is_told_to_tell_nothing() -> None:
    assert OPTIONS["browser.gatherUsageStats"] == "false"
