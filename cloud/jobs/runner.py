"""The job runner: takes jobs from the queue, one at a time of each user, and sees every one to its end.

Tasks, all owned by `Runner.run`: one takes jobs, one listens, one sends heartbeats, one rescues, one tells who has
to wait; and one for each attempt. None of them ends when the database goes away: the attempts keep what they have
in memory (a reply that was paid for) and go on when it is back.
"""

import asyncio
import logging
import math
import signal
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from uuid import UUID
from weakref import WeakValueDictionary

from cloud.db.engine import DATABASE_ERRORS, Transaction, is_unreachable
from cloud.db.models import Job
from cloud.jobs.claims import queries as claims
from cloud.jobs.claims.attempt import UNWIND_S, Attempt, DoWork, Stop
from cloud.jobs.claims.claims import Claim, NothingToDo, claim_next, tell_who_waits
from cloud.jobs.claims.lease import LOST, RunLease
from cloud.jobs.claims.news import listen_forever
from cloud.jobs.payers.choice import ModelChoice, choose_model
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.rescue import Rescuer
from cloud.jobs.watching import watched_attempt
from cloud.jobs.work import JobWork, Services
from cloud.telemetry.metrics import RUNNER_SLOTS, RUNNER_SLOTS_BUSY
from cloud.telemetry.pulse import Pulse

HEARTBEAT_S = 1.0
# A notification can get lost with its connection.
_POLL_S = 1.0
_RETRY_S = 0.2
_LAST_WRITES_S = 4.0
_LAST_CLEAN_UP_S = 1.0

logger = logging.getLogger(__name__)


