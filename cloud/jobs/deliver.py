"""The last stage of a job: the preview, the scene in each wanted format, and the script that rebuilds it."""

import base64
from collections.abc import Sequence
from dataclasses import replace

from cloud.agent.contract import ToolResult
from cloud.errors import Prompt2MeshError
from cloud.jobs.events import Progress
from cloud.jobs.formats import TURNTABLES
from cloud.jobs.history.queries import depth_of
from cloud.jobs.history.scripts import script_of
from cloud.jobs.pod import PodToolbox
from cloud.jobs.recorder import JobRecorder
from cloud.jobs.step_facts import NewFile
from cloud.jobs.storable import storable_text

PREVIEW_SIZE_PX = 1024
QUICK_SIZE_PX = 512
ALWAYS = ("blend", "glb")
# A film comes after several calls, of a heavy scene after one a view; a Blender that was lost begins again.
_CALLS_AT_MOST = 100
SCENE_PICTURE = "picture.png"
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
    "gif": "image/gif",
    "mp4": "video/mp4",
}


class DeliveryFailed(Prompt2MeshError):
    """A file could not be made of the finished scene."""

    code, http_status = "delivery_failed", 500

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"The {what} could not be made of the scene: {why}")


async def deliver_files(toolbox: PodToolbox, recorder: JobRecorder, formats: Sequence[str]) -> None:
    """Make the scene's files and its script: all that can be made, also where one cannot.

    Raises: DeliveryFailed: one could not be made; the others are there. PodLost, PodNotReady.
    """
    failures: list[DeliveryFailed] = []
    await measure_scene(toolbox, recorder)
    wanted = [*ALWAYS, *(name for name in dict.fromkeys(formats) if name not in ALWAYS)]
    for file_format in wanted if recorder.objects else ALWAYS[:1]:
        try:
            await deliver_export(toolbox, recorder, file_format)
        except DeliveryFailed as failure:
            failures.append(failure)
    await deliver_script(recorder)
    if failures:
        raise failures[0]


async def deliver_script(recorder: JobRecorder) -> None:
    """Make the script that rebuilds the scene, unless the job has it; an empty scene has none."""
    if recorder.head_id is None:
        return
    async with recorder.database.sessions() as session:
        recorder.script_steps = await depth_of(session, recorder.head_id)
    if not recorder.has_file("script", "script.py"):
        async with recorder.database.sessions() as session:
            script = await script_of(session, recorder.head_id)
        await recorder.add_files([NewFile("script", "script.py", "text/x-python", script.encode())])


async def deliver_export(toolbox: PodToolbox, recorder: JobRecorder, file_format: str) -> None:
    """Make the scene's files in one format, unless the job has them. Raises: DeliveryFailed, PodLost, PodNotReady."""
    is_film = file_format in TURNTABLES
    kind, name = ("turntable", file_format) if is_film else ("scene", f"scene.{file_format}")
    if recorder.has_file(kind, name):
        return
    for _ in range(_CALLS_AT_MOST):
        result, files = await toolbox.export(file_format)
        if result.is_error:
            raise DeliveryFailed("turntable" if is_film else f"{file_format} file", _text(result))
        if files:
            await recorder.add_files([NewFile(kind, name, _media_type(name), content) for name, content in files])
            return
        far = result.structured
        await recorder.emit(Progress(what="turntable", done=int(far.get("done", 0)), of=int(far.get("of", 0))))
    raise DeliveryFailed(file_format, "Blender was lost again and again meanwhile.")


async def measure_scene(toolbox: PodToolbox, recorder: JobRecorder) -> None:
    """The recorder knows how many objects with geometry the scene has, their triangles, and the box around them.

    Raises: PodLost, PodNotReady.
    """
    result = await toolbox.call_surely("inspect", {})
    objects = [entry for entry in result.structured.get("objects", []) if entry["type"] in _GEOMETRY_TYPES]
    recorder.objects, recorder.triangles = len(objects), sum(entry["triangles"] for entry in objects)
    boxes = [(entry["min"], entry["max"]) for entry in objects if "min" in entry and not entry.get("hidden")]
    recorder.size_m = (
        [round(max(high[axis] for _, high in boxes) - min(low[axis] for low, _ in boxes), 5) for axis in range(3)]
        if boxes
        else None
    )


async def deliver_preview(toolbox: PodToolbox, recorder: JobRecorder) -> None:
    """Make the final picture, unless the scene has nothing to show or the job has it.

    Raises: DeliveryFailed, PodLost, PodNotReady.
    """
    if recorder.has_file("preview", "preview.png"):
        return
    result = await _look_through_camera(toolbox, "rendered", PREVIEW_SIZE_PX)
    picture = _picture_of(result)
    if picture is not None:
        await recorder.add_files([picture])
        if unfit := result.structured.get("camera_unfit"):
            await recorder.say(storable_text(f"The preview is from three quarters: the scene's camera {unfit}."))


async def deliver_picture(toolbox: PodToolbox, recorder: JobRecorder) -> None:
    """Make a picture of the scene that is open, which need not be the project's: it is no preview of that.

    Raises: DeliveryFailed, PodLost, PodNotReady.
    """
    if not recorder.has_file("picture", SCENE_PICTURE):
        picture = _picture_of(await _look_through_camera(toolbox, "rendered", PREVIEW_SIZE_PX))
        if picture is not None:
            await recorder.add_files([replace(picture, kind="picture", name=SCENE_PICTURE)])


async def draw_quick_preview(toolbox: PodToolbox) -> NewFile | None:
    """The scene's picture, if there is anything to see: smaller than the final one, and without shadows.

    Raises: DeliveryFailed, PodLost, PodNotReady.
    """
    return _picture_of(await _look_through_camera(toolbox, "solid", min(QUICK_SIZE_PX, PREVIEW_SIZE_PX)))


async def _look_through_camera(toolbox: PodToolbox, shading: str, size_px: int) -> ToolResult:
    """A picture through the scene's camera and in its aspect, or a square one from three quarters where that is none.

    `size_px` is its longer side.
    """
    arguments = {"views": ["camera"], "shading": shading, "size": size_px, "fallback": True}
    result = await toolbox.call_surely("look", arguments)
    if result.is_error:
        raise DeliveryFailed("preview", _text(result))
    return result


def _picture_of(result: ToolResult) -> NewFile | None:
    for block in result.content:
        if block.get("type") == "image":
            source = block["source"]
            return NewFile("preview", "preview.png", source["media_type"], base64.b64decode(source["data"]))
    return None


def _media_type(name: str) -> str:
    return _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _text(result: ToolResult) -> str:
    return " ".join(str(block.get("text", "")) for block in result.content).strip()[:300] or "no reason given."
