"""Measures how runners get pods on Kubernetes: `claims.py [--claims N] [--clients C] [--answers A] [--json]`.

Real parts: etcd, the API server and the controller manager (Kubernetes 1.20.2, built from Debian's source the first
time: 10 to 15 minutes), the fleet with its Kubernetes client, a runner's own service account and rights, and Blender.
A stand-in plays scheduler and kubelet; its pods are processes of this machine.

The race: C runners, each a process with its own watch, claim N pods out of a pool of N + C spares that only answer
health checks. `acquire_s_*` is the time of one `acquire`, `distinct` how many different pods they got (it must be N).
The answer: with one warm spare that is a real Blender in its sandbox, the time from `acquire` until code has run in
it and its result is here (`answered_s_*`), A times.

The table, or one JSON object with `--json`, is on stdout. The exit code is 1 if one pod was given out twice.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cloud.agent.toolbox import McpToolbox
from cloud.fleet.rules import FleetRules
from cloud.fleet.warm_pool import PoolRules
from tests.support.kubernetes_api import manifests
from tests.support.kubernetes_api.build import VERSION, CannotBuild
from tests.support.kubernetes_api.cluster import LoopbackCluster, pods_of, wait_for
from tests.support.kubernetes_api.control_plane import ControlPlane, running_control_plane
from tests.support.kubernetes_api.race import race

Figures = dict[str, float | int | str]

_BLENDER_LIMIT_S = 300
# A claimed spare's successor is made at once. Scheduling and the container's making take seconds on a cluster, and its
# Blender starts on another core; here, at once, it would take its share of the core that is measured.
_NEXT_BEGINS_S = 3.0


def main() -> int:
    """Parse the arguments, measure, print. Returns: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=200, help="pods that are claimed in the race [200]")
    parser.add_argument("--clients", type=int, default=8, help="runners that race [8]")
    parser.add_argument("--answers", type=int, default=5, help="real Blenders that are asked; 0: none [5]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if not 1 <= arguments.clients <= arguments.claims or arguments.answers < 0:
        parser.error("at least one client, and one claim for each, are needed")
    try:
        with tempfile.TemporaryDirectory() as folder, running_control_plane() as plane:
            figures = _measure(plane, Path(folder), arguments)
    except CannotBuild as error:
        sys.stderr.write(f"{error}\n")
        return 2
    _print(figures, as_json=arguments.json)
    return 0 if figures["distinct"] == figures["claims"] else 1


def _measure(plane: ControlPlane, folder: Path, arguments: argparse.Namespace) -> Figures:
    manifests.install(plane, replicas=0)
    with pods_of(plane, folder, light=True) as cluster:
        figures = _race(cluster, arguments.claims, arguments.clients)
        cluster.clear()
    if arguments.answers:
        with pods_of(plane, folder, light=False, start_s=_NEXT_BEGINS_S) as cluster:
            figures |= asyncio.run(_answers(cluster, arguments.answers))
            cluster.clear()
    return figures | {"kubernetes": VERSION}


def _race(cluster: LoopbackCluster, claims: int, clients: int) -> Figures:
    cluster.scale(claims + clients, limit_s=300)
    users = [f"user-{number}" for number in range(claims)]
    got, seconds = race(cluster.kubeconfig, [users[client::clients] for client in range(clients)])
    times = sorted(claimed.seconds for claimed in got)
    return {
        "claims": len(got),
        "clients": clients,
        "distinct": len({claimed.pod for claimed in got}),
        "acquire_s_p50": round(statistics.median(times), 4),
        "acquire_s_p95": round(times[math.ceil(0.95 * len(times)) - 1], 4),
        "acquire_s_max": round(times[-1], 4),
        "claims_per_s": round(len(got) / seconds, 1),
    }


async def _answers(cluster: LoopbackCluster, count: int) -> Figures:
    """From `acquire` to the result of code that ran in a real Blender, with a spare that is ready."""
    fleet = await cluster.fleet(FleetRules(pool=PoolRules(least=1, most=1)))
    acquired, answered = [], []
    try:
        await fleet.watches()
        for number in range(count):
            await asyncio.to_thread(cluster.scale, 1, _BLENDER_LIMIT_S)
            await asyncio.to_thread(wait_for, lambda: fleet.spares == 1, "the fleet knows its spare")
            began = time.perf_counter()
            endpoint = await fleet.acquire(f"answered-{number}")
            acquired.append(time.perf_counter() - began)
            async with McpToolbox(endpoint.base_url, endpoint.bearer) as box:
                result = await box.call("run_python", {"code": "print(6 * 7, len(bpy.data.objects))"})
                answered.append(time.perf_counter() - began)
            assert not result.is_error, result.content
            await fleet.stop(f"answered-{number}")
    finally:
        await fleet.aclose()
    return {
        "answers": count,
        "warm_acquire_s_p50": round(statistics.median(acquired), 4),
        "answered_s_p50": round(statistics.median(answered), 4),
        "answered_s_max": round(max(answered), 4),
    }


def _print(figures: Figures, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, str(value))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
