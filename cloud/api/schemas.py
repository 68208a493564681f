"""The JSON that clients send and get. Field descriptions and examples show up in the OpenAPI document."""

import datetime as dt
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from cloud.agent.ablation import Ablation
from cloud.agent.brief import Brief
from cloud.api.patterns import LINE, TEXT
from cloud.jobs.events import JobResult
from cloud.jobs.formats import ExportFormat
from cloud.jobs.options import Detail, Quality

T = TypeVar("T")


_NUMBERS: set[Any] = {int, float}
_TRUTHS: set[Any] = {bool, type(None)}


class Body(BaseModel):
    """Root of what clients send: unknown fields are refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_lookalikes(cls, value: Any, info: ValidationInfo) -> Any:
        """As JSON has it: pydantic would take `true` for 1, 1 for `true` and "7" for 7, which the document does not."""
        annotation = cls.model_fields[info.field_name or ""].annotation
        is_union = get_origin(annotation) in (Union, UnionType)
        wanted = set(get_args(annotation)) if is_union else {annotation}
        if wanted <= _NUMBERS | _TRUTHS and type(value) in {str} | _NUMBERS | _TRUTHS:
            is_right = wanted & (_NUMBERS if type(value) in _NUMBERS else {type(value)})
            if not is_right:
                raise ValueError("a number is needed" if wanted & _NUMBERS else "true or false is needed")
        return value

    @field_validator("*")
    @classmethod
    def _refuse_nul(cls, value: Any) -> Any:
        """PostgreSQL keeps no NUL in a text."""
        if _holds_nul(value.model_dump() if isinstance(value, BaseModel) else value):
            raise ValueError("the character U+0000 (NUL) is not allowed")
        return value


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_holds_nul(item) for item in value.values())
        case list():
            return any(_holds_nul(item) for item in value)
        case _:
            return False


class Health(BaseModel):
    status: Literal["ok"]


class ProjectIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Castle"], json_schema_extra={"pattern": LINE})]


class ProjectOut(BaseModel):
    id: UUID
    name: str
    created_at: dt.datetime
    updated_at: dt.datetime
    head_snapshot_id: UUID | None = Field(description="The scene as it stands; null is the empty scene.")
    thumbnail_id: UUID | None = Field(description="The artifact that is the scene's picture; null: there is none.")
    model_id: UUID | None = Field(
        description="The artifact that is the scene for the 3D viewer; null: `POST …/snapshots/{head}/model` makes one."
    )
    can_undo: bool
    can_redo: bool
    deleted_at: dt.datetime | None = Field(default=None, description="When it was deleted; null: it is not.")
    purge_at: dt.datetime | None = Field(default=None, description="Until when a deleted one can be brought back.")


class SceneSeen(Body):
    """For requests that depend on the scene: which one the client saw."""

    expected_head: UUID | None = Field(
        default=None,
        description="The `head_snapshot_id` that you saw (null: the empty scene). Where given, the answer is 409 if "
        "the scene has changed since, or a job is at work on it; leave it out to go by the scene as it will be.",
    )


class JobIn(SceneSeen):
    prompt: Annotated[
        str, Field(examples=["a medieval castle tower with a wooden door"], json_schema_extra={"pattern": TEXT})
    ]
    model: str | None = Field(
        default=None, min_length=1, max_length=200, description="A model id; null takes the server's default."
    )
    formats: list[ExportFormat] = Field(default=["blend", "glb"], description="Files to make at the end.")
    image_ids: list[UUID] = Field(default=[], max_length=8, description="Uploaded reference images.")
    quality: Quality = Field(default="standard", description="How much effort, time and money the build may take.")
    detail: Detail = Field(default="as-is", description="How far the prompt is refined into a brief first.")
    brief: Brief | None = Field(default=None, description="The brief to build by, from a refine job or one's own.")
    max_usd: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="What the job may cost; null: the quality's budget.",
    )
    without: list[Ablation] = Field(
        default=[], description="For evaluations, where the server allows them: what the model has to do without."
    )


class ExportIn(SceneSeen):
    format: ExportFormat = Field(description="Of the file; `turntable.gif` and `turntable.mp4` are a ride around it.")
    snapshot_id: UUID | None = Field(default=None, description="The step to export; null: the scene as it stands.")


class JobError(BaseModel):
    code: str
    message: str


class JobOptions(BaseModel):
    """What a prompt's job was asked for besides the prompt."""

    quality: Quality
    detail: Detail
    max_usd: float | None
    formats: list[ExportFormat]
    image_ids: list[UUID]


class JobOut(BaseModel):
    id: UUID
    project_id: UUID
    kind: Literal["build", "refine", "import", "export", "parameters", "compare", "call"]
    prompt: str
    model: str | None
    formats: list[str]
    options: JobOptions | None = Field(description="Of a build or a refine job; null: it is of another kind.")
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    outcome: str | None
    error: JobError | None
    result: JobResult | None
    cancel_requested: bool
    batch_id: UUID | None
    batch_position: int | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class ArtifactOut(BaseModel):
    id: UUID
    project_id: UUID
    job_id: UUID | None
    kind: Literal["reference", "upload", "picture", "thumbnail", "model", "preview", "scene", "script", "turntable"]
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
    """An error as RFC 9457 says (`application/problem+json`). `code` is stable; `detail` is for people.

    `request_id` is that of the answer's header `X-Request-Id`: the server's log has it too.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] | None = None
    request_id: str | None = None
