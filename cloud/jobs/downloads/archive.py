"""Everything of one scene as a zip that is streamed: in memory there is never more than a piece of one file."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.errors import Conflict
from cloud.jobs.downloads.queries import contents_of, files_of_job, references_of
from cloud.jobs.history.queries import get_snapshot, views_of
from cloud.jobs.history.scripts import script_of
from cloud.jobs.parameters.queries import prompts_of
from cloud.jobs.parameters.scene import scene_parameters
from cloud.jobs.prompt import slug_of
from cloud.jobs.queries import chain_to
from cloud.jobs.scenes.queries import Geometry, files_of, geometry_of
from cloud.jobs.script_imports import imported_file
from cloud.jobs.zip_stream import Names, ZipStream
from cloud.storage.store import ArtifactMissing, ArtifactStore

if TYPE_CHECKING:
    from cloud.db.engine import Transaction
    from cloud.db.models import Artifact, Job, Project, Snapshot

_TEXTS = frozenset({"README.txt", "prompts.txt", "parameters.json", "contents.json", "job.json", "script.py"})
_PICTURES = frozenset({"preview", "picture", "turntable", "thumbnail"})
_WHAT_IT_IS = {
    "scene.blend": "the scene: open it in Blender 4.2 or newer",
    "scene.glb": "for web pages and 3D viewers",
    "scene.fbx": "for game engines and other 3D programs",
    "scene.obj": "for almost every 3D program",
    "scene.mtl": "the materials of scene.obj",
    "scene.stl": "for 3D printing, without colours",
    "scene.usdc": "for programs that speak USD",
    "scene.ply": "the bare geometry",
    "script.py": "rebuilds the scene from nothing, where bpy is installed: python script.py OUT.blend",
    "prompts.txt": "what was asked for",
    "parameters.json": "the named numbers and colours of the scene's code",
    "job.json": "what came of the job",
    "contents.json": "each stored file with its size and SHA-256",
    "pictures/": "the scene as pictures and films, and in steps/ the way to it",
    "references/": "the pictures that you gave",
}


class NothingToTake(Conflict):
    """There is no file to put into a zip."""

    code = "nothing_to_download"


@dataclass(frozen=True)
class Entry:
    """A stored file with its place in the zip."""

    path: str
    sha256: str
    bytes: int
    moment: dt.datetime


@dataclass
class Contents:
    """What will be in a zip, called `name`: texts by their path, and stored files."""

    name: str
    moment: dt.datetime
    texts: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


async def contents_of_scene(session: "Transaction", project: "Project", snapshot_id: UUID | None) -> Contents:
    """All that there is of a snapshot (None: the scene as it stands) of the user's own project.

    Raises: NothingToTake: the scene is empty. NoSuchSnapshot.
    """
    wanted = snapshot_id or project.head_snapshot_id
    if wanted is None:
        raise NothingToTake("The project has no scene yet; build something first, then download it.")
    snapshot = await get_snapshot(session, project.id, wanted)
    steps = [step for step, _ in await chain_to(session, wanted)]
    prompts = await prompts_of(session, steps)
    found = Contents(f"{slug_of(project.name)}.zip", snapshot.created_at)
    names = _names()
    files = await files_of(session, wanted)
    if ("scene", "scene.blend") not in files:
        found.entries.append(_entry(names.take("", "scene.blend"), snapshot))
    for kind, name in sorted(files):
        if kind != "script":
            folder = "pictures" if kind in _PICTURES else ""
            found.entries.append(_entry(names.take(folder, name), files[kind, name]))
    found.entries += await _of_steps(session, steps, names)
    found.entries += await _imported(session, project.user_id, steps, names)
    found.entries += [
        _entry(names.take("references", each.name), each) for each in await references_of(session, project.id)
    ]
    found.texts["script.py"] = await script_of(session, wanted)
    found.texts["parameters.json"] = _json(await asyncio.to_thread(_parameters, steps))
    found.texts["prompts.txt"] = "\n\n---\n\n".join(prompts) + "\n" if prompts else "There were no prompts.\n"
    about = _about_scene(project, snapshot, await geometry_of(session, wanted))
    found.texts["README.txt"] = _readme(about, found)
    return found


async def contents_of_job(session: "Transaction", job: "Job", project_name: str) -> Contents:
    """All files that a job of the user's own has made. Raises: NothingToTake: it has made none."""
    files = await files_of_job(session, job.id)
    if not files:
        why = "yet; ask again when it has ended" if job.finished_at is None else "that could be downloaded"
        raise NothingToTake(f"The job has made no file {why}.")
    found = Contents(f"{slug_of(job.prompt or project_name)}.zip", job.finished_at or files[-1].created_at)
    names = _names()
    for file in files:
        folder = "pictures" if file.kind in _PICTURES else ""
        name = "script.py" if file.kind == "script" else ""
        found.entries.append(_entry(name or names.take(folder, file.name), file))
    facts = {"id": str(job.id), "kind": job.kind, "state": job.state, "prompt": job.prompt, "result": job.result}
    found.texts["job.json"] = _json(facts)
    if job.prompt:
        found.texts["prompts.txt"] = f"{job.prompt}\n"
    about = [f"What a job ({job.kind}, {job.state}) made in the project {project_name!r}."]
    found.texts["README.txt"] = _readme(about, found)
    return found


