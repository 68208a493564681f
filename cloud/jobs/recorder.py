"""Writes down what happens in one attempt at a job: transcript, usage, snapshots, files, events."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from cloud.agent.client import ModelReply
from cloud.agent.contract import Block, ToolResult
from cloud.agent.loop import Step, Turn
from cloud.db.engine import Database
from cloud.db.models import Artifact, Job, Message, Snapshot, Usage
from cloud.jobs import queries
from cloud.jobs.events import (
    AgentText,
    ArtifactReady,
    JobEvent,
    Picture,
    SnapshotTaken,
    StageChanged,
    StepFinished,
    StepStarted,
    UsageChanged,
    UsageTotals,
    Waiting,
)
from cloud.jobs.pod import GOING_BACK
from cloud.jobs.script import KEPT_MARK
from cloud.jobs.storable import storable_text
from cloud.jobs.transcript import pack
from cloud.storage.store import ArtifactStore

_ERROR_LIMIT_CHARS = 400


class HandOver(Exception):
    """The runner is to let go of the job now, between two steps; another will go on."""


@dataclass(frozen=True)
class NewFile:
    """A file for the user, with its bytes."""

    kind: str
    name: str
    media_type: str
    content: bytes


@dataclass
class JobRecorder:
    """The one writer of a running job. Every method is one transaction, and raises `Fenced` once superseded.

    Once `draining` is set, the methods that end a turn or a step raise `HandOver` when they have written.
    """

    database: Database
    store: ArtifactStore
    job: Job
    attempt: int
    head_id: UUID | None
    usage: UsageTotals = field(default_factory=UsageTotals)
    model_calls: int = 0
    steps: int = 0
    snapshots: int = 0
    objects: int = 0
    triangles: int = 0
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[queries.JobWriter]:
        """One transaction on the job, committed at the end of the block."""
        async with self.database.sessions() as session, session.begin():
            yield await queries.open_writer(session, self.job.id, attempt=self.attempt)

    async def emit(self, event: JobEvent) -> None:
        """Tell the clients."""
        async with self.writing() as writer:
            writer.emit(event)

    async def stage(self, stage: str) -> None:
        """The job is now in this stage."""
        await self.emit(StageChanged(stage=stage))

    async def waiting(self, reason: str, seconds: float | None = None) -> None:
        """Nothing can go on for this reason."""
        await self.emit(Waiting(reason=reason, seconds=seconds if seconds is None else round(seconds, 1)))

    async def model_turn(self, turn: Turn, reply: ModelReply) -> None:
        """Keep the model's turn together with what it cost."""
        tokens = reply.tokens
        self.model_calls += 1
        self.usage = UsageTotals(
            input_tokens=self.usage.input_tokens + tokens.input_tokens,
            output_tokens=self.usage.output_tokens + tokens.output_tokens,
            cache_read_tokens=self.usage.cache_read_tokens + tokens.cache_read_tokens,
            cache_write_tokens=self.usage.cache_write_tokens + tokens.cache_write_tokens,
            usd=round(self.usage.usd + reply.usd, 6),
        )
        content = await pack(turn.content, self.store)
        async with self.writing() as writer:
            seq = await writer.add_message(self._message(turn, content))
            writer.add(
                Usage(
                    user_id=self.job.user_id,
                    job_id=self.job.id,
                    message_seq=seq,
                    model=reply.model,
                    input_tokens=tokens.input_tokens,
                    output_tokens=tokens.output_tokens,
                    cache_read_tokens=tokens.cache_read_tokens,
                    cache_write_tokens=tokens.cache_write_tokens,
                    usd=reply.usd,
                )
            )
            if turn.text:
                writer.emit(AgentText(text=storable_text(turn.text)))
            writer.emit(UsageChanged(usage=self.usage))

    async def user_turn(self, turn: Turn) -> None:
        """Keep a turn of ours."""
        content = await pack(turn.content, self.store)
        async with self.writing() as writer:
            await writer.add_message(self._message(turn, content))

    async def step_started(self, step: Step) -> None:
        """Tell of a tool call; its code too."""
        self.steps += 1
        code = step.arguments.get("code") if step.tool == "run_python" else None
        await self.emit(
            StepStarted(
                step=step.number,
                tool=storable_text(step.tool),
                title=storable_text(step.title),
                code=storable_text(code) if isinstance(code, str) else None,
            )
        )

    async def step_finished(self, step: Step, result: ToolResult, seconds: float) -> None:
        """Keep what the tool call gave: the new snapshot, or pictures, or a scene that was gone back to."""
        finished = StepFinished(
            step=step.number,
            tool=storable_text(step.tool),
            title=storable_text(step.title),
            ok=not result.is_error,
            seconds=round(seconds, 3),
            changed=storable_text(_changed(result)),
            error=storable_text(_error(result)) if result.is_error else None,
        )
        pictures = [] if result.is_error else await self._keep_pictures(step, result)
        head_id = self.head_id
        async with self.writing() as writer:
            if result.structured.get("snapshot"):  # of a failed step too, where it was told to keep what it did
                head_id = await self._add_snapshot(writer, step, result)
            elif not result.is_error and step.tool == "snapshots" and step.arguments.get("action") in GOING_BACK:
                head_id = await self._go_back(writer, result)
            for artifact in pictures:
                writer.add(artifact)
                writer.emit(Picture(artifact_id=artifact.id, name=artifact.name, kind="look", step=step.number))
            writer.emit(finished)
        self.head_id = head_id

    async def add_file(self, new: NewFile) -> Artifact:
        """Keep a file for the user and tell of it; a preview is a picture too."""
        artifact = await self._keep(new)
        async with self.writing() as writer:
            writer.add(artifact)
            if new.kind == "preview":
                writer.emit(Picture(artifact_id=artifact.id, name=new.name, kind="preview", step=self.steps))
            writer.emit(
                ArtifactReady(
                    artifact_id=artifact.id, name=new.name, kind=new.kind, bytes=artifact.bytes, sha256=artifact.sha256
                )
            )
        return artifact

    async def _add_snapshot(self, writer: queries.JobWriter, step: Step, result: ToolResult) -> UUID | None:
        facts = result.structured
        taken = facts["snapshot"]
        self.objects, self.triangles = int(facts.get("objects", 0)), int(facts.get("triangles", 0))
        snapshot = Snapshot(
            id=uuid4(),
            user_id=self.job.user_id,
            project_id=self.job.project_id,
            job_id=self.job.id,
            parent_id=self.head_id,
            step=step.number,
            title=storable_text(step.title),
            code=_code_of(step, result),
            sha256=taken["sha256"],
            bytes=int(taken["bytes"]),
        )
        await writer.add_snapshot(snapshot)
        writer.emit(
            SnapshotTaken(snapshot_id=snapshot.id, step=step.number, sha256=snapshot.sha256, bytes=snapshot.bytes)
        )
        self.snapshots += 1
        return snapshot.id

    async def _go_back(self, writer: queries.JobWriter, result: ToolResult) -> UUID | None:
        sha256 = str(result.structured.get("sha256", ""))
        snapshot = await queries.snapshot_by_hash(writer.session, self.job.project_id, sha256)
        head_id = snapshot.id if snapshot else None
        await writer.move_head(head_id)
        return head_id

    async def _keep_pictures(self, step: Step, result: ToolResult) -> list[Artifact]:
        images = [block for block in result.content if block.get("type") == "image"]
        views = result.structured.get("views") or []
        artifacts: list[Artifact] = []
        for index, image in enumerate(images):
            view = f"-{views[index]}" if len(images) > 1 and index < len(views) else ""
            media_type = image["source"]["media_type"]
            name = f"step-{step.number:02d}-look{view}.{media_type.rpartition('/')[2]}"
            content = base64.b64decode(image["source"]["data"])
            artifacts.append(await self._keep(NewFile("picture", name, media_type, content)))
        return artifacts

    async def _keep(self, new: NewFile) -> Artifact:
        stored = await self.store.put(new.content)
        return Artifact(
            id=uuid4(),
            user_id=self.job.user_id,
            project_id=self.job.project_id,
            job_id=self.job.id,
            kind=new.kind,
            name=new.name,
            media_type=new.media_type,
            sha256=stored.sha256,
            bytes=stored.bytes,
        )

    def _message(self, turn: Turn, content: list[Any]) -> Message:
        return Message(
            job_id=self.job.id,
            role=turn.role,
            content=content,
            attempt=self.attempt,
            stop_reason=turn.stop_reason,
            snapshot_id=self.head_id,
        )


def _code_of(step: Step, result: ToolResult) -> str:
    """The code that a replay of this step runs."""
    code = step.arguments.get("code")
    if not isinstance(code, str):
        return f"# {step.title}: the tool {step.tool} did this, no code can.\n"
    return KEPT_MARK + code if result.is_error else code


def _changed(result: ToolResult) -> str:
    changed = result.structured.get("changed")
    return str(changed.get("summary", "")) if isinstance(changed, Mapping) else ""


def _error(result: ToolResult) -> str:
    error = result.structured.get("error")
    if isinstance(error, Mapping) and error.get("message"):
        kind = error.get("type")
        return (
            f"{kind}: {error['message']}"[:_ERROR_LIMIT_CHARS] if kind else str(error["message"])[:_ERROR_LIMIT_CHARS]
        )
    text = " ".join(_text_of(block) for block in result.content).strip()
    return text[:_ERROR_LIMIT_CHARS] or "The tool failed and gave no reason."


def _text_of(block: Block) -> str:
    return str(block.get("text", "")) if block.get("type") == "text" else ""
