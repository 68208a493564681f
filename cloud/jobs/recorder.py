"""Writes down what happens in one attempt at a job: steps, snapshots, files, events, and what the model says."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from cloud.agent.contract import ToolResult
from cloud.agent.loop import Step
from cloud.db.models import Artifact, Snapshot
from cloud.jobs import queries
from cloud.jobs.conversing import ConversationRecorder
from cloud.jobs.events import AgentText, ArtifactReady, Picture, SnapshotTaken, StageChanged
from cloud.jobs.pod import GOING_BACK
from cloud.jobs.progress.queries import progress_of, snapshot_row, step_row
from cloud.jobs.rows import snapshot_of_step, started_step, stored_file
from cloud.jobs.scenes.queries import Geometry, note_files, note_geometry
from cloud.jobs.step_facts import (
    NewFile,
    finished_event,
    packed_result,
    pictures_in,
    started_event,
    unpacked_result,
)
from cloud.jobs.step_models import StepModel, Unshown
from cloud.jobs.writes import whole


@dataclass
class JobRecorder(ConversationRecorder):
    """The one writer of a running job. Every method is one transaction, and raises `Fenced` once superseded.

    A new attempt begins with `resume`. Transactions outlive a restart of the database: see `JobWrites`. Once
    `draining` is set, the methods that end a turn, a step or a file raise `HandOver` when they have written.
    `steps` counts the tool calls, `script_steps` the steps of the scene's script, once that is delivered.
    `size_m` is the measured box of the scene that is delivered, `scene_id` the snapshot that it is, where that is not
    the project's head.
    `on_snapshot` is called when a step's new scene has been kept, with its id and the step's number.
    """

    steps: int = 0
    script_steps: int = 0
    snapshots: int = 0
    objects: int = 0
    triangles: int = 0
    size_m: Sequence[float] | None = None
    scene_id: UUID | None = None
    active_s: float = 0.0
    on_snapshot: Callable[[UUID, int], None] | None = None
    _stages: Counter[str] = field(default_factory=Counter)
    _files: set[tuple[str, str]] = field(default_factory=set)
    _modelled: set[UUID] = field(default_factory=set)

    async def resume(self) -> Snapshot | None:
        """Know what earlier attempts have left. Returns: the scene to go on from (None: empty).

        Raises: one of `DATABASE_ERRORS`.
        """
        async with self.database.sessions() as session:
            progress = await progress_of(session, self.job)
        self.head_id = progress.head.id if progress.head else None
        self.usage, self.model_calls, self.steps = progress.usage, progress.model_calls, progress.steps
        self.snapshots, self.objects, self.triangles = progress.snapshots, progress.objects, progress.triangles
        self.active_s, self._turn_seq = progress.active_s, progress.turn_seq
        self._open_steps, self._stages, self._files = progress.open_steps, Counter(progress.stages), {*progress.files}
        self._modelled = {*progress.modelled}
        return progress.head

    @whole
    async def finish(
        self, state: str, outcome: str, error: dict[str, Any] | None = None, result: dict[str, Any] | None = None
    ) -> None:
        """End the job, with its last event."""

        async def body(writer: queries.JobWriter) -> None:
            writer.finish(state, outcome, error, result)

        await self.write(body, progress=True)

    async def stage(self, stage: str, nth: int = 1) -> None:
        """The job is in this stage for the `nth` time; told once, whichever attempt gets there first."""
        if self._stages[stage] < nth:
            await self.emit(StageChanged(stage=stage))
            self._stages[stage] += 1

    async def recall(self, step: Step) -> ToolResult | None:
        """What the step gave, if an earlier attempt has ended it. Raises: ArtifactMissing: a picture is gone."""
        kept = self._open_steps.get(step.number)
        if kept is None:
            return None
        self.steps = step.number
        return await unpacked_result(kept, self.store)

    async def open_results(self) -> list[ToolResult]:
        """What the calls of the model's last turn gave, in the order in which they ran; none once it is answered."""
        kept = [self._open_steps[number] for number in sorted(self._open_steps)]
        return [await unpacked_result(result, self.store) for result in kept if result is not None]

    @whole
    async def step_started(self, step: Step) -> None:
        """Tell of a tool call, its code too; nothing more where an earlier attempt has begun it."""
        self.steps = step.number
        if step.number in self._open_steps:
            return

        async def body(writer: queries.JobWriter) -> None:
            writer.add(started_step(self.job, self.attempt, self._turn_seq, step, self.head_id))
            writer.emit(started_event(step))

        await self.write(body)
        self._open_steps[step.number] = None

    @whole
    async def step_finished(self, step: Step, result: ToolResult, seconds: float) -> None:
        """Keep what the tool call gave: the new snapshot, or pictures, or a scene that was gone back to."""
        kept = await packed_result(result, self.store)
        pictures = (
            []
            if result.is_error
            else [await stored_file(self.job, new, self.store) for new in pictures_in(step, result)]
        )
        taken = result.structured.get("snapshot")  # of a failed step too, where it was told to keep what it did
        goes_back = not result.is_error and step.tool == "snapshots" and step.arguments.get("action") in GOING_BACK
        snapshot_id = uuid4()

        async def body(writer: queries.JobWriter) -> UUID | None:
            head_id = self.head_id
            if taken:
                head_id = snapshot_id
                await writer.add_snapshot(
                    snapshot_of_step(self.job, snapshot_id, self.head_id, self._turn_seq, step, result, seconds)
                )
                await note_geometry(writer.session, self.job.project_id, snapshot_id, _counted(result))
                writer.emit(
                    SnapshotTaken(
                        snapshot_id=snapshot_id, step=step.number, sha256=taken["sha256"], bytes=int(taken["bytes"])
                    )
                )
            elif goes_back:
                sha256 = str(result.structured.get("sha256", ""))
                older = await queries.snapshot_by_hash(writer.session, self.job.project_id, sha256)
                head_id = older.id if older else None
                await writer.move_head(head_id)
            for facts in pictures:
                writer.add(Artifact(**facts))
                writer.emit(Picture(artifact_id=facts["id"], name=facts["name"], kind="look", step=step.number))
            row = await step_row(writer.session, self.job.id, step.number)
            row.result, row.seconds = kept, round(seconds, 3)
            row.after_snapshot_id = head_id if taken or goes_back else None
            writer.emit(finished_event(step, result, seconds))
            return head_id

        self.head_id = await self.write(body, progress=True)
        self._open_steps[step.number] = kept
        if taken:
            self.snapshots += 1
            counted = _counted(result)
            self.objects, self.triangles, self.size_m = counted.objects, counted.triangles, None
            if self.on_snapshot is not None:
                self.on_snapshot(snapshot_id, step.number)
        self._hand_over_if_draining()

    def has_file(self, kind: str, name: str) -> bool:
        """Whether the job has this file already."""
        return (kind, name) in self._files

    async def say(self, text: str) -> None:
        """Tell the user something that is not the model's, in one sentence."""
        await self.emit(AgentText(text=text))

    @whole
    async def add_files(self, files: Sequence[NewFile], *, shown_as: str = "") -> None:
        """Keep files for the user and tell of them, all or none.

        A preview is told of as a picture too, and so are all where `shown_as` says what kind of picture.
        """
        stored = [await stored_file(self.job, new, self.store) for new in files]

        async def body(writer: queries.JobWriter) -> None:
            for facts in stored:
                writer.add(Artifact(**facts))
                shown = {"artifact_id": facts["id"], "name": facts["name"], "kind": facts["kind"]}
                if kind := shown_as or ("preview" if facts["kind"] == "preview" else ""):
                    writer.emit(Picture(**{**shown, "kind": kind}, step=self.steps, snapshot_id=self.head_id))
                writer.emit(ArtifactReady(**shown, bytes=facts["bytes"], sha256=facts["sha256"]))
            await self._note_scene(writer, [facts["id"] for facts in stored])

        await self.write(body, progress=True)
        self._files |= {(new.kind, new.name) for new in files}
        self._hand_over_if_draining()

    async def _note_scene(self, writer: queries.JobWriter, file_ids: Sequence[UUID]) -> None:
        """The files are of the scene that is delivered, with what was measured of that."""
        scene_id = self.scene_id or self.head_id
        if scene_id is None or self.job.kind == "compare":  # whose pictures are of two scenes
            return
        await note_files(writer.session, self.job.project_id, scene_id, file_ids)
        if self.size_m is not None:
            measured = Geometry(self.objects, self.triangles, self.size_m)
            await note_geometry(writer.session, self.job.project_id, scene_id, measured)

    @whole
    async def add_thumbnail(self, snapshot_id: UUID, step: int, picture: NewFile) -> None:
        """Keep the small picture of a step's scene, unless it has one."""
        facts = await stored_file(self.job, picture, self.store)

        async def body(writer: queries.JobWriter) -> None:
            snapshot = await snapshot_row(writer.session, snapshot_id)
            if snapshot is None or snapshot.thumbnail_id is not None:
                return
            writer.add(Artifact(**facts))
            await writer.session.flush()
            snapshot.thumbnail_id = facts["id"]
            shown = {"artifact_id": facts["id"], "name": facts["name"], "kind": facts["kind"]}
            writer.emit(Picture(**shown, step=step, snapshot_id=snapshot_id))

        await self.write(body)

    @whole
    async def add_model(self, snapshot_id: UUID, step: int, model: StepModel) -> UUID | None:
        """Keep a step's scene for the viewer, or tell why there is none. Returns: the file's id; None: there is none.

        A snapshot that has one keeps it.
        """
        new = NewFile("model", f"step-{step:03d}.glb", "model/gltf-binary", model.content) if model.content else None
        facts = await stored_file(self.job, new, self.store) if new else None

        async def body(writer: queries.JobWriter) -> UUID | None:
            snapshot = await snapshot_row(writer.session, snapshot_id)
            if snapshot is None or snapshot.model_id is not None:
                return snapshot.model_id if snapshot else None
            if facts is None and snapshot_id in self._modelled:
                return None  # told by an earlier attempt
            if facts is not None:
                writer.add(Artifact(**facts))
                await writer.session.flush()
                snapshot.model_id = facts["id"]
            writer.emit(model.event(snapshot_id, step, facts))
            return snapshot.model_id

        model_id = await self.write(body)
        self._modelled.add(snapshot_id)
        return model_id

    async def head_to_show(self) -> Unshown | None:
        """What the project's scene lacks of picture and model, if this job made it and it lacks any."""
        if self.head_id is None:
            return None
        async with self.database.sessions() as session:
            head = await snapshot_row(session, self.head_id)
        if head is None or head.job_id != self.job.id:
            return None
        lacks_model = head.model_id is None and head.id not in self._modelled
        if head.thumbnail_id is not None and not lacks_model:
            return None
        return Unshown(head.id, head.step, picture=head.thumbnail_id is None, model=lacks_model)


def _counted(result: ToolResult) -> Geometry:
    """What a step says that the scene holds now."""
    return Geometry(int(result.structured.get("objects", 0)), int(result.structured.get("triangles", 0)))
