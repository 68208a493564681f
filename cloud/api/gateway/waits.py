"""Waiting for jobs: until they end, a time is over, or nobody waits any more; and for a scene to be free."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import anyio

from cloud.agent.scene_data import visible
from cloud.api.gateway.arguments import PATIENCE_S
from cloud.api.gateway.caller import Caller, short
from cloud.api.open_streams import TooManyStreams
from cloud.db.engine import Transaction
from cloud.errors import Forbidden, Unavailable
from cloud.jobs.calls import queries as calls
from cloud.jobs.feed import Topic
from cloud.jobs.history.moves import SceneBusy
from cloud.jobs.queries import FINAL_STATES
from cloud.projects.queries import get_job

T = TypeVar("T")

FINISHED = "job.finished"
_POLL_S = (0.05, 0.1, 0.2, 0.5)
_WAITS = {
    "capacity": "All runners are busy; the job has its place in the queue.",
    "pod_starting": "Blender is starting.",
    "pod_limit": "All Blenders are in use; the job goes on when one is free.",
    "rate_limit": "The model's server limits us; the job waits.",
    "overloaded": "The model's server is overloaded; the job waits.",
    "connection": "The model's server does not answer; the job waits.",
}


class AccessEnded(Forbidden):
    """The account was suspended or the token revoked while somebody waited."""

    code = "access_ended"

    def __init__(self) -> None:
        super().__init__("Your access has ended meanwhile: the account is suspended, or the token was revoked.")


class Restarting(Unavailable):
    """This process ends; the job does not."""

    code = "restarting"

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"The server is restarting. The call goes on as job {short(job_id)}: ask `job` for it.")


@asynccontextmanager
async def taken_back(caller: Caller, job_id: UUID) -> AsyncIterator[None]:
    """The job that the block queues and waits for is cancelled with the request, or when there is no place to wait."""
    try:
        yield
    except (asyncio.CancelledError, TooManyStreams):
        # In a task of its own: within the request's cancelled scope nothing can be awaited any more.
        caller.visitor.errands.begin(caller.visitor.cancel(job_id))
        raise


async def wait_for(caller: Caller, job_id: UUID, limit_s: float | None, *until: str) -> bool:
    """Wait for the first event of these types, `job.finished` always among them, for `limit_s` (None: as it takes).

    Returns: whether it came. Raises: AccessEnded, Restarting, TooManyStreams. NotFound: the project is gone.
    """
    if limit_s == 0:
        return False
    place = caller.services.streams.enter(caller.visitor.identity)
    try:
        with place.until_ended() as ending:
            with anyio.move_on_after(limit_s) as limit:
                if await _comes(caller, job_id, {FINISHED, *until}):
                    return True
            if limit.cancelled_caught:
                return False
            async with caller.services.database.sessions() as session:
                job = await get_job(session, caller.owner, job_id)
            if job.state in FINAL_STATES:
                return True
            raise Restarting(job_id)
    finally:
        place.leave()
    assert ending.cancelled_caught
    raise AccessEnded


async def when_free(caller: Caller, act: Callable[[Transaction], Awaitable[T]]) -> T:
    """What `act` gives, in a transaction, once no job is at work on the scene; jobs of other calls end in a moment.

    Raises: SceneBusy: it takes too long. What `act` raises.
    """
    deadline, tries = anyio.current_time() + PATIENCE_S, 0
    while True:
        try:
            async with caller.services.database.sessions.begin() as session:
                return await act(session)
        except SceneBusy:
            if anyio.current_time() > deadline:
                raise
        caller.waiting.words = "Another job of yours is at work on this scene."
        await anyio.sleep(_POLL_S[min(tries, len(_POLL_S) - 1)])
        tries += 1


async def _comes(caller: Caller, job_id: UUID, until: set[str]) -> bool:
    """Whether such an event comes before the stream ends."""
    async with aclosing(_events(caller, job_id)) as events:
        async for kind, data in events:
            if kind in until:
                return True
            if kind == "job.queued" and caller.is_told:
                await _tell_of_queue(caller, job_id)
            elif words := _words(kind, data):
                caller.waiting.words = words
    return False


async def _events(caller: Caller, job_id: UUID) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    async with aclosing(caller.services.feed.follow(Topic("job", job_id), 0)) as pieces:
        async for piece in pieces:
            for event in _read(piece):
                yield event


def _read(piece: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a piece, which holds whole ones alone."""
    for block in piece.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


async def _tell_of_queue(caller: Caller, job_id: UUID) -> None:
    async with caller.services.database.sessions() as session:
        if await calls.is_behind_another(session, caller.owner, job_id):
            caller.waiting.words = "Another job of yours is running; this one is next."


def _words(kind: str, data: dict[str, Any]) -> str:
    match kind:
        case "waiting":
            return _WAITS.get(data["reason"], f"Waiting: {data['reason']}.")
        case "job.started":
            return "A runner has the job."
        case "job.handed_over":
            return "The runner was lost or restarts; another goes on where it stopped."
        case "stage":
            return f"Stage: {data['stage']}."
        case "step.started":
            return f"Step {data['step']}: {visible(data['title'])}"
        case _:
            return ""
