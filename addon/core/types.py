"""What the server tells, as frozen values: safe to hand from the worker's thread to Blender's.

Each `of` reads JSON and raises BadAnswer where it is not what the API documents. Ids are UUIDs as texts, times are
texts as they came, sizes are in metres, money is in US dollars (None: unknown).
"""

from dataclasses import dataclass
from typing import Any, Self

from . import fields
from .brief_types import CHECKS_LIMIT, PARTS_LIMIT, Brief, BriefPart
from .job_types import ENDED, Job, JobResult, JobTrouble, JobView, Usage
from .parameter_types import Parameter, Parameters, ParameterValue

__all__ = [
    "CHECKS_LIMIT",
    "ENDED",
    "PARTS_LIMIT",
    "Brief",
    "BriefPart",
    "Card",
    "History",
    "Job",
    "JobResult",
    "JobTrouble",
    "JobView",
    "Parameter",
    "ParameterValue",
    "Parameters",
    "Snapshot",
    "Usage",
    "User",
]

_PROJECT_STATES = ("empty", "ready", "busy")


@dataclass(frozen=True)
class User:
    """Who is signed in."""

    id: str
    username: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the user")
        return cls(fields.identifier(data, "id"), fields.line(data, "username", fields.NAME_CHARS))


@dataclass(frozen=True)
class Card:
    """A project as a list shows it. `picture_id` is an artifact; `objects`, `triangles`: None where nobody counted."""

    id: str
    name: str
    updated_at: str
    head_snapshot_id: str | None
    picture_id: str | None
    state: str = "ready"
    jobs: int = 0
    last_prompt: str = ""
    active_job_id: str | None = None
    bytes: int = 0
    objects: int | None = None
    triangles: int | None = None
    size_m: tuple[float, float, float] | None = None
    can_undo: bool = False
    can_redo: bool = False

    @classmethod
    def of(cls, value: Any) -> Self:
        """Of a card or of a plain project."""
        data = fields.mapping(value, "a project")
        return cls(
            id=fields.identifier(data, "id"),
            name=fields.line(data, "name", fields.NAME_CHARS),
            updated_at=fields.line(data, "updated_at", 40, ""),
            head_snapshot_id=fields.optional_id(data, "head_snapshot_id"),
            picture_id=fields.optional_id(data, "picture_id") or fields.optional_id(data, "thumbnail_id"),
            state=fields.choice(data, "state", _PROJECT_STATES, "ready"),
            jobs=fields.whole(data, "jobs", 0),
            last_prompt=fields.line(data, "last_prompt", fields.LINE_CHARS, ""),
            active_job_id=fields.optional_id(data, "active_job_id"),
            bytes=fields.whole(data, "bytes", 0),
            objects=fields.optional_whole(data, "objects"),
            triangles=fields.optional_whole(data, "triangles"),
            size_m=fields.lengths(data, "size_m"),
            can_undo=fields.switch(data, "can_undo", False),
            can_redo=fields.switch(data, "can_redo", False),
        )


@dataclass(frozen=True)
class Snapshot:
    """The scene after one step. `parent_id` None: it was made of the empty scene."""

    id: str
    parent_id: str | None
    step: int
    title: str
    label: str
    job_id: str | None
    changed: str
    bytes: int
    sha256: str
    thumbnail_id: str | None
    is_head: bool
    created_at: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a step")
        return cls(
            id=fields.identifier(data, "id"),
            parent_id=fields.optional_id(data, "parent_id"),
            step=fields.whole(data, "step", 0),
            title=fields.line(data, "title", fields.LINE_CHARS, ""),
            label=fields.line(data, "label", fields.NAME_CHARS, ""),
            job_id=fields.optional_id(data, "job_id"),
            changed=fields.line(data, "changed", fields.LINE_CHARS, ""),
            bytes=fields.whole(data, "bytes", 0),
            sha256=fields.digest(data, "sha256"),
            thumbnail_id=fields.optional_id(data, "thumbnail_id"),
            is_head=fields.switch(data, "is_head", False),
            created_at=fields.line(data, "created_at", 40, ""),
        )


@dataclass(frozen=True)
class History:
    """An opened project's steps, newest first; `more`: there are older ones than these."""

    project: Card
    snapshots: tuple[Snapshot, ...] = ()
    more: bool = False
    jobs: tuple[Job, ...] = ()
    parameters: Parameters | None = None
