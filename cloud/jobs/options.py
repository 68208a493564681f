"""How a prompt is to be built: what a client may ask for besides the words, as it is kept in `jobs.request`."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from cloud.agent.ablation import Ablation
from cloud.agent.brief import Brief
from cloud.jobs.formats import ExportFormat

Quality = Literal["draft", "standard", "high"]
Detail = Literal["as-is", "concise", "moderate", "comprehensive"]


@dataclass(frozen=True)
class Profile:
    """What a quality stands for. `effort` None: the model's own; `steps` are model calls; `usd` of the whole job."""

    effort: str | None
    steps: int
    mends: int
    usd: float
    review: bool


PROFILES: dict[Quality, Profile] = {
    "draft": Profile(effort="low", steps=20, mends=0, usd=0.5, review=False),
    "standard": Profile(effort="medium", steps=60, mends=2, usd=5.0, review=True),
    "high": Profile(effort="high", steps=120, mends=4, usd=15.0, review=True),
}


class BuildOptions(BaseModel):
    """The options of one build or refine job. `max_usd` lowers the profile's budget; `brief` is what the user has
    seen and perhaps changed, and spares the refining. `without` is for evaluations: see `cloud.agent.ablation`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    formats: list[ExportFormat] = ["blend", "glb"]
    image_ids: list[str] = []
    quality: Quality = "standard"
    detail: Detail = "as-is"
    brief: Brief | None = None
    max_usd: float | None = None
    without: list[Ablation] = []

    @classmethod
    def of_request(cls, request: dict[str, Any]) -> "BuildOptions":
        """What a job's `request` says; what it leaves out has the default."""
        return cls.model_validate(request)

    @property
    def profile(self) -> Profile:
        """What its quality stands for."""
        profile = PROFILES[self.quality]
        return replace(profile, review=False, mends=0) if "review" in self.without else profile