async def stream_contents(store: ArtifactStore, contents: Contents) -> AsyncIterator[bytes]:
    """The zip's bytes. A file whose bytes are lost is left out, and `contents.json` says so.

    Raises: StoreUnavailable: the stream breaks off.
    """
    index: dict[str, Any] = {"files": [], "lost": []}
    with ZipStream() as archive:
        for path, text in contents.texts.items():
            archive.add_text(path, text, contents.moment)
        for entry in contents.entries:
            adding = archive.add_stored(store, entry.path, entry.sha256, entry.bytes, entry.moment)
            fact = {"path": entry.path, "bytes": entry.bytes, "sha256": entry.sha256}
            try:
                # It must be closed before the archive is, also when the client leaves in the middle.
                async with aclosing(adding) as pieces:
                    async for piece in pieces:
                        yield piece
            except ArtifactMissing:
                index["lost"].append(fact)
            else:
                index["files"].append(fact)
        archive.add_text("contents.json", _json(index), contents.moment)
    yield archive.take()


async def _of_steps(session: "Transaction", steps: Sequence["Snapshot"], names: Names) -> list[Entry]:
    """The picture of each step on the way to the scene."""
    pictures = await views_of(session, steps)
    entries = []
    for number, step in enumerate(steps, 1):
        if step.thumbnail_id is not None and step.thumbnail_id in pictures:
            picture = pictures[step.thumbnail_id]
            suffix = picture.name.rpartition(".")[2]
            name = f"{number:03d}-{slug_of(step.label or step.title)}.{suffix}"
            entries.append(_entry(names.take("pictures/steps", name), picture))
    return entries


async def _imported(session: "Transaction", owner: UUID, steps: Sequence["Snapshot"], names: Names) -> list[Entry]:
    """The files that the script wants beside itself."""
    wanted = {each.sha256: each.file for step in steps if (each := imported_file(step.code)) is not None}
    known = await contents_of(session, owner, list(wanted))
    return [_entry(names.take("", name), known[sha256]) for sha256, name in wanted.items() if sha256 in known]


def _names() -> Names:
    """Names among which no stored file takes that of a text of ours."""
    names = Names()
    for name in sorted(_TEXTS):
        names.take("", name)
    return names


def _entry(path: str, row: "Artifact | Snapshot") -> Entry:
    return Entry(path, row.sha256, row.bytes, row.created_at)


def _parameters(steps: Sequence["Snapshot"]) -> list[dict[str, Any]]:
    found = scene_parameters([step.code for step in steps], [step.title for step in steps])
    return [
        {
            "id": each.id,
            "label": each.label,
            "type": each.parameter.kind,
            "value": each.parameter.value,
            "min": each.parameter.min,
            "max": each.parameter.max,
            "unit": each.parameter.unit,
            "description": each.parameter.description,
            "step": each.step,
        }
        for each in found
    ]


def _about_scene(project: "Project", snapshot: "Snapshot", geometry: Geometry | None) -> list[str]:
    about = [f"{project.name}", f"As it was on {snapshot.created_at:%Y-%m-%d at %H:%M} UTC."]
    if geometry is not None:
        size = "" if geometry.size_m is None else ", " + " × ".join(f"{side:.4g}" for side in geometry.size_m) + " m"
        about.append(f"{geometry.objects} objects, {geometry.triangles:,} triangles{size}.")
    return about


def _readme(about: Sequence[str], contents: Contents) -> str:
    """What is in the zip, in plain words."""
    paths = [*contents.texts, *(entry.path for entry in contents.entries)]
    said = {path: _WHAT_IT_IS[path] for path in sorted(paths) if path in _WHAT_IT_IS}
    folders = {path.partition("/")[0] + "/" for path in paths if "/" in path}
    said |= {folder: _WHAT_IT_IS[folder] for folder in sorted(folders)}
    said["contents.json"] = _WHAT_IT_IS["contents.json"]
    width = max(map(len, said)) + 2
    lines = [f"{path:<{width}}{words}" for path, words in said.items()]
    return "\n".join([*about, "", *lines, "", "Made with Prompt2Mesh.", ""])


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
