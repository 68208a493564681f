"""What can be had of a scene: what is there already, what is being made, and what can be made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from cloud.jobs.downloads.queries import formats_being_made
from cloud.jobs.formats import FORMATS, TURNTABLES
from cloud.jobs.history.queries import get_snapshot
from cloud.jobs.scenes.queries import Geometry, files_of, geometry_of

if TYPE_CHECKING:
    from cloud.db.engine import Transaction
    from cloud.db.models import Artifact, Project, Snapshot

OfferState = Literal["ready", "making", "can_be_made", "cannot"]
OfferKind = Literal["scene", "script", "picture", "turntable", "archive"]
_NO_GEOMETRY = "The scene has no geometry, so there is nothing that such a file could hold."
_WHOLE_PICTURES = (("preview", "preview.png"), ("picture", "picture.png"))


@dataclass(frozen=True)
class OfferedFile:
    """A file that can be downloaded now, at `path` below the server's root. `bytes` None: not known beforehand."""

    name: str
    path: str
    media_type: str
    bytes: int | None
    artifact_id: UUID | None = None


@dataclass(frozen=True)
class Offer:
    """One thing to take home.

    `files` are there where it is ready, the main one first; `job_id` where it is being made; `reason` says why it
    cannot be had. `format` is what `POST …/exports` takes, empty where nothing needs to be made.
    """

    kind: OfferKind
    format: str
    name: str
    state: OfferState
    files: Sequence[OfferedFile] = ()
    job_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True)
class Offers:
    """All that can be had of one snapshot. `geometry` None: nobody has counted."""

    snapshot: "Snapshot"
    geometry: Geometry | None
    items: Sequence[Offer]


async def offers_of(session: "Transaction", project: "Project", snapshot_id: UUID) -> Offers:
    """What there is of this snapshot, and what can be made. Raises: NoSuchSnapshot."""
    snapshot = await get_snapshot(session, project.id, snapshot_id)
    files = await files_of(session, snapshot.id)
    geometry = await geometry_of(session, snapshot.id)
    is_head = snapshot.id == project.head_snapshot_id
    making = await formats_being_made(session, project.id, snapshot.id, is_head=is_head)
    items = [_blend(snapshot, files)]
    items += [_scene(file_format, files, making, geometry) for file_format in FORMATS[1:]]
    items.insert(len(FORMATS) - len(TURNTABLES), _script(snapshot))
    items += [_picture(files)] if any(key in files for key in _WHOLE_PICTURES) else []
    of_it = "" if is_head else f"?snapshot_id={snapshot.id}"
    whole = OfferedFile("everything.zip", f"/v1/projects/{project.id}/archive{of_it}", "application/zip", None)
    return Offers(snapshot, geometry, [*items, Offer("archive", "", whole.name, "ready", [whole])])


def _blend(snapshot: "Snapshot", files: Mapping[tuple[str, str], "Artifact"]) -> Offer:
    """The file that a job delivered, with its pictures packed, or else the snapshot itself."""
    if ("scene", "scene.blend") in files:
        return Offer("scene", "blend", "scene.blend", "ready", [_stored(files["scene", "scene.blend"])])
    path = f"/v1/projects/{snapshot.project_id}/snapshots/{snapshot.id}/content"
    itself = OfferedFile("scene.blend", path, "application/x-blender", snapshot.bytes)
    return Offer("scene", "blend", "scene.blend", "ready", [itself])


def _scene(
    file_format: str,
    files: Mapping[tuple[str, str], "Artifact"],
    making: Mapping[str, UUID],
    geometry: Geometry | None,
) -> Offer:
    is_film = file_format in TURNTABLES
    kind: OfferKind = "turntable" if is_film else "scene"
    name = file_format if is_film else f"scene.{file_format}"
    if (main := files.get((kind, name))) is not None:
        # What the same job wrote beside it belongs to it: materials, textures.
        beside = [
            file
            for (its_kind, its_name), file in files.items()
            if its_kind == kind and file.job_id == main.job_id and file is not main and _belongs(its_name, file_format)
        ]
        return Offer(kind, file_format, name, "ready", [_stored(main), *map(_stored, beside)])
    if file_format in making:
        return Offer(kind, file_format, name, "making", job_id=making[file_format])
    if geometry is not None and not geometry.objects:
        return Offer(kind, file_format, name, "cannot", reason=_NO_GEOMETRY)
    return Offer(kind, file_format, name, "can_be_made")


def _belongs(name: str, file_format: str) -> bool:
    """Formats whose files are not whole have others beside them, which have no format's name."""
    return file_format in ("obj", "usdc") and name not in {f"scene.{other}" for other in FORMATS}


def _script(snapshot: "Snapshot") -> Offer:
    path = f"/v1/projects/{snapshot.project_id}/snapshots/{snapshot.id}/script"
    return Offer("script", "", "script.py", "ready", [OfferedFile("script.py", path, "text/x-python", None)])


def _picture(files: Mapping[tuple[str, str], "Artifact"]) -> Offer:
    found = next(files[key] for key in _WHOLE_PICTURES if key in files)
    return Offer("picture", "", found.name, "ready", [_stored(found)])


def _stored(file: "Artifact") -> OfferedFile:
    return OfferedFile(file.name, f"/v1/artifacts/{file.id}/content", file.media_type, file.bytes, file.id)
