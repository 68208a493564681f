"""The pod's own tools: each call is a job of the kind `call`, and its answer what that job's step gave."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from mcp_types import ContentBlock, ImageContent

from cloud.agent.contract import Block
from cloud.agent.scene_data import marked
from cloud.api.gateway import arguments as given
from cloud.api.gateway.arguments import OnProject
from cloud.api.gateway.caller import Caller, say, short
from cloud.api.gateway.named import find_project, scene_seen
from cloud.api.gateway.waits import taken_back, wait_for, when_free
from cloud.db.engine import Transaction
from cloud.errors import Prompt2MeshError
from cloud.jobs.calls import queries as calls
from cloud.jobs.calls.requests import request_call
from cloud.jobs.step_facts import unpacked_result
from cloud.projects.queries import get_job

STEP_FINISHED = "step.finished"

Answer = tuple[Sequence[ContentBlock], bool]
"""What a tool says, and whether it is a failure."""


class CallFailed(Prompt2MeshError):
    """The job of a call ended without an answer of the tool."""

    code, http_status = "call_failed", 409


async def call_pod(caller: Caller, tool: str, asked: OnProject) -> Answer:
    """Run the tool on the project's scene.

    The answer comes with the end of the step; the job takes its picture after that. Raises: what queueing and
    waiting raise. CallFailed.
    """
    if isinstance(asked, given.RunPython):
        caller.demand_build()
    passed = asked.model_dump(exclude_unset=True, exclude={"project", "expected_head"})
    expected = asked.expected_head if isinstance(asked, given.RunPython) else ""
    job_id = uuid4()

    async def queue(session: Transaction) -> None:
        project = await find_project(session, caller.owner, asked.project)
        seen = await scene_seen(session, project, expected)
        settings = caller.services.settings
        await request_call(session, project, tool, passed, settings, job_id=job_id, seen=seen, caller=caller.key)

    async with taken_back(caller, job_id):
        await when_free(caller, queue)
        if not await wait_for(caller, job_id, caller.patience_s, STEP_FINISHED):
            return [say(f"Not done yet; it goes on as job {short(job_id)}: wait for it with `job`.")], False
        return await answer_of_call(caller, job_id)


async def answer_of_call(caller: Caller, job_id: UUID) -> Answer:
    """What the tool said in this job. Raises: CallFailed. ArtifactMissing: a picture is gone."""
    async with caller.services.database.sessions() as session:
        kept = await calls.result_of_call(session, job_id)
        job = await get_job(session, caller.owner, job_id)
    if kept is None:
        if job.state == "cancelled":
            raise CallFailed("The call was cancelled; the scene is as it was.")
        why = (job.error or {}).get("message")
        raise CallFailed(str(why or "The call ended without an answer; the scene is as it was."))
    packed, snapshot_id = kept
    result = await unpacked_result(packed, caller.services.store)
    content = [_shown(block) for block in marked(result.content)]
    if snapshot_id is not None:
        content.append(say(f"The scene is snapshot {short(snapshot_id)} now."))
    return content, result.is_error


def _shown(block: Block) -> ContentBlock:
    if block.get("type") == "image":
        return ImageContent(type="image", data=block["source"]["data"], mime_type=block["source"]["media_type"])
    return say(str(block.get("text", "")))
