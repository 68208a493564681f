"""Writes down what is said with the model in one attempt at a job, and what it costs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

from cloud.agent.loop import Turn
from cloud.agent.model import CutOffCall, ModelReply
from cloud.db.engine import DATABASE_ERRORS, Database
from cloud.db.models import Consultation, Job, Message, Usage
from cloud.jobs import queries
from cloud.jobs.deltas import DeltaSender
from cloud.jobs.events import AgentText, JobEvent, SceneMoved, UsageChanged, UsageTotals, Waiting
from cloud.jobs.progress.queries import consultation_answer
from cloud.jobs.rows import add_usage, usage_row
from cloud.jobs.storable import storable, storable_text
from cloud.jobs.transcript import pack
from cloud.jobs.watching import note_paid
from cloud.jobs.writes import Body, JobWrites, whole
from cloud.storage.store import ArtifactStore

T = TypeVar("T")

logger = logging.getLogger(__name__)


class HandOver(Exception):
    """The runner is to let go of the job now, between two steps; another will go on."""


@dataclass
class ConversationRecorder:
    """The part of a job's recorder that hears the model: messages, consultations, usage, live text.

    `billed_to` says whose key pays for model calls, `purpose` what those outside a consultation are for. Once
    `draining` is set, the methods that end a turn raise `HandOver` when they have written. `before_call` is
    awaited when a turn of ours has been kept, before the model is called with it.
    """

    database: Database
    store: ArtifactStore
    job: Job
    attempt: int
    head_id: UUID | None = None
    usage: UsageTotals = field(default_factory=UsageTotals)
    model_calls: int = 0
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    billed_to: str = "system"
    purpose: str = "build"
    usd_limit: float | None = None
    token_limit: int | None = None
    before_call: Callable[[], Awaitable[None]] | None = None
    _turn_seq: int = 0
    _open_call: UUID | None = None
    _open_steps: dict[int, dict[str, Any] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._writes = JobWrites(self.database, self.job.id, self.attempt)
        self._deltas = DeltaSender.of_job(self.database, self.job)

    async def write(self, body: Body[T], *, progress: bool = False) -> T:
        """One transaction of this attempt, done once: see `JobWrites.write`."""
        return await self._writes.write(body, progress=progress)

    @whole
    async def emit(self, event: JobEvent) -> None:
        """Tell the clients."""

        async def body(writer: queries.JobWriter) -> None:
            writer.emit(event)

        await self.write(body)

    async def waiting(self, reason: str, seconds: float | None = None) -> None:
        """Nothing can go on for this reason."""
        await self.emit(Waiting(reason=reason, seconds=seconds if seconds is None else round(seconds, 1)))

    def delta(self, kind: str, piece: str) -> None:
        """Show this piece of what the model says; the JSON of a consultation is not for reading."""
        if self.purpose == "build":
            self._deltas.add(kind, piece)

    @whole
    async def model_turn(self, turn: Turn, reply: ModelReply) -> None:
        """Keep the model's turn together with what it cost."""
        await self._deltas.flush()
        content = await pack(turn.content, self.store)
        totals = add_usage(self.usage, reply.tokens, reply.usd)

        async def body(writer: queries.JobWriter) -> int:
            seq = await writer.add_message(self._message(turn, content))
            await writer.settle(self._cost(reply, message_seq=seq))
            if turn.text:
                writer.emit(AgentText(text=storable_text(turn.text)))
            writer.emit(self._usage_event(totals))
            return seq

        self._turn_seq = await self.write(body, progress=True)
        note_paid(reply)
        self.usage, self._open_steps, self._open_call = totals, {}, None
        self.model_calls += 1
        self._hand_over_if_draining()

    async def consulted(self, key: str) -> dict[str, Any] | None:
        """What a consultation of this job gave, whichever attempt asked; None if it has not been held."""
        async with self.database.sessions() as session:
            return await consultation_answer(session, self.job.id, key)

    @whole
    async def keep_consultation(
        self,
        key: str,
        purpose: str,
        answer: dict[str, Any],
        reply: ModelReply | None,
        events: Sequence[JobEvent] = (),
        *,
        move: SceneMoved | None = None,
    ) -> None:
        """Keep what a model said outside the transcript, together with what it cost and the events that tell of it.

        `reply` None: nobody was asked, `answer` says what there is instead. `move`: the project's scene is another
        one from here on.
        """
        totals = add_usage(self.usage, reply.tokens, reply.usd) if reply else self.usage
        kept = storable(answer)

        async def body(writer: queries.JobWriter) -> None:
            writer.add(Consultation(job_id=self.job.id, key=key, answer=kept, attempt=self.attempt))
            if reply is not None:
                await writer.settle(self._cost(reply, purpose=purpose, consultation_key=key))
            for event in events:
                writer.emit(event)
            if move is not None:
                await writer.move_head(move.snapshot_id)
                writer.emit(move)
            if reply is not None:
                writer.emit(self._usage_event(totals))

        await self.write(body, progress=True)
        if reply is not None:
            note_paid(reply)
        self.usage, self._open_call = totals, None
        if move is not None:
            self.head_id = move.snapshot_id
        self._hand_over_if_draining()

    @whole
    async def began(self, call: CutOffCall) -> None:
        """Keep what a call costs from its beginning on, so that the ledger has it if this process is killed in it."""
        row_id = uuid4()
        try:
            async with self.database.sessions() as session, session.begin():
                await queries.add_cost(session, self._cost(call, row_id=row_id))
        except DATABASE_ERRORS as error:  # the call's end is kept with more patience
            logger.warning("the beginning of a call was not kept", extra={"error": type(error).__name__})
            return
        self._open_call = row_id

    @whole
    async def cut_off(self, call: CutOffCall) -> None:
        """Keep what a call cost that gave no whole answer; the rest of its pieces are not shown."""
        await self._deltas.flush()
        totals = add_usage(self.usage, call.tokens, call.usd)

        async def body(writer: queries.JobWriter) -> None:
            await writer.settle(self._cost(call))
            writer.emit(self._usage_event(totals))

        try:
            await self.write(body)
        except queries.Fenced:  # the job is over or another's, the money is spent all the same
            async with self.database.sessions() as session, session.begin():
                await queries.add_cost(session, self._cost(call))
        note_paid(call)
        self.usage, self._open_call = totals, None

    @whole
    async def user_turn(self, turn: Turn) -> None:
        """Keep a turn of ours."""
        content = await pack(turn.content, self.store)

        async def body(writer: queries.JobWriter) -> None:
            await writer.add_message(self._message(turn, content))

        await self.write(body, progress=True)
        self._hand_over_if_draining()
        if self.before_call is not None:
            await self.before_call()

    def _cost(
        self,
        paid: ModelReply | CutOffCall,
        *,
        purpose: str | None = None,
        message_seq: int | None = None,
        consultation_key: str | None = None,
        row_id: UUID | None = None,
    ) -> Usage:
        """The ledger's row of a call: the one that its beginning has left, if that could be kept."""
        return usage_row(
            self.job,
            paid,
            self.billed_to,
            purpose=purpose or self.purpose,
            message_seq=message_seq,
            consultation_key=consultation_key,
            row_id=row_id or self._open_call,
        )

    def _usage_event(self, totals: UsageTotals) -> UsageChanged:
        usd_limit = None if totals.usd is None else self.usd_limit
        return UsageChanged(usage=totals, usd_limit=usd_limit, token_limit=self.token_limit)

    def _hand_over_if_draining(self) -> None:
        if self.draining.is_set():
            raise HandOver

    def _message(self, turn: Turn, content: list[Any]) -> Message:
        return Message(
            job_id=self.job.id,
            role=turn.role,
            content=content,
            attempt=self.attempt,
            stop_reason=turn.stop_reason,
            snapshot_id=self.head_id,
        )