class Runner:
    """Runs jobs until it is stopped by SIGTERM or SIGINT, or `run` is cancelled.

    A stop takes no new jobs and gives the running ones `grace_s` to come to the end of a step; each then goes back
    into the queue, for another runner to go on. A second signal ends the grace. `do` is what a job's work is; `pulse`
    hears every second that the runner lives.
    """

    def __init__(
        self,
        services: Services,
        *,
        concurrency: int = 2,
        grace_s: float = 1.0,
        do: DoWork = JobWork.run,
        pulse: Pulse | None = None,
    ) -> None:
        self._services = services
        self._database = services.database
        self._concurrency = concurrency
        self._grace_s = grace_s
        self._do = do
        self._pulse = pulse or Pulse(math.inf)
        self._lease = RunLease(services.database.url)
        self._running: dict[UUID, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pod_turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._heard_cancels: deque[UUID] = deque(maxlen=256)
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self._full_since: float | None = None
        RUNNER_SLOTS.set(concurrency)
        RUNNER_SLOTS_BUSY.set_function(lambda: len(self._running))

    def stop(self) -> None:
        """Stop as by a signal: the second time at once."""
        if self._stopping.is_set():
            self._at_once.set()
        self._stopping.set()
        self._changed.set()

    async def run(self, *, install_signal_handlers: bool = True) -> None:
        """Take jobs until stopped."""
        if install_signal_handlers:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        side = [
            asyncio.create_task(listen_forever(self._database.url, self._changed.set, self._hear_cancel)),
            asyncio.create_task(self._beat_forever()),
            asyncio.create_task(Rescuer(self._database).run_forever()),
            asyncio.create_task(self._tell_who_waits_forever()),
        ]
        taking = asyncio.create_task(self._take_jobs())
        stopped = asyncio.create_task(self._stopping.wait())
        logger.info("runner ready", extra={"concurrency": self._concurrency})
        try:
            ended, _ = await asyncio.wait({stopped, taking, *side}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            self._changed.set()
            await asyncio.wait({taking}, timeout=_LAST_WRITES_S)
            await self._let_go_of_all()
            for task in (taking, stopped, *side):
                task.cancel()
            await asyncio.gather(taking, stopped, *side, return_exceptions=True)
            await self._lease.aclose()
        for task in ended:
            task.result()  # none of the others ends by itself: what it raised ends the process, to be started anew

    async def _take_jobs(self) -> None:
        while not self._stopping.is_set():
            self._changed.clear()
            if len(self._running) >= self._concurrency:
                self._full_since = self._full_since or time.monotonic()
                await self._changed.wait()
                continue
            claim = await self._claim()
            if isinstance(claim, Claim):
                self._full_since = None
                self._start(claim)
                continue
            self._full_since = (self._full_since or time.monotonic()) if claim.is_full else None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _POLL_S)

    async def _claim(self) -> Claim | NothingToDo:
        try:
            limit = self._services.settings.max_running_jobs
            return await claim_next(self._database, self._lease, self._choose, limit)
        except Exception as error:  # the top of a loop: a job that cannot be taken must not end the others
            is_away = isinstance(error, LOST) or (isinstance(error, DATABASE_ERRORS) and is_unreachable(error))
            logger.warning("no job could be taken; it will be tried again", exc_info=not is_away)
            await asyncio.sleep(_RETRY_S)
            self._changed.set()
            return NothingToDo()

    def _start(self, claim: Claim) -> None:
        job = claim.job
        model = claim.choice.model
        # From here on everything that calls a model does so with the key of who pays for this job.
        models = claim.choice.access or self._services.models
        recorder = JobRecorder(
            self._database, self._services.store, job, job.attempt, claim.head_id, billed_to=models.payer_of(model)
        )
        began = job.started_at or job.created_at
        timings = {"queue": max((began - job.created_at).total_seconds(), 0.0)}
        work = JobWork(replace(self._services, models=models), job, model, recorder, timings=timings)
        attempt = Attempt(work, self._do, self._pod_turns.setdefault(job.user_id, asyncio.Lock()))
        self._running[job.id] = attempt
        if job.id in self._heard_cancels:
            attempt.stop(Stop.CANCELLED)
        task = asyncio.create_task(self._watched(attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        facts = {"job_id": str(job.id), "kind": job.kind, "model": model, "attempt": job.attempt}
        logger.info("job started", extra=facts)

    async def _watched(self, attempt: Attempt) -> None:
        with watched_attempt(attempt.work.job):
            await self._see_to(attempt)

    async def _see_to(self, attempt: Attempt) -> None:
        running = asyncio.create_task(attempt.run())
        concluded = asyncio.create_task(attempt.concluded.wait())
        try:
            await asyncio.wait({running, concluded}, return_when=asyncio.FIRST_COMPLETED)
            if self._running.get(attempt.job_id) is attempt:
                del self._running[attempt.job_id]
            self._changed.set()
            await self._lease.let_go(attempt.job_id, attempt.number)
            await running
        except Exception:  # the top of a task: a bug in the bookkeeping costs this attempt, and rescue takes the job
            logger.exception("attempt broke", extra={"job_id": str(attempt.job_id)})
        finally:
            concluded.cancel()
            running.cancel()

    def _hear_cancel(self, job_id: UUID) -> None:
        self._heard_cancels.append(job_id)
        if attempt := self._running.get(job_id):
            attempt.stop(Stop.CANCELLED)

    async def _beat_forever(self) -> None:
        """Tell every second that our attempts live, and hear what has become of them."""
        while True:
            self._pulse.beat()  # also while the database is away: another process would not find it either
            try:
                await self._lease.renew()
                await self._beat()
            except (*DATABASE_ERRORS, *LOST) as error:
                logger.warning("no heartbeat: the database is away", extra={"error": type(error).__name__})
                await asyncio.sleep(_RETRY_S)
                continue
            await asyncio.sleep(HEARTBEAT_S)

    async def _beat(self) -> None:
        attempts = dict(self._running)
        if not attempts:
            return
        async with self._database.sessions() as session, session.begin():
            beats = await claims.beat(session, {job_id: attempt.number for job_id, attempt in attempts.items()})
        for beat in beats:
            if not beat.is_own:
                attempts[beat.job_id].stop(Stop.TAKEN)
            elif beat.cancel_requested:
                attempts[beat.job_id].stop(Stop.CANCELLED)

    async def _tell_who_waits_forever(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            if self._full_since is None or time.monotonic() - self._full_since < _POLL_S:
                continue
            try:
                await tell_who_waits(self._database)
            except DATABASE_ERRORS as error:
                logger.warning("waiting jobs were not told", exc_info=not is_unreachable(error))

    async def _let_go_of_all(self) -> None:
        """Give every running job back, at the end of its step if that comes within the grace."""
        for attempt in self._running.values():
            attempt.drain()
        at_once = asyncio.create_task(self._at_once.wait())
        if concluding := await self._still_concluding(at_once, self._grace_s):
            for attempt in concluding:
                attempt.stop(Stop.DEPLOY)
            await self._still_concluding(None, UNWIND_S + _LAST_WRITES_S)
        at_once.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_CLEAN_UP_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _still_concluding(self, unless: asyncio.Task[bool] | None, limit_s: float) -> list[Attempt]:
        """Wait until every attempt is concluded, at most so long, or until `unless`. Returns: those that are not."""
        attempts = list(self._running.values())
        waiting = asyncio.gather(*(attempt.concluded.wait() for attempt in attempts))
        await asyncio.wait({waiting, unless} if unless else {waiting}, timeout=limit_s, return_when="FIRST_COMPLETED")
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        return [attempt for attempt in attempts if not attempt.concluded.is_set()]

    async def _choose(self, session: Transaction, job: Job) -> ModelChoice:
        return await choose_model(session, job, self._services.models, self._services.keys)
