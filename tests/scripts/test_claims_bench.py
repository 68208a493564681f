"""The bench of claims runs and gives what was promised."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "claims.py"


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH), *options], capture_output=True, text=True, check=False)


def test_more_clients_than_claims_are_refused_in_a_sentence() -> None:
    done = bench("--claims", "2", "--clients", "3")
    assert done.returncode == 2
    assert "one claim for each" in done.stderr


@pytest.mark.heavy
@pytest.mark.blender
def test_stdout_is_one_json_object_with_every_promised_figure() -> None:
    done = bench("--json", "--claims", "24", "--clients", "4", "--answers", "1")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["claims"], figures["distinct"], figures["clients"]) == (24, 24, 4)
    assert 0 < figures["acquire_s_p50"] <= figures["acquire_s_p95"] <= figures["acquire_s_max"]
    assert 0 < figures["warm_acquire_s_p50"] < figures["answered_s_p50"]
