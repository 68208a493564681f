"""One chaos run: the same prompts undisturbed, then many times while processes of the stack are killed."""

import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scripts.bench.disturbed.clients import GaveUp, SentJob, User
from scripts.bench.disturbed.killer import Killer
from scripts.bench.disturbed.records import JobRecord, connect, queue_left, read_job
from scripts.bench.disturbed.stack import StackUnderTest
from scripts.bench.disturbed.stand_in import CountingModel

PROMPTS = (
    "a wooden chair",
    "a round table with four legs and a red mug on it",
    "a medieval castle tower with a wooden door",
    "a snowman beside a pine tree",
    "a small house with a red roof and a fence",
    "three blue cubes in a row and a yellow sphere on top of the middle one",
)
UNDISTURBED_LIMIT_S = 300.0
# With more, the first pods would all start at the same time.
_UNDISTURBED_AT_ONCE = 2
_TICK_S = 0.05
_SETTLE_LIMIT_S = 30.0


@dataclass(frozen=True)
class Plan:
    """What to run. `gap_s` is the mean time between two kills, `limit_s` what one job may take from being sent."""

    jobs: int
    kills: int
    users: int = 4
    runners: int = 2
    seed: int = 1
    prompts: int = len(PROMPTS)
    gap_s: float = 3.5
    limit_s: float = 600.0
    kinds: tuple[str, ...] = ()


@dataclass
class Observed:
    """What a run left: the jobs with their rows, the calls, and what was still there at the end."""

    model: CountingModel
    sent: list[SentJob] = field(default_factory=list)
    records: dict[int, JobRecord | None] = field(default_factory=dict)
    wanted: dict[int, JobRecord] = field(default_factory=dict)
    killer: Killer | None = None
    left_in_queue: dict[str, int] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    stack_failed: str = ""


class NotUndisturbed(Exception):
    """The run without kills did not end well, so there is nothing to compare with."""


def observe(plan: Plan, data_dir: Path) -> Observed:
    """Run it. Nothing of the stack lives when this returns or raises. Raises: NotUndisturbed."""
    with CountingModel.served() as model:
        observed = Observed(model)
        stack = None
        try:
            with StackUnderTest.started(data_dir, model.base_url, plan.runners) as stack, ExitStack() as users_open:
                users = [User(stack.api_url, number) for number in range(plan.users)]
                for user in users:
                    users_open.callback(user.close)
                _run_undisturbed(plan, stack, users, observed)
                _run_disturbed(plan, stack, users, observed)
                _read_what_is_left(stack, observed)
        finally:
            if stack is not None:
                _end_orphans(stack, observed)
    return observed


def _run_undisturbed(plan: Plan, stack: StackUnderTest, users: Sequence[User], observed: Observed) -> None:
    began = time.monotonic()
    at_once = min(plan.users, _UNDISTURBED_AT_ONCE)
    jobs = [SentJob(recipe, recipe, recipe % at_once, f"chaos-first-{recipe}") for recipe in range(plan.prompts)]
    threads = [_work_on(users[job.user], job, UNDISTURBED_LIMIT_S, observed) for job in jobs]
    for thread in threads:
        thread.join()
    with connect(stack.database_url) as connection:
        for job in jobs:
            record = read_job(connection, job.job_id) if job.job_id else None
            if record is None or record.state != "succeeded" or record.attempts != 1:
                raise NotUndisturbed(
                    f"{PROMPTS[job.recipe]!r}: {record and (record.state, record.error)} {job.refused}"
                )
            observed.wanted[job.recipe] = record
    observed.seconds["undisturbed"] = time.monotonic() - began
    _say(f"{len(jobs)} prompts undisturbed in {observed.seconds['undisturbed']:.0f} s")


