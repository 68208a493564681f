"""What a reviewer says of a finished scene."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Requirement(BaseModel):
    """One thing that was asked for, and whether it is there. `evidence` says what shows it: a view, a number."""

    model_config = ConfigDict(extra="forbid")

    text: str
    status: Literal["met", "partly", "not"]
    evidence: str = ""


class Defect(BaseModel):
    """Something that is wrong, and what to do about it. `objects` are names in the scene."""

    model_config = ConfigDict(extra="forbid")

    severity: Literal["critical", "major", "minor"]
    what: str
    mend: str
    objects: list[str] = []


class Verdict(BaseModel):
    """Whether the scene can be handed over (`pass`) or has to be mended first."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["pass", "mend"]
    summary: str = ""
    requirements: Annotated[list[Requirement], Field(max_length=60)] = []
    defects: Annotated[list[Defect], Field(max_length=40)] = []
