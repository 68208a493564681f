"""What each tool of the gateway takes; those of the pod take the pod's own arguments, and the project."""

from typing import Annotated, Any, Literal

from pydantic import Field

from cloud.blender import arguments as given
from cloud.blender.arguments import Arguments
from cloud.jobs.formats import ExportFormat
from cloud.jobs.options import Quality

Seconds = Annotated[int, Field(ge=0, le=600)]
PATIENCE_S = 45
"""How long a tool waits for a job where the caller names no time: many clients give up after 60 s."""


class OnProject(Arguments):
    """`project`: the id, the beginning of it, or the exact name."""

    project: str


class RunPython(given.RunPython, OnProject):
    """`expected_head`: the snapshot that the caller believes to be the scene."""

    expected_head: str = ""


class Look(given.Look, OnProject):
    """As the pod's."""


class Inspect(given.Inspect, OnProject):
    """As the pod's."""


class Check(given.Check, OnProject):
    """As the pod's."""


class Lookup(given.Lookup, OnProject):
    """As the pod's."""


class Projects(Arguments):
    """`name` is the new one's, or what is looked for."""

    action: Literal["list", "create", "choose"] = "list"
    name: Annotated[str, Field(max_length=200)] = ""


class History(OnProject):
    """`to` is for `restore`."""

    action: Literal["list", "undo", "redo", "restore"] = "list"
    to: str = ""
    expected_head: str = ""


class Parameters(OnProject):
    """No values: list them."""

    values: dict[str, Any] = Field(default={}, max_length=500)
    expected_head: str = ""


class Build(OnProject):
    """A prompt for our own agent."""

    prompt: str
    quality: Quality = "standard"
    wait_s: Seconds = PATIENCE_S


class JobAsked(Arguments):
    """`id`: the job's, or the beginning of it."""

    id: str
    action: Literal["wait", "status", "cancel"] = "wait"
    wait_s: Seconds = PATIENCE_S


class Download(OnProject):
    """A file of the scene as it stands."""

    format: ExportFormat | Literal["script"] = "glb"
