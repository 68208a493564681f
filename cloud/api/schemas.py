"""The JSON that clients send and get. Field descriptions and examples show up in the OpenAPI document."""

import datetime as dt
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloud.jobs.events import JobResult

T = TypeVar("T")
ExportFormat = Literal["blend", "glb", "fbx", "obj", "stl", "usdc", "ply"]


class Body(BaseModel):
    """Root of what clients send: unknown fields are refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _refuse_nul(cls, value: Any) -> Any:
        """PostgreSQL keeps no NUL in a text."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("the character U+0000 (NUL) is not allowed")
        return value


class Credentials(Body):
    username: Annotated[str, Field(min_length=1, max_length=64, examples=["ada"])]
    password: Annotated[str, Field(min_length=8, max_length=256, examples=["correct horse battery staple"])]


class Health(BaseModel):
    status: Literal["ok"]


class UserOut(BaseModel):
    id: UUID
    username: str
    created_at: dt.datetime


class SessionOut(BaseModel):
    token: str = Field(description="Send as `Authorization: Bearer …`. Shown once.", examples=["p2m_…"])
    expires_at: dt.datetime
    user: UserOut


class ProjectIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Castle"])]


class ProjectOut(BaseModel):
    id: UUID
    name: str
    created_at: dt.datetime
    updated_at: dt.datetime
    head_snapshot_id: UUID | None = Field(description="The scene as it stands; null is the empty scene.")


class JobIn(Body):
    prompt: Annotated[str, Field(examples=["a medieval castle tower with a wooden door"])]
    model: str | None = Field(
        default=None, min_length=1, max_length=200, description="A model id; null takes the server's default."
    )
    formats: list[ExportFormat] = Field(default=["blend", "glb"], description="Files to make at the end.")
    image_ids: list[UUID] = Field(default=[], max_length=8, description="Uploaded reference images.")


class ExportIn(Body):
    format: ExportFormat


class JobError(BaseModel):
    code: str
    message: str


class JobOut(BaseModel):
    id: UUID
    project_id: UUID
    kind: Literal["build", "export", "parameters", "compare"]
    prompt: str
    model: str | None
    formats: list[str]
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    outcome: str | None
    error: JobError | None
    result: JobResult | None
    cancel_requested: bool
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class ArtifactOut(BaseModel):
    id: UUID
    project_id: UUID
    job_id: UUID | None
    kind: Literal["reference", "picture", "thumbnail", "preview", "scene", "script"]
    name: str
    media_type: str
    bytes: int
    sha256: str
    created_at: dt.datetime


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first. `next_cursor` null: there is no more."""

    items: list[T]
    next_cursor: str | None = None


class Problem(BaseModel):
    """An error as RFC 9457 says (`application/problem+json`). `code` is stable; `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] | None = None