def _run_disturbed(plan: Plan, stack: StackUnderTest, users: Sequence[User], observed: Observed) -> None:
    began = time.monotonic()
    dice = random.Random(plan.seed)
    jobs = [
        SentJob(number % plan.prompts, number, dice.randrange(plan.users), f"chaos-{number}")
        for number in range(plan.jobs)
    ]
    observed.sent = jobs
    killer = Killer(stack, plan.kills, plan.gap_s, lambda: _may_kill(plan, jobs, killer), random.Random(plan.seed + 1))
    observed.killer = killer
    if plan.kinds:
        killer.kinds = plan.kinds
    threads: list[threading.Thread] = []
    killer.start()
    try:
        for job in jobs:
            _wait(lambda job=job: _may_send(plan, job, jobs, killer) or _broken(stack, killer, observed))
            if observed.stack_failed:
                break
            if job is jobs[-1]:
                killer.hurry(2.5)
            threads.append(_work_on(users[job.user], job, plan.limit_s, observed))
            if job.number % 10 == 9:
                _say(f"{job.number + 1} jobs sent, {sum(j.ended for j in jobs)} ended, {len(killer.kills)} kills")
        for thread in threads:
            _wait(lambda thread=thread: not thread.is_alive() or _broken(stack, killer, observed))
            thread.join()
    finally:
        killer.stop()
    observed.seconds["disturbed"] = time.monotonic() - began
    _say(f"{len(killer.kills)} kills over {sum(j.ended for j in jobs)} jobs in {observed.seconds['disturbed']:.0f} s")


def _may_kill(plan: Plan, jobs: Sequence[SentJob], killer: Killer) -> bool:
    """The kills do not run ahead of the jobs' ends: they would all fall on the first jobs."""
    ended = sum(job.ended for job in jobs)
    return len(killer.kills) * plan.jobs < (ended + 2 * plan.users) * plan.kills


def _may_send(plan: Plan, job: SentJob, jobs: Sequence[SentJob], killer: Killer) -> bool:
    """The kills and the jobs go hand in hand: some jobs are always at work, and the last ends after the last kill."""
    if job is jobs[-1] and plan.jobs > 1:
        return len(killer.kills) >= plan.kills - 1
    ahead = 2 * plan.users
    at_work = sum(bool(other.sent_at) and not other.ended for other in jobs[: job.number])
    return at_work < plan.users or len(killer.kills) * plan.jobs >= (job.number - ahead) * plan.kills


def _broken(stack: StackUnderTest, killer: Killer, observed: Observed) -> bool:
    if killer.failure is not None:
        raise killer.failure
    if not stack.supervisor.is_running() or stack.supervisor.status() == psutil.STATUS_ZOMBIE:
        log = stack.data_dir / "logs" / "stack.log"
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        observed.stack_failed = f"the supervisor of the stack ended: {said[-1][:300] if said else 'without a word'}"
    return bool(observed.stack_failed)


def _work_on(user: User, job: SentJob, limit_s: float, observed: Observed) -> threading.Thread:
    """Send the job and follow it, in a thread of its own."""
    job.sent_at = time.time()

    def send_and_follow() -> None:
        try:
            user.send(job, PROMPTS[job.recipe], limit_s)
        except GaveUp as error:
            job.refused, job.ended_at = str(error), time.time()
            return
        user.follow(job, lambda: bool(observed.stack_failed) or time.time() - job.sent_at > limit_s)

    thread = threading.Thread(target=send_and_follow, name=f"job {job.number}", daemon=True)
    thread.start()
    return thread


def _read_what_is_left(stack: StackUnderTest, observed: Observed) -> None:
    if observed.stack_failed:
        return
    with connect(stack.database_url) as connection:
        deadline = time.monotonic() + _SETTLE_LIMIT_S
        while any(queue_left(connection).values()) and time.monotonic() < deadline:
            time.sleep(0.5)
        observed.left_in_queue = queue_left(connection)
        for job in observed.sent:
            observed.records[job.number] = read_job(connection, job.job_id) if job.job_id else None
    stack.processes()


def _end_orphans(stack: StackUnderTest, observed: Observed) -> None:
    """Note what outlived the stack, and end it."""
    deadline = time.monotonic() + 5
    while (alive := stack.living()) and time.monotonic() < deadline:
        time.sleep(0.1)
    unknown = [process for process in stack.naming_us() if process not in alive]
    for process in [*alive, *unknown]:
        try:
            observed.orphans.append(f"{process.pid} {' '.join(process.cmdline())[:160]}")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    observed.leftovers = stack.leftovers()


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(_TICK_S)


def _say(what: str) -> None:
    print(f"chaos: {what}", file=sys.stderr, flush=True)
