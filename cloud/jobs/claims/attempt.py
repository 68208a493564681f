"""One attempt at one job: the work, and what is written when it ends, however it ends."""

import asyncio
import enum
import logging
import time
from collections.abc import Awaitable, Callable
from typing import cast

from cloud.agent.contract import Outcome
from cloud.db.engine import DATABASE_ERRORS, is_unreachable
from cloud.errors import NotFound, Prompt2MeshError
from cloud.jobs.claims.claims import DEPLOY, RUNNER_LOST, end_job, put_back
from cloud.jobs.conversing import HandOver
from cloud.jobs.kinds import ASKS_A_MODEL
from cloud.jobs.queries import Fenced, JobWriter, open_writer, usage_of
from cloud.jobs.watching import note_end, note_put_back
from cloud.jobs.work import JobWork

UNWIND_S = 0.4
"""What a call that was cut off may still write (its cost) before the job's end is written. A cancel has 1 s in all."""

_CLEAN_UP_S = 10.0
_RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)
_STATES = {"finished": "succeeded", "cancelled": "cancelled"}

DoWork = Callable[[JobWork], Awaitable[Outcome]]

logger = logging.getLogger(__name__)


class Stop(enum.Enum):
    """Why an attempt is to end now: its user said so, the runner must go, or another runner has the job."""

    CANCELLED = "cancelled"
    DEPLOY = "deploy"
    TAKEN = "taken"


