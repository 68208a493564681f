"""Measures a Blender pod as a client sees it: `scripts/bench/pod.py [--json] [--quick] [--scripts DIR]`.

Starts real pods, isolated as they are by default. Each figure is a median, and each ratio is to a baseline that was
measured in the same run. The table, or one JSON object with `--json`, is on stdout, progress on stderr.

--scripts DIR runs every .py of the folder bare and through the pod; success, equality of the scenes and time.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench import measures, third_party
from scripts.bench.pod_under_test import PodUnderTest

GOALS = {
    "roundtrip_ms_p50": "trivial run_python over MCP, snapshot included; goal < 15",
    "look_512_ratio": "look at 512 px to the bare drawing call, the worse of 12 and 100,000 triangles; goal ≤ 1.5",
    "sheet_6x100k_s": "six views of 100,000 triangles in one sheet; goal < 1",
    "snapshot_ratio": "what a snapshot adds to a call, to Blender's own save; 1,000,000 triangles",
    "restore_ratio": "restoring a snapshot, to Blender's own load; 1,000,000 triangles",
    "recovery_s": "the first call after kill -9 of Blender; goal < 2",
    "idle_pod_mib": "memory (PSS) of a pod at rest, its spare included",
    "next_pod_mib": "memory (PSS) that one more pod takes",
    "script_overhead": "the pod's time to bare Blender's, all scripts together; goal < 1.1 and 20 ms a call",
}


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and smaller scenes: tries the benchmark itself"
    )
    parser.add_argument("--scripts", type=Path, metavar="DIR", help="run every .py of this folder bare and in the pod")
    parser.add_argument("--only-scripts", action="store_true", help="with --scripts: measure nothing else")
    arguments = parser.parse_args()
    if arguments.scripts and not arguments.scripts.is_dir():
        parser.error(f"--scripts: {arguments.scripts} is no folder")
    scripts = sorted(arguments.scripts.glob("*.py")) if arguments.scripts else []
    results = asyncio.run(_measure(arguments, scripts))
    if arguments.json:
        print(json.dumps(results))
    else:
        _print_table(results)


async def _measure(arguments: argparse.Namespace, scripts: list[Path]) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="p2m-bench-") as folder:
        place = Path(folder)
        if not arguments.only_scripts:
            rounds = measures.QUICK if arguments.quick else measures.FULL
            with PodUnderTest.started(place / "first", cache=place / "cache") as pod:
                async with pod.toolbox() as box:
                    for measure in (measures.round_trips, measures.pictures, measures.snapshots, measures.recovery):
                        print(f"bench: {measure.__name__} …", file=sys.stderr, flush=True)
                        results |= await measure(pod, box, rounds)
            print("bench: memory …", file=sys.stderr, flush=True)
            results |= await measures.memory(place)
        if scripts:
            with PodUnderTest.started(place / "scripts", cache=place / "cache") as pod:
                pod.wait_for_blenders(2)
                results |= await third_party.compare_scripts(pod, scripts, place)
    return results


def _print_table(results: dict[str, Any]) -> None:
    table = Table("figure", "value", "what it is", title="Blender pod")
    for key, value in results.items():
        if not isinstance(value, (dict, list)):
            table.add_row(key, f"{value:.3g}" if isinstance(value, float) else str(value), GOALS.get(key, ""))
    console = Console()
    console.print(table)
    if scripts := results.get("scripts"):
        each = Table("script", "bare", "pod", "same scene", "bare s", "pod s", "what differs", title="Scripts")
        for entry in scripts:
            marks = ["yes" if entry[key] else "NO" for key in ("bare_ok", "pod_ok", "equal")]
            times = [f"{entry[key]:.3f}" for key in ("bare_s", "pod_s")]
            each.add_row(entry["script"], *marks, *times, "; ".join(entry["differences"])[:200])
        console.print(each)


if __name__ == "__main__":
    main()
