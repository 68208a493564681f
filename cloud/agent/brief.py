"""What is to be built, in a form that a person can read and change before it is built."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

WORDS_LIMIT = 1_200
"""Of a whole brief, at the highest detail."""


class BriefPart(BaseModel):
    """One part of the thing. `size_m` is its bounding box along x, y and z in metres."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    size_m: Annotated[
        list[Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]], Field(min_length=3, max_length=3)
    ]
    count: Annotated[int, Field(ge=1, le=1_000)] = 1
    material: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=1_000)] = ""


class Brief(BaseModel):
    """The parts of a scene with real-world sizes, its style, and what must hold when it is done."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=120)]
    summary: Annotated[str, Field(max_length=4_000)] = ""
    parts: Annotated[list[BriefPart], Field(max_length=60)] = []
    proportions: Annotated[str, Field(max_length=2_000)] = ""
    style: Annotated[str, Field(max_length=2_000)] = ""
    checks: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=30)] = []
