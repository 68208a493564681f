"""Whether a job may ask to be built with less help than the product gives."""

from collections.abc import Sequence

from cloud.agent.ablation import Ablation
from cloud.errors import Prompt2MeshError
from cloud.settings import Settings


class AblationsOff(Prompt2MeshError):
    """This deployment builds with everything it has."""

    code, http_status = "ablations_off", 403

    def __init__(self) -> None:
        super().__init__(
            "This server builds with all its tools: leave `without` out, or have its operator set "
            "P2M_ALLOW_ABLATIONS for an evaluation."
        )


def allowed_ablations(wanted: Sequence[Ablation], settings: Settings) -> list[Ablation]:
    """What was asked for, each once, in a stable order. Raises: AblationsOff."""
    if wanted and not settings.allow_ablations:
        raise AblationsOff
    return sorted(set(wanted))
