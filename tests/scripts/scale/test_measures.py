"""The measurements of `k8s/SCALE.md` run and give what the page is made of."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCALE = Path(__file__).resolve().parents[3] / "scripts" / "bench" / "scale"


def measured(script: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(SCALE / script), *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.heavy
def test_the_queues_load_is_told_for_each_length_and_each_number_of_runners() -> None:
    figures = measured(
        "queue_load.py", "--queued", "50", "--runners", "1", "3", "--running", "5", "50", "--claims", "12"
    )
    assert [(row["queued"], row["runners"]) for row in figures["claim"]] == [(50, 1), (50, 3)]
    assert [row["running"] for row in figures["watch"]] == [5, 50]
    assert all(value > 0 for row in (*figures["claim"], *figures["watch"]) for value in row.values())


@pytest.mark.heavy
def test_every_listener_hears_every_notification_and_none_those_of_rows_without_a_trigger() -> None:
    figures = measured("notify_load.py", "--listeners", "0", "2", "--seconds", "1")["notify"]
    assert [(row["what"], row["listeners"]) for row in figures] == [
        *(("delta", 0), ("delta", 2), ("event", 0), ("event", 2)),
        ("row alone", 0),
    ]
    assert all(row["per_s"] > 1 for row in figures)
    assert [row["heard_share"] for row in figures if row["listeners"]] == pytest.approx([1.0, 1.0], abs=0.05)


@pytest.mark.heavy
@pytest.mark.blender
def test_one_jobs_cost_is_counted() -> None:
    figures = measured("job_cost.py", "--prompts", "1", "--idle", "2")
    assert figures["events"] == figures["rows_by_table"]["events"] >= 10
    assert figures["steps"] >= 1
    assert figures["statements"] > figures["transactions"] > figures["steps"]
    assert figures["wal_bytes"] > sum(figures["row_bytes_by_table"].values())
    assert figures["artifact_bytes"] > 10_000
    assert figures["notifications"]["p2m_events"] >= 5
