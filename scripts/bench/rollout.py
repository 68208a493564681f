"""A roll-out in the middle of running jobs, on the images: `scripts/bench/rollout.py [--jobs N] [--json]`.

The whole product runs from its images (`tests/support/podman_cluster`: real API server and Deployment controller,
podman, nginx with TLS). Each of N users first has one job undisturbed. Then each sends another, and when all run the
Deployments of API, runners and web UI are rolled out at once, as an apply does: a new pod ready, an old one told to
stop, and so on. Each job is held against the undisturbed one of its prompt: end, transcript, steps, files, events as
its client saw them, and the calls that the model got.

The table, or one JSON object with `--json`, is on stdout, progress on stderr. Exit code 0 only if nothing is wrong.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench.disturbed.clients import SentJob, User
from scripts.bench.disturbed.records import JobRecord, connect, queue_left, read_job
from scripts.bench.disturbed.run import PROMPTS
from scripts.bench.disturbed.stand_in import CountingModel
from scripts.bench.disturbed.verdict import Verdict, judge
from tests.support.podman_cluster.product import Product, running_product, wait_for
from ui.api_client import ApiClient

PARTS = ("api", "runner", "ui")
_JOB_LIMIT_S = 1800.0
_AT_ONCE = 2


class UserOverTls(User):
    """A user who comes through nginx, and trusts its authority."""

    def __init__(self, product: Product, number: int) -> None:
        self.number = number
        password = f"roll-out-{number}-of-the-images"
        credentials = {"username": f"roll-out-{number}", "password": password}
        self._http = httpx2.Client(
            base_url=product.url,
            timeout=httpx2.Timeout(60.0, connect=10.0),
            trust_env=False,
            verify=product.nginx.trust,
            headers={"User-Agent": ApiClient.__name__},
        )
        self._http.post("/v1/users", json=credentials).raise_for_status()
        session = self._http.post("/v1/sessions", json=credentials).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {session['token']}"


def main() -> int:
    """Parse the arguments, run, print. Returns: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20, metavar="N", help="users, each with a running job [20]")
    parser.add_argument("--prompts", type=int, default=2, choices=range(1, len(PROMPTS) + 1), help="different ones [2]")
    parser.add_argument("--no-build", action="store_true", help="take the images as they are")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep what the containers said")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="p2m-rollout-") as folder,
        CountingModel.served() as model,
        running_product(
            Path(folder), model_url=model.base_url, blenders=chosen.jobs, build=not chosen.no_build
        ) as product,
    ):
        try:
            figures = measure(product, model, chosen.jobs, chosen.prompts)
        finally:
            if chosen.logs:
                product.kubelet.keep_logs(chosen.logs)
    if chosen.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
    return 0 if is_good(figures) else 1


def measure(product: Product, model: CountingModel, count: int, prompts: int) -> dict[str, Any]:
    """The run. Returns: the figures."""
    users = [UserOverTls(product, number) for number in range(count)]
    try:
        first = [SentJob(number % prompts, number, number, f"chaos-first-{number}") for number in range(count)]
        for start in range(0, count, _AT_ONCE):
            _work_on_all(users, first[start : start + _AT_ONCE])
            _say(f"{min(start + _AT_ONCE, count)} of {count} users have their Blender")
        wanted = _undisturbed(product, first)
        jobs = [SentJob(number % prompts, number, number, f"chaos-{number}") for number in range(count)]
        threads = _begin(users, jobs)
        running = _wait_until_all_run(product, jobs)
        _say(f"{running} jobs run; the roll-out begins")
        roll_out_s = _roll_out(product)
        _say(f"rolled out in {roll_out_s:.0f} s, with {sum(not job.ended for job in jobs)} jobs still at work")
        ended_meanwhile = sum(job.ended for job in jobs)
        for thread in threads:
            thread.join(_JOB_LIMIT_S)
        return _figures(product, model, jobs, wanted, running) | {
            "roll_out_s": round(roll_out_s, 1),
            "ended_within_the_roll_out": ended_meanwhile,
        }
    finally:
        for user in users:
            user.close()


def is_good(figures: dict[str, Any]) -> bool:
    """Nothing was lost, repeated or killed."""
    zero = ("lost", "duplicated_steps", "repeated_model_calls", "missing_events", "killed_pods", "restarted_pods")
    return not any(figures[name] for name in zero) and not figures["differences"]


