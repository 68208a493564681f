"""Orders that the worker gives itself."""

from dataclasses import dataclass

from .device_grant import DeviceGrant
from .messages import Order
from .types import Job


@dataclass(frozen=True, kw_only=True)
class Reconnect(Order):
    """Try again to reach the server; so many tries have failed."""

    tries: int


@dataclass(frozen=True, kw_only=True)
class AskForToken(Order):
    """Ask whether the person has confirmed the code, until `until_s` of `time.monotonic()`."""

    grant: DeviceGrant
    interval_s: float
    until_s: float


@dataclass(frozen=True, kw_only=True)
class FindJobs(Order):
    """Look for jobs of the user's that go on."""


@dataclass(frozen=True, kw_only=True)
class Follow(Order):
    """Read the events of a job that is known already. `asked_by`: the order that it came from."""

    job: Job
    asked_by: int = 0


@dataclass(frozen=True, kw_only=True)
class ShowPicture(Order):
    """Bring one picture; `job_id`: the newest one of this job."""

    artifact_id: str
    job_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class TidyUp(Order):
    """Delete what earlier sessions of Blender have left."""


@dataclass(frozen=True, kw_only=True)
class DropProject(Order):
    """Delete a project that was made for an order which came to nothing."""

    project_id: str
