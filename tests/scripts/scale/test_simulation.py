"""The simulation is the fleet's own work: it repeats, tells pools apart, and loses pods but no job."""

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.db.engine import Database
from cloud.settings import Settings
from scripts.bench.scale.fake_cluster import ClusterHabits
from scripts.bench.scale.nodes import NodeHabits
from scripts.bench.scale.queues import PostgresQueue
from scripts.bench.scale.sizing import Target, compared
from scripts.bench.scale.trial import Bench, Pool, Trial
from scripts.bench.scale.workload import Habits, Spread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scripts.bench.scale.queues import JobQueue

ROOT = Path(__file__).resolve().parents[3]
NO_LOSS = ClusterHabits(nodes=NodeHabits(pods=7, spot_life_h=0))
CLASS = Trial(20, "class", class_of=30, habits=Habits(jobs_mean=1.0, job=Spread(60, 100)), cluster=NO_LOSS)


def bench(*options: str, seed_of_hashes: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/bench/scale/run.py"), *options]
    environment = {**os.environ, "PYTHONHASHSEED": seed_of_hashes}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_one_seed_gives_one_course_in_every_process() -> None:
    def course(seed_of_hashes: str) -> dict[str, Any]:
        done = bench(
            *("--users", "40", "--pattern", "spike", "--pool", "1", "4", "--json"), seed_of_hashes=seed_of_hashes
        )
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "seconds": 0}

    first = course("1")
    assert first == course("2")
    assert first["jobs"] > 10
    assert first["new_pods"] >= 5


def test_a_pool_that_cannot_be_is_refused_in_a_sentence() -> None:
    assert "MIN is more than MAX" in bench("--pool", "4", "1").stderr
    assert bench("--users", "0").returncode == 2


def test_a_class_waits_for_few_spares_and_not_for_many() -> None:
    runs = Bench(CLASS)
    few, many = runs.run(Pool(1, 40)).outcome, runs.run(Pool(40, 40)).outcome
    assert few.figures["jobs"] == many.figures["jobs"] >= 30
    assert few.wait_s_p95 > 20
    assert many.wait_s_p99 < 1
    assert few.figures["pod_hours"]["warm"] < many.figures["pod_hours"]["warm"]


def test_a_class_that_waits_does_not_fight_itself_for_each_new_spare() -> None:
    ran = Bench(replace(CLASS, concurrency=50)).run(Pool(1, 40))
    assert ran.outcome.figures["runners"] == 1
    assert ran.outcome.figures["waited_over_2_s_share"] > 0.4
    assert ran.outcome.figures["conflicts_per_claim"] < 1


def test_few_spares_at_most_do_not_make_a_class_wait_in_turns() -> None:
    runs = Bench(CLASS)
    few, many = runs.run(Pool(1, 2)).outcome, runs.run(Pool(1, 40)).outcome
    assert few.wait_s_p95 < 1.5 * many.wait_s_p95


def test_what_was_made_for_a_class_is_not_made_twice() -> None:
    samples = Bench(CLASS).run(Pool(1, 5)).course.samples
    class_gone = [sample for sample in samples if 3600 + 400 <= sample.at_s <= 3600 + 600]
    assert max(sample.warm_ready + sample.warm_coming for sample in class_gone) <= 5


def test_spot_nodes_that_go_cost_pods_and_no_job() -> None:
    habits = ClusterHabits(nodes=NodeHabits(pods=7, spot_life_h=0.3))
    ran = Bench(Trial(60, "spike", cluster=habits, habits=Habits(job=Spread(300, 600)))).run(Pool(2, 20))
    assert ran.outcome.figures["pods_lost_in_jobs"] > 3
    assert ran.outcome.figures["jobs_failed"] == 0


def test_the_smallest_pool_that_keeps_the_promise_is_found() -> None:
    target = Target(5.0, 60.0)
    figures, follows, fixed = compared(Bench(CLASS), target, 64, lambda _: None)
    assert target.is_met(follows)
    assert target.is_met(fixed)
    size = figures["fixed"]["P2M_WARM_PODS_MIN"]
    assert 10 <= size <= 40
    assert not target.is_met(Bench(CLASS).run(Pool(size - 1, size - 1)))


def test_the_real_queue_gives_the_same_course(database_url: str, tmp_path: Path) -> None:
    trial = Trial(25, "spike", cluster=NO_LOSS, habits=Habits(jobs_mean=2.0))

    @asynccontextmanager
    async def in_postgres() -> "AsyncIterator[JobQueue]":
        database = Database.connect(database_url, pool_size=2)
        try:
            async with PostgresQueue(database, Settings(data_dir=tmp_path, database_url=database_url)) as queue:
                yield queue
        finally:
            await database.aclose()

    real, copy = (Bench(trial, queue).run(Pool(2, 4)) for queue in (in_postgres, Bench(trial).open_queue))
    assert real.outcome.figures["jobs"] >= 5
    for figure in ("jobs", "new_pods", "queue_wait_s", "most_pods"):
        assert real.outcome.figures[figure] == copy.outcome.figures[figure]