def _begin(users: Sequence[User], jobs: Sequence[SentJob]) -> list[threading.Thread]:
    def work(job: SentJob) -> None:
        users[job.user].send(job, PROMPTS[job.recipe], _JOB_LIMIT_S)
        users[job.user].follow(job, lambda: time.time() - job.sent_at > _JOB_LIMIT_S)

    threads = [threading.Thread(target=work, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def _work_on_all(users: Sequence[User], jobs: Sequence[SentJob]) -> None:
    for thread in _begin(users, jobs):
        thread.join(_JOB_LIMIT_S)


def _undisturbed(product: Product, jobs: Sequence[SentJob]) -> dict[int, JobRecord]:
    """What each prompt comes to. Raises: RuntimeError: one did not succeed at the first attempt."""
    wanted: dict[int, JobRecord] = {}
    with connect(product.database_url) as connection:
        for job in jobs:
            record = read_job(connection, job.job_id) if job.job_id else None
            if record is None or record.state != "succeeded" or record.attempts != 1:
                raise RuntimeError(f"undisturbed: {PROMPTS[job.recipe]!r}: {record and (record.state, record.error)}")
            wanted.setdefault(job.recipe, record)
    return wanted


def _wait_until_all_run(product: Product, jobs: Sequence[SentJob]) -> int:
    """All have been sent and taken by a runner. Returns: how many run just then."""

    def running() -> int:
        ids = [job.job_id for job in jobs if job.job_id]
        with connect(product.database_url) as connection:
            row = connection.execute(
                "SELECT count(*) AS n FROM jobs WHERE state = 'running' AND id = ANY(%s::uuid[])", (ids,)
            ).fetchone()
        return int(row["n"]) if row else 0

    most = 0

    def all_run() -> bool:
        nonlocal most
        most = running()
        return most == len(jobs) or any(job.ended for job in jobs)

    wait_for(all_run, "that all jobs run", _JOB_LIMIT_S)
    return most


def _roll_out(product: Product) -> float:
    began = time.monotonic()
    failures: list[BaseException] = []

    def one(part: str) -> None:
        try:
            _say(f"{part}: {product.roll_out(part, limit_s=900):.0f} s")
        except Exception as error:  # noqa: BLE001 - the top of a thread: told to who waits for it
            failures.append(error)

    threads = [threading.Thread(target=one, args=(part,), daemon=True) for part in PARTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.monotonic() - began


def _figures(
    product: Product, model: CountingModel, jobs: Sequence[SentJob], wanted: dict[int, JobRecord], running: int
) -> dict[str, Any]:
    verdicts: list[Verdict] = []
    attempts: Counter[int] = Counter()
    with connect(product.database_url) as connection:
        wait_for(lambda: not any(queue_left(connection).values()), "the end of the queue", 60)
        for job in jobs:
            record = read_job(connection, job.job_id) if job.job_id else None
            attempts[record.attempts if record else 0] += 1
            verdicts.append(judge(job, record, wanted[job.recipe], model.of(job.model)))
    ours = [ran for ran in product.kubelet.gone if ran.key[1].rpartition("-")[0].rpartition("-")[0] in PARTS]
    return {
        "jobs": len(jobs),
        "running_at_once": running,
        "lost": sum(verdict.lost for verdict in verdicts),
        "duplicated_steps": sum(verdict.double_applied for verdict in verdicts),
        "repeated_model_calls": sum(verdict.repeated_calls for verdict in verdicts),
        "model_calls_cut": sum(verdict.cut_calls for verdict in verdicts),
        "missing_events": sum(verdict.missing_events for verdict in verdicts),
        "streams_interrupted_and_resumed": sum(job.connections > 1 for job in jobs),
        "jobs_handed_over": sum(count for number, count in attempts.items() if number > 1),
        "pods_replaced": len(ours),
        "slowest_end_of_a_pod_s": round(max((ran.stopped_in_s or 0 for ran in ours), default=0), 1),
        "killed_pods": sum(ran.killed for ran in ours),
        "restarted_pods": sum(ran.restarts for ran in [*product.kubelet.pods.values(), *product.kubelet.gone]),
        "job_s_most": round(max(job.ended_at - job.sent_at for job in jobs), 1),
        "start_s": product.timings_s,
        "differences": [text for verdict in verdicts for text in verdict.differences][:20],
    }


def _say(what: str) -> None:
    print(f"rollout: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
