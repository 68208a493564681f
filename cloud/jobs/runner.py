"""The job runner: takes jobs from the queue, one at a time of each user, and sees every one to its end."""

import asyncio
import logging
import time
from contextlib import suppress
from uuid import UUID

import procrastinate
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason, JobContext
from procrastinate.worker import Worker

from cloud.agent.contract import Outcome
from cloud.agent.model_errors import ModelError
from cloud.db.engine import libpq_url
from cloud.errors import Prompt2MeshError
from cloud.jobs import queries
from cloud.jobs.events import JobStarted
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.rescue import INTERRUPTED, rescue_forever, rescue_lost_jobs
from cloud.jobs.work import JobWork, Services

# procrastinate looks for a user's next job only then, once the one before it has ended.
_POLL_S = 0.5
_STATES = {"finished": "succeeded", "cancelled": "cancelled"}

logger = logging.getLogger(__name__)


class Runner:
    """Runs jobs until it is stopped by SIGTERM or SIGINT, or `run` is cancelled.

    A stop gives running jobs `grace_s` to end; then they end as interrupted.
    """

    def __init__(self, services: Services, *, concurrency: int = 2, grace_s: float = 1.0) -> None:
        self._services = services
        self._queue = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=libpq_url(services.database.url), min_size=1, max_size=4 + concurrency
            )
        )
        self._queue.task(name=queries.TASK, queue=queries.QUEUE, pass_context=True)(self._handle)
        self._concurrency = concurrency
        self._grace_s = grace_s

    async def run(self, *, install_signal_handlers: bool = True) -> None:
        """Take jobs until stopped."""
        await rescue_lost_jobs(self._services.database)
        rescuing = asyncio.create_task(rescue_forever(self._services.database), name="rescue")
        try:
            async with self._queue.open_async():
                worker = Worker(
                    self._queue,
                    queues=[queries.QUEUE],
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=_POLL_S,
                    abort_job_polling_interval=1.0,
                    shutdown_graceful_timeout=self._grace_s,
                    delete_jobs="always",
                    install_signal_handlers=install_signal_handlers,
                )
                logger.info("runner ready", extra={"concurrency": self._concurrency})
                await worker.run()
        finally:
            rescuing.cancel()
            with suppress(asyncio.CancelledError):
                await rescuing

    async def _handle(self, context: JobContext, job_id: str) -> None:
        """One entry of the queue. Raises: JobAborted: the job was stopped."""
        async with queries.job_run_lock(self._services.database.engine, UUID(job_id)):
            claimed = await self._claim(UUID(job_id))
            if claimed is None:
                return
            stopped = False
            try:
                outcome = await self._work(claimed)
            except asyncio.CancelledError:
                stopped = True
                outcome = _stopped_outcome(context)
            finishing = asyncio.create_task(self._finish(claimed, outcome))
            try:
                await asyncio.shield(finishing)
            except asyncio.CancelledError:
                await finishing
                stopped = True
            if stopped:
                raise JobAborted

    async def _claim(self, job_id: UUID) -> JobWork | None:
        """Take the job for a new attempt; None if it is no longer there to be taken."""
        database, models = self._services.database, self._services.models
        async with database.sessions() as session, session.begin():
            writer = await queries.open_writer(session, job_id)
            job = writer.job
            if job.state != "queued":
                return None
            job.state, job.attempt, job.started_at = "running", job.attempt + 1, queries.utc_now()
            try:
                model = models.choose(job.model) if job.kind == "build" else ""
            except ModelError:
                model = job.model or ""
            writer.emit(JobStarted(attempt=job.attempt, model=model))
            project_head = await queries.head_of(session, job.project_id)
        recorder = JobRecorder(database, self._services.store, job, job.attempt, project_head and project_head.id)
        queued_s = (job.started_at - job.created_at).total_seconds()
        logger.info("job started", extra={"job_id": str(job_id), "kind": job.kind, "model": model})
        return JobWork(self._services, job, model, recorder, timings={"queue": max(queued_s, 0.0)})

    async def _work(self, work: JobWork) -> Outcome:
        """The attempt's outcome, whatever happens but a cancel."""
        try:
            if work.job.kind == "build":
                self._services.models.choose(work.job.model)
            async with asyncio.timeout(self._services.settings.job_limit_s):
                return await work.run()
        except TimeoutError:
            limit_s = self._services.settings.job_limit_s
            return _failed("time_limit", f"The job took longer than its limit of {limit_s} s.", work)
        except Prompt2MeshError as error:
            return _failed(error.code, str(error), work)
        except Exception:  # the top of a job: the log has the traceback, the user a sentence
            logger.exception("job failed unexpectedly", extra={"job_id": str(work.job.id)})
            return _failed("internal_error", "Something went wrong on our side; the log of the runner says what.", work)

    async def _finish(self, work: JobWork, outcome: Outcome) -> None:
        state = _STATES.get(outcome.kind, "failed")
        error = None if state != "failed" else {"code": outcome.code or outcome.kind, "message": outcome.reason}
        work.outcome = outcome
        result = work.result.model_dump(mode="json")
        try:
            async with work.recorder.writing() as writer:
                writer.finish(state, outcome.kind, error, result)
        except queries.Fenced:
            logger.warning("job was taken away", extra={"job_id": str(work.job.id)})
            return
        elapsed_ms = round((time.monotonic() - work.began) * 1000)
        logger.info(
            "job finished",
            extra={"job_id": str(work.job.id), "state": state, "outcome": outcome.kind, "elapsed_ms": elapsed_ms},
        )


def _stopped_outcome(context: JobContext) -> Outcome:
    """Why the job's task was cancelled: by its user, or because the runner stops."""
    if context.abort_reason() is AbortReason.USER_REQUEST:
        return Outcome("cancelled")
    return Outcome("failed", reason=INTERRUPTED["message"], code=INTERRUPTED["code"])


def _failed(code: str, reason: str, work: JobWork) -> Outcome:
    return Outcome("failed", work.outcome.summary, work.outcome.not_built, reason=reason, code=code)
