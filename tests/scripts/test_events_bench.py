"""The events' benchmark runs and gives what was promised."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "events.py"
PROMISED = {
    *("clients", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "enqueue_to_start_ms_p50", "memory_growth_mib"),
    *("events_delivered_per_second", "database_transactions_per_second", "dropped_clients", "cost_1k_vs_1m"),
}


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH), *options], capture_output=True, text=True, check=False)


def test_a_load_without_clients_is_refused_in_a_sentence() -> None:
    done = bench("--clients", "0")
    assert done.returncode == 2
    assert "at least one client" in done.stderr


@pytest.mark.heavy
@pytest.mark.blender
def test_stdout_is_one_json_object_with_every_promised_figure() -> None:
    load = ("--clients", "8", "--seconds", "8", "--users", "2", "--jobs", "4", "--pace", "0.3")
    done = bench("--json", *load, "--past-events", "5000", "--rounds", "5")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures.keys() >= PROMISED
    assert (figures["clients"], figures["jobs"]) == (8, 4)
    assert figures["latency_ms_p99"] >= figures["latency_ms_p50"] > 0
    assert (figures["missing_events"], figures["repeated_events"], figures["dropped_clients"]) == (0, 0, 0)
    assert figures["events_delivered_per_second"] > figures["events_written_per_second"]
