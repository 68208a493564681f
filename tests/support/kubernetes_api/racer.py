"""One runner's fleet in a process of its own, which claims pods when it is told to.

    python -m tests.support.kubernetes_api.racer --kubeconfig FILE --users a,b,c [--at-once N] [--runner NAME]

It prints `{}` once it watches the pods, and waits for a line on its stdin. Then it acquires a pod for each user and
prints `{"user", "pod", "seconds"}` for each; it holds them until its stdin ends, and lets go of them.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path

from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.kubernetes_client import KubernetesCluster
from cloud.fleet.pod_tokens import PodTokens
from cloud.fleet.rules import FleetRules


async def _race(arguments: argparse.Namespace) -> None:
    cluster = await KubernetesCluster.open(arguments.namespace, kubeconfig=str(arguments.kubeconfig))
    fleet = KubernetesFleet(cluster, PodTokens(), FleetRules(start_limit_s=120), runner=arguments.runner)
    await fleet.start()
    await fleet.watches()
    users = deque(arguments.users.split(","))

    async def claim() -> None:
        while users:
            user = users.popleft()
            began = time.perf_counter()
            pod = (await fleet.acquire(user)).pod
            _say({"user": user, "pod": pod, "seconds": time.perf_counter() - began})

    _say({})
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(claim() for _ in range(arguments.at_once)))
    await asyncio.to_thread(sys.stdin.read)
    await fleet.aclose()


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--namespace", default="prompt2mesh-blender")
    parser.add_argument("--users", required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--runner", default="")
    asyncio.run(_race(parser.parse_args()))
