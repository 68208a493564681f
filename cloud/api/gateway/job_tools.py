"""Prompts for our own agent, jobs that last, and files to take home."""

from uuid import UUID, uuid4

from fastapi import Response
from mcp_types import ResourceLink

from cloud.agent.scene_data import visible
from cloud.api.gateway import arguments as given
from cloud.api.gateway.caller import Caller, say, short
from cloud.api.gateway.named import find_job, find_project
from cloud.api.gateway.pod_tools import STEP_FINISHED, Answer, answer_of_call
from cloud.api.gateway.waits import taken_back, wait_for
from cloud.api.noted_downloads import DownloadNotes
from cloud.api.orders import EmptyScene, order_build, order_export
from cloud.api.schemas import ExportIn, JobIn
from cloud.db.models import Job, Snapshot
from cloud.jobs import queue
from cloud.jobs.calls import queries as calls
from cloud.jobs.formats import ExportFormat
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.history.scripts import script_of
from cloud.jobs.queries import FINAL_STATES
from cloud.projects.queries import get_job, get_project

_SCRIPT_CHARS = 40_000


async def on_build(caller: Caller, asked: given.Build) -> Answer:
    """Hand the prompt to our agent, and wait a while. Raises: ScopeMissing, NotFound, what ordering raises."""
    caller.demand_build()
    job_id = uuid4()
    body = JobIn(prompt=asked.prompt, quality=asked.quality)
    async with taken_back(caller, job_id):
        async with caller.services.database.sessions.begin() as session:
            project = await find_project(session, caller.owner, asked.project)
            await order_build(caller.services, session, caller.owner, project.id, body, job_id, caller.key)
        await wait_for(caller, job_id, asked.wait_s)
        return await answer_of_job(caller, job_id)


async def on_job(caller: Caller, asked: given.JobAsked) -> Answer:
    """Wait for a job, look at it or cancel it. Raises: ScopeMissing, NotFound, SeveralMeant, Conflict: it has ended."""
    async with caller.services.database.sessions() as session:
        job = await find_job(session, caller.owner, asked.id)
    if asked.action == "cancel":
        caller.demand_build()
        async with caller.services.database.sessions.begin() as session:
            await queue.request_cancel(session, await get_job(session, caller.owner, job.id))
        return [say(f"Job {short(job.id)} is being cancelled; steps that have ended stay.")], False
    if asked.action == "wait" and job.state not in FINAL_STATES:
        await wait_for(caller, job.id, asked.wait_s, *([STEP_FINISHED] if job.kind == "call" else []))
    return await answer_of_job(caller, job.id)


async def answer_of_job(caller: Caller, job_id: UUID) -> Answer:
    """What there is to say of a job: what came of it, or that it goes on."""
    async with caller.services.database.sessions() as session:
        job = await get_job(session, caller.owner, job_id)
        project = await get_project(session, caller.owner, job.project_id)
        is_answered = job.kind == "call" and await calls.result_of_call(session, job_id) is not None
    if is_answered or (job.kind == "call" and job.state in FINAL_STATES):
        return await answer_of_call(caller, job_id)
    head = f"The scene is snapshot {short(project.head_snapshot_id)}." if project.head_snapshot_id else ""
    if job.state not in FINAL_STATES:
        words = f"Job {short(job.id)} ({job.kind}) is {job.state}; wait for it with `job`."
        return [say(" ".join(filter(None, [words, caller.waiting.words if job.state == "running" else ""])))], False
    return [say("\n".join(filter(None, [*_told_end(job), head])))], job.state == "failed"


async def on_download(caller: Caller, asked: given.Download) -> Answer:
    """A link to the scene's file, made first if there is none; the script as text. Raises: EmptyScene, NotFound, …"""
    async with caller.services.database.sessions() as session:
        project = await find_project(session, caller.owner, asked.project)
        if project.head_snapshot_id is None:
            raise EmptyScene
        head = await get_snapshot(session, project.id, project.head_snapshot_id)
    at_step = f"{caller.visitor.base_url}/v1/projects/{project.id}/snapshots/{head.id}"
    if asked.format == "script":
        return await _script(caller, head, at_step)
    if asked.format == "blend":
        return _links([("scene.blend", "application/x-blender", head.bytes, f"{at_step}/content")])
    return await _exported(caller, head, asked.format)


async def _script(caller: Caller, head: Snapshot, at_step: str) -> Answer:
    async with caller.services.database.sessions() as session:
        script = await script_of(session, head.id)
    if len(script) > _SCRIPT_CHARS:
        return _links([("script.py", "text/x-python", len(script.encode()), f"{at_step}/script")])
    visitor = caller.visitor
    notes = DownloadNotes(visitor.identity, visitor.origin, visitor.services)
    await notes.note(f"snapshot:{head.id}", Response(), name="script.py")
    return [say(script)], False


async def _exported(caller: Caller, head: Snapshot, file_format: ExportFormat) -> Answer:
    services = caller.services
    async with services.database.sessions() as session:
        job = await calls.export_of(session, head, file_format)
    job_id = job.id if job else uuid4()
    if job is None:
        caller.demand_build()
        body = ExportIn(format=file_format, snapshot_id=head.id)
        async with services.database.sessions.begin() as session:
            await order_export(services, session, caller.owner, head.project_id, body, job_id)
    if not await wait_for(caller, job_id, caller.patience_s):
        return [say(f"The file is being made by job {short(job_id)}; ask for it again in a moment.")], False
    async with services.database.sessions() as session:
        ended = await get_job(session, caller.owner, job_id)
        files = await calls.scene_files_of(session, job_id)
    if ended.state != "succeeded":
        return [say("\n".join(_told_end(ended)))], True
    base = caller.visitor.base_url
    return _links(
        [(file.name, file.media_type, file.bytes, f"{base}/v1/artifacts/{file.id}/content") for file in files]
    )


def _links(files: list[tuple[str, str, int, str]]) -> Answer:
    links = [
        ResourceLink(type="resource_link", name=name, uri=uri, mime_type=media_type, size=size)
        for name, media_type, size, uri in files
    ]
    lines = [f'curl -fL -o {name} -H "Authorization: Bearer $P2M_TOKEN" {uri}' for name, _, _, uri in files]
    return [*links, say("With the same token as for this server:\n" + "\n".join(lines))], False


def _told_end(job: Job) -> list[str]:
    """How the job ended, in lines."""
    result = job.result or {}
    lines = [f"Job {short(job.id)} ({job.kind}) {job.state}."]
    if job.error:
        lines.append(visible(str(job.error.get("message", ""))))
    if summary := result.get("summary"):
        lines.append(visible(str(summary)))
    if missing := result.get("not_built"):
        lines.append("Not built: " + visible("; ".join(map(str, missing))))
    if result.get("objects"):
        lines.append(f"{result['objects']} objects, {result.get('triangles', 0)} triangles.")
    usd = (result.get("usage") or {}).get("usd")
    if usd:
        lines.append(f"It cost {usd:.2f} USD.")
    return lines