class Attempt:
    """An attempt that has been claimed. `run` it once, in a task that is never cancelled before `concluded` is set.

    `pod_turn` is held while the attempt may use its user's pod. What is left of a job that has been cancelled is
    cleaned up after its end was written, so that a Blender that hangs delays nobody but its own user.
    """

    def __init__(self, work: JobWork, do: DoWork, pod_turn: asyncio.Lock) -> None:
        self.work = work
        self.job_id = work.job.id
        self.number = work.recorder.attempt
        self.concluded = asyncio.Event()
        self._do = do
        self._pod_turn = pod_turn
        self._why: Stop | None = None
        self._stopped = asyncio.Event()

    def drain(self) -> None:
        """Let go of the job at its next step."""
        self.work.recorder.draining.set()

    def stop(self, why: Stop) -> None:
        """End now. The first reason counts."""
        if self._why is None:
            self._why = why
            self._stopped.set()

    async def run(self) -> None:
        """Work, and see the job to its end or back into the queue; then clean up."""
        working = asyncio.create_task(self._work(), name=f"job {self.job_id}")
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                await asyncio.wait({working}, timeout=UNWIND_S)
            else:
                self._why = None  # it ended by itself just before
            await self._conclude(self._verdict(working))
        finally:
            stopped.cancel()
            self.concluded.set()
        await self._clean_up(working)

    async def _work(self) -> Outcome:
        """The attempt's outcome. Raises: HandOver, Fenced; one of `DATABASE_ERRORS` if the database is away."""
        work = self.work
        limit_s = work.services.settings.job_limit_s
        async with self._pod_turn:
            try:
                if work.job.kind in ASKS_A_MODEL:
                    work.services.models.choose(work.job.model)
                return await self._do(work)
            except TimeoutError:  # the job's own limit: see `JobWork.run`
                return self._failed("time_limit", f"The job took longer than its limit of {limit_s} s.")
            except (HandOver, Fenced):
                raise
            except Prompt2MeshError as error:
                return self._failed(error.code, str(error))
            except Exception as error:  # the top of a job: the log has the traceback, the user a sentence
                if _is_database_away(error):
                    raise
                logger.exception("job failed unexpectedly", extra={"job_id": str(self.job_id)})
                return self._failed(
                    "internal_error", "Something went wrong on our side; the log of the runner says what."
                )

    def _failed(self, code: str, reason: str) -> Outcome:
        return Outcome("failed", self.work.outcome.summary, self.work.outcome.not_built, reason=reason, code=code)

    def _verdict(self, working: asyncio.Task[Outcome]) -> Outcome | str | None:
        """How the job ends, or why it goes back into the queue; None if it is not ours any more."""
        if self._why is not None:
            return {Stop.CANCELLED: Outcome("cancelled"), Stop.DEPLOY: DEPLOY, Stop.TAKEN: None}[self._why]
        if working.cancelled():
            logger.error("job's task was cancelled by nobody", extra={"job_id": str(self.job_id)})
            return RUNNER_LOST
        error = working.exception()
        if error is None:
            return working.result()
        if isinstance(error, HandOver):
            return DEPLOY
        if isinstance(error, Fenced):
            return None
        logger.warning("job abandoned for want of the database", extra={"job_id": str(self.job_id)})
        return RUNNER_LOST

    async def _conclude(self, verdict: Outcome | str | None) -> None:
        """Write the attempt's end, as soon as the database takes it; a commit in doubt is found to have come."""
        database = self.work.services.database
        failures = 0
        while verdict is not None:
            try:
                async with database.sessions() as session, session.begin():
                    writer = await open_writer(session, self.job_id, attempt=self.number)
                    await self._write_end(writer, verdict)
                self._count_end(verdict)
                break
            except (Fenced, NotFound):
                verdict = None
            except DATABASE_ERRORS as error:
                if not is_unreachable(error):
                    # Rescue takes the job, which ends at last as one that gets nowhere.
                    logger.exception("job's end cannot be written", extra={"job_id": str(self.job_id)})
                    return
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
        if verdict is None:
            logger.warning("job is another's by now", extra={"job_id": str(self.job_id), "attempt": self.number})

    async def _write_end(self, writer: JobWriter, verdict: Outcome | str) -> None:
        facts = {"job_id": str(self.job_id), "attempt": self.number}
        if isinstance(verdict, str):
            state = await put_back(writer, verdict)
            logger.info("job let go", extra={**facts, "reason": verdict, "state": state})
            return
        state = _STATES.get(verdict.kind, "failed")
        error = None if state != "failed" else {"code": verdict.code or verdict.kind, "message": verdict.reason}
        self.work.outcome = verdict
        _, usage = await usage_of(writer.session, self.job_id)
        result = self.work.result.model_copy(update={"usage": usage})
        await end_job(writer, state, verdict.kind, error, result.model_dump(mode="json"))
        elapsed_ms = round((time.monotonic() - self.work.began) * 1000)
        logger.info("job finished", extra={**facts, "state": state, "outcome": verdict.kind, "elapsed_ms": elapsed_ms})

    def _count_end(self, verdict: Outcome | str) -> None:
        """Once it is committed. One whose commit was in doubt is not counted: the number is a little too small."""
        if isinstance(verdict, str):
            note_put_back(verdict)
            return
        state = _STATES.get(verdict.kind, "failed")
        code = (verdict.code or verdict.kind) if state == "failed" else ""
        note_end(self.work.job.kind, state, code, time.monotonic() - self.work.began)

    async def _clean_up(self, working: asyncio.Task[Outcome]) -> None:
        """Wait for what was cancelled to let go of the pod; if it does not, the pod goes."""
        if not working.done():
            await asyncio.wait({working}, timeout=_CLEAN_UP_S)
        if not working.done():
            facts = {"job_id": str(self.job_id)}
            logger.warning("pod does not let go of a job that has ended; it is stopped", extra=facts)
            user_id = str(self.work.job.user_id)
            stopping = asyncio.create_task(self.work.services.fleet.stop(user_id))
            await asyncio.wait({working, stopping}, timeout=_CLEAN_UP_S)
            if not working.done():
                logger.error("job's task does not end", extra=facts)
        if working.done() and not working.cancelled() and working.exception() is not None:
            logger.debug("after the job's end", exc_info=working.exception())


def _is_database_away(error: BaseException) -> bool:
    """Whether the error, or one of a group of them, means that the database does not answer."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return any(_is_database_away(inner) for inner in group.exceptions)
    return isinstance(error, DATABASE_ERRORS) and is_unreachable(error)
