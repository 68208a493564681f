"""The last stage of a job: the preview, the scene in each wanted format, and the script that rebuilds it."""

import base64
from collections.abc import Sequence
from uuid import UUID

from cloud.agent.contract import ToolResult
from cloud.db.engine import Database
from cloud.errors import Prompt2MeshError
from cloud.jobs import queries
from cloud.jobs.pod import PodToolbox
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.script import ScriptStep, replay_script, seed_of_project
from cloud.jobs.step_facts import NewFile

PREVIEW_SIZE_PX = 768
ALWAYS = ("blend", "glb")
_GEOMETRY_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
_MEDIA_TYPES = {
    "blend": "application/x-blender",
    "glb": "model/gltf-binary",
    "fbx": "application/octet-stream",
    "obj": "model/obj",
    "mtl": "model/mtl",
    "stl": "model/stl",
    "usdc": "model/vnd.usd",
    "ply": "application/octet-stream",
}


class DeliveryFailed(Prompt2MeshError):
    """A file could not be made of the finished scene."""

    code, http_status = "delivery_failed", 500

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"The {what} could not be made of the scene: {why}")


async def deliver_files(toolbox: PodToolbox, recorder: JobRecorder, formats: Sequence[str]) -> None:
    """Make the scene's files and its script. Raises: DeliveryFailed, PodLost, PodNotReady."""
    recorder.objects, recorder.triangles = await count_geometry(toolbox)
    wanted = [*ALWAYS, *(name for name in dict.fromkeys(formats) if name not in ALWAYS)]
    for file_format in wanted if recorder.objects else ALWAYS[:1]:
        await deliver_export(toolbox, recorder, file_format)
    if recorder.head_id is not None and not recorder.has_file("script", "script.py"):
        script = await _script_of(recorder.database, recorder.head_id, recorder.job.project_id)
        await recorder.add_files([NewFile("script", "script.py", "text/x-python", script.encode())])


async def deliver_export(toolbox: PodToolbox, recorder: JobRecorder, file_format: str) -> None:
    """Make the scene's files in one format, unless the job has them. Raises: DeliveryFailed, PodLost, PodNotReady."""
    if recorder.has_file("scene", f"scene.{file_format}"):
        return
    result, files = await toolbox.export(file_format)
    if result.is_error:
        raise DeliveryFailed(f"{file_format} file", _text(result))
    await recorder.add_files([NewFile("scene", name, _media_type(name), content) for name, content in files])


async def count_geometry(toolbox: PodToolbox) -> tuple[int, int]:
    """How many objects with geometry the scene has, and their triangles. Raises: PodLost, PodNotReady."""
    result = await toolbox.call_surely("inspect", {})
    objects = [entry for entry in result.structured.get("objects", []) if entry["type"] in _GEOMETRY_TYPES]
    return len(objects), sum(entry["triangles"] for entry in objects)


async def deliver_preview(toolbox: PodToolbox, recorder: JobRecorder) -> None:
    """Make the final picture, unless the scene has nothing to show or the job has it.

    Raises: DeliveryFailed, PodLost, PodNotReady.
    """
    if recorder.has_file("preview", "preview.png"):
        return
    arguments = {"views": ["three_quarter"], "shading": "rendered", "size": PREVIEW_SIZE_PX}
    result = await toolbox.call_surely("look", arguments)
    if result.is_error:
        raise DeliveryFailed("preview", _text(result))
    for block in result.content:
        if block.get("type") == "image":
            source = block["source"]
            content = base64.b64decode(source["data"])
            await recorder.add_files([NewFile("preview", "preview.png", source["media_type"], content)])
            return


async def _script_of(database: Database, snapshot_id: UUID, project_id: UUID) -> str:
    async with database.sessions() as session:
        chain = await queries.chain_to(session, snapshot_id)
    return replay_script(
        [
            ScriptStep(title=snapshot.title, code=snapshot.code, job=str(snapshot.job_id), prompt=prompt)
            for snapshot, prompt in chain
        ],
        seed_of_project(project_id),
    )


def _media_type(name: str) -> str:
    return _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _text(result: ToolResult) -> str:
    return " ".join(str(block.get("text", "")) for block in result.content).strip()[:300] or "no reason given."
