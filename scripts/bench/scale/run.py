"""How many warm Blender pods do so many users need? `run.py --users 5000 --pattern office --target-wait-s 2 [--json]`.

The real fleet (`cloud.fleet.kubernetes.KubernetesFleet`) of several runners works on a cluster in memory, in virtual
time: hours pass in seconds or minutes. Users come by a pattern, send jobs and think between them; the runners take the
jobs from the queue (in memory, in PostgreSQL's order; `--queue postgres`: the real one) and pods from their fleets.
It searches the smallest pool with which 95 in 100 users who need another pod wait `--target-wait-s` at most, and 99 in
100 `--target-p99-s`: once with the fleet's own pool, which follows demand from P2M_WARM_PODS_MIN on, once with a fixed
number. One seed gives one course. What the distributions assume: `workload.py`, `fake_cluster.py`, `nodes.py`.
"""

import argparse
import contextlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database
from cloud.db.migrate import upgrade
from cloud.settings import Settings
from scripts.bench.scale.fake_cluster import ClusterHabits
from scripts.bench.scale.plots import draw
from scripts.bench.scale.queues import JobQueue, PostgresQueue
from scripts.bench.scale.sizing import Target, compared
from scripts.bench.scale.trial import Bench, OpenQueue, Pool, Trial, in_memory
from scripts.bench.scale.workload import PATTERNS


def main() -> None:
    """Parse the arguments, simulate, print."""
    arguments = _parsed()
    logging.disable(logging.CRITICAL)  # thousands of claims, each told of
    began = time.monotonic()
    with _queue(arguments.queue) as open_queue:
        bench = Bench(_trial(arguments), open_queue)
        figures = _figures(arguments, bench)
    figures["seconds"] = round(time.monotonic() - began, 1)
    if arguments.json:
        print(json.dumps(figures))
        return
    _print(figures)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1000, help="in all; a class comes on top [1000]")
    parser.add_argument("--pattern", choices=sorted(PATTERNS), default="office")
    parser.add_argument("--class-of", type=int, default=300, help="who come at once in the pattern `class` [300]")
    parser.add_argument("--target-wait-s", type=float, default=2.0, help="for 95 in 100 who need another pod [2]")
    parser.add_argument("--target-p99-s", type=float, default=30.0, help="for 99 in 100 [30]")
    parser.add_argument("--most", type=int, default=0, help="spares at most, P2M_WARM_PODS_MAX [by the users]")
    parser.add_argument("--pool", type=int, nargs=2, metavar=("MIN", "MAX"), help="try this pool alone, search nothing")
    parser.add_argument("--idle-s", type=float, default=900.0, help="a pod is kept for its user, P2M_POD_IDLE_S [900]")
    parser.add_argument("--ready-share", type=float, default=0.98, help="of claims that shall find a spare [0.98]")
    parser.add_argument("--concurrency", type=int, default=0, help="jobs of one runner at once [two runners for all]")
    parser.add_argument("--spot-life-h", type=float, default=48.0, help="of a spot node in the mean; 0: no loss [48]")
    parser.add_argument("--node-pods", type=int, default=14, help="pods on a node [14]")
    parser.add_argument("--queue", choices=("memory", "postgres"), default="memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="writes PLOT.svg and PLOT.png")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if arguments.users < 1 or arguments.target_wait_s <= 0 or min(*(arguments.pool or (1,)), arguments.node_pods) < 1:
        parser.error("at least one user, one spare and some seconds are needed")
    if arguments.pool and arguments.pool[0] > arguments.pool[1]:
        parser.error("--pool: MIN is more than MAX")
    return arguments


def _trial(arguments: argparse.Namespace) -> Trial:
    habits = ClusterHabits()
    nodes = replace(habits.nodes, spot_life_h=arguments.spot_life_h, pods=arguments.node_pods)
    return Trial(
        arguments.users,
        arguments.pattern,
        seed=arguments.seed,
        concurrency=arguments.concurrency,
        class_of=arguments.class_of,
        idle_s=arguments.idle_s,
        ready_share=arguments.ready_share,
        cluster=replace(habits, nodes=nodes),
    )


def _figures(arguments: argparse.Namespace, bench: Bench) -> dict[str, Any]:
    asked = {
        "users": arguments.users,
        "pattern": arguments.pattern,
        "seed": arguments.seed,
        "queue": arguments.queue,
        "idle_s": arguments.idle_s,
        "target_wait_s": arguments.target_wait_s,
        "target_p99_s": arguments.target_p99_s,
    }
    if arguments.pool:
        ran = bench.run(Pool(*arguments.pool))
        if arguments.plot:
            draw(arguments.plot, _title(arguments), ran, ran)
        return asked | ran.outcome.figures
    target = Target(arguments.target_wait_s, arguments.target_p99_s)
    most = arguments.most or max(20, arguments.users // 5, 2 * arguments.class_of * (arguments.pattern == "class"))
    guess = max(1, arguments.class_of) if arguments.pattern == "class" else 1
    figures, follows, fixed = compared(bench, target, most, _tell, guess)
    if arguments.plot:
        draw(arguments.plot, _title(arguments), follows, fixed)
    return asked | figures


def _title(arguments: argparse.Namespace) -> str:
    return f"{arguments.users} users, {arguments.pattern}, seed {arguments.seed}"


def _tell(what: str) -> None:
    print(f"simulation: {what}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _queue(kind: str) -> Iterator[OpenQueue]:
    if kind == "memory":
        yield in_memory
        return
    with tempfile.TemporaryDirectory(prefix="p2m-scale-") as folder, EmbeddedPostgres(Path(folder) / "db") as server:
        upgrade(server.url)
        settings = Settings(data_dir=Path(folder), database_url=server.url)

        @contextlib.asynccontextmanager
        async def in_postgres() -> AsyncIterator[JobQueue]:
            database = Database.connect(server.url, pool_size=2)
            try:
                async with PostgresQueue(database, settings, statement_s=0.01) as queue:
                    yield queue
            finally:
                await database.aclose()

        yield in_postgres


def _print(figures: dict[str, Any], indent: str = "") -> None:
    for name, figure in figures.items():
        if isinstance(figure, dict):
            print(f"{indent}{name}")
            _print(figure, indent + "  ")
        else:
            print(f"{indent}{name:{28 - len(indent)}} {figure}")


if __name__ == "__main__":
    main()
