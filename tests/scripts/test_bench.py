"""The pod's benchmark runs and gives what was promised."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "pod.py"
PROMISED = {
    *("roundtrip_ms_p50", "look_512_ratio", "sheet_6x100k_s", "snapshot_ratio", "restore_ratio", "recovery_s"),
    *("idle_pod_mib", "next_pod_mib"),
}


# Each is one measurement less another: other work on the machine between the two can turn it around.
DIFFERENCES = {"snapshot_ratio", "next_pod_mib"}


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH), *options], capture_output=True, text=True, check=False)


def test_a_folder_that_is_not_there_is_named() -> None:
    done = bench("--scripts", "/no/such/folder")
    assert done.returncode == 2
    assert "/no/such/folder" in done.stderr


@pytest.mark.heavy
@pytest.mark.blender
def test_stdout_is_one_json_object_with_every_promised_figure(tmp_path: Path) -> None:
    (tmp_path / "cube.py").write_text("import bpy\nbpy.ops.mesh.primitive_cube_add()\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    done = bench("--json", "--quick", "--scripts", str(tmp_path))
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures.keys() >= PROMISED
    assert {name: figures[name] for name in PROMISED - DIFFERENCES if not figures[name] > 0} == {}
    assert {name: figures[name] for name in DIFFERENCES if not math.isfinite(figures[name])} == {}
    assert (figures["scripts_total"], figures["scripts_pod_ok"], figures["scripts_equal"]) == (2, 1, 1)
