"""What is kept of each review of a job: enough for a new attempt to go on without asking again."""

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cloud.agent.verdict import Verdict

if TYPE_CHECKING:
    from cloud.jobs.recorder import JobRecorder


class Round(BaseModel):
    """One run of the agent (the build, or a mend) and what came of its review. Kept as `consultations.answer`.

    `number` counts from 1. `ended` is the run's outcome, `summary` and `not_built` what it said of itself, `problem`
    why there is no verdict. `snapshot_id` is the scene that the run left, `stands` the number of the round whose
    scene stands after this one: another's if this one was rolled back.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    ended: str
    summary: str = ""
    not_built: list[str] = []
    reason: str = ""
    code: str = ""
    verdict: Verdict | None = None
    problem: str = ""
    snapshot_id: UUID | None = None
    stands: int

    @property
    def is_rolled_back(self) -> bool:
        """Whether its scene was given up for an earlier one."""
        return self.stands != self.number


def key_of(number: int) -> str:
    """The name of a round's consultation."""
    return f"review-{number}"


def key_of_unread(number: int) -> str:
    """The name of the consultation whose answer could not be used, before the round's own."""
    return f"review-{number}-unread"


async def kept_rounds(recorder: "JobRecorder") -> list[Round]:
    """The rounds that earlier attempts have brought to an end, in order."""
    rounds: list[Round] = []
    while (answer := await recorder.consulted(key_of(len(rounds) + 1))) is not None:
        rounds.append(Round.model_validate(answer))
    return rounds
