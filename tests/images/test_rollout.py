"""The bench of a roll-out in the middle of running jobs, with few of them: `scripts/bench/rollout.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 1800


@pytest.mark.heavy
def test_a_roll_out_loses_no_running_job(tmp_path: Path) -> None:
    as_they_are = ["--no-build"] if os.environ.get("P2M_TEST_IMAGES_AS_THEY_ARE") else []
    command = [sys.executable, ROOT / "scripts/bench/rollout.py", "--jobs", "3", "--json", "--logs", tmp_path]
    done = subprocess.run(
        [*command, *as_they_are], capture_output=True, text=True, timeout=_LIMIT_S, check=False, cwd=ROOT
    )
    figures = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    assert done.returncode == 0, figures or done.stderr[-3000:]
    assert figures["running_at_once"] == 3
    assert figures["jobs_handed_over"], "no runner was replaced under a job"
    assert any("runner" in file.name for file in tmp_path.glob("*.log"))
