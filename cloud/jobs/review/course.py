"""The course of a build: the agent builds, a reviewer looks, the agent mends, until it passes or may not go on.

Where it stands is read from what is kept: each turn in which the agent is told to mend begins another run, and each
run that was reviewed has its `Round`. So a new attempt goes on at the same place, and asks nothing twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cloud.agent.budget import Budget
from cloud.agent.client import Model
from cloud.agent.contract import Outcome
from cloud.agent.loop import Turn
from cloud.agent.verdict import Verdict
from cloud.jobs.review.mending import ask_to_mend, count_mends
from cloud.jobs.review.reviewing import close_round
from cloud.jobs.review.rounds import Round, kept_rounds

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork


@dataclass
class Course:
    """One job's way from the prompt to a scene that can be handed over.

    `run_agent` runs the agent on the conversation to the end of the run, or gives the same outcome again where it has
    ended. `is_reviewed` says whether anybody looks at what was built. `budget` is what is left of the job's, `mends`
    how often it may mend.
    """

    work: "JobWork"
    toolbox: "PodToolbox"
    model: Model
    conversation: list[Turn]
    run_agent: Callable[[], Awaitable[Outcome]]
    is_reviewed: Callable[[], Awaitable[bool]]
    budget: Callable[[], Awaitable[Budget]]
    mends: int
    _rounds: list[Round] = field(default_factory=list)

    async def run(self) -> Outcome:
        """Build, review, mend. Raises: ArtifactMissing, PodLost, PodNotReady, HandOver, Fenced."""
        self._rounds = await kept_rounds(self.work.recorder)
        while True:
            mended = self.work.mends = count_mends(self.conversation)
            # A run that broke off is not taken up again once its round is closed.
            is_broken_off = len(self._rounds) > mended and self._rounds[mended].ended != "finished"
            if not is_broken_off:
                await self.work.recorder.stage("mend" if mended else "build", max(mended, 1))
                outcome = await self.run_agent()
                if not self._rounds and not await self._is_to_be_reviewed(outcome):
                    return outcome
                if len(self._rounds) == mended:
                    self._rounds.append(await self._close_round(outcome))
            judged, standing = self._rounds[mended], self._standing
            self.work.verdict = standing.verdict
            if not await self._may_mend(judged, standing, mended):
                return _told(judged, standing)
            left = self.mends - mended
            await ask_to_mend(self.work.recorder, self.conversation, judged, standing, left)

    async def _is_to_be_reviewed(self, outcome: Outcome) -> bool:
        return outcome.kind == "finished" and self.work.recorder.snapshots > 0 and await self.is_reviewed()

    async def _close_round(self, outcome: Outcome) -> Round:
        budget, first = await self.budget(), self.conversation[0]
        return await close_round(self.work, self.toolbox, self.model, self._rounds, outcome, budget, first)

    @property
    def _standing(self) -> Round:
        return self._rounds[self._rounds[-1].stands - 1]

    async def _may_mend(self, judged: Round, standing: Round, mended: int) -> bool:
        if judged.ended != "finished" or judged.verdict is None:
            return False
        if standing.verdict is None or standing.verdict.decision == "pass":
            return False
        return mended < self.mends and (await self.budget()).exhausted is None


def _told(judged: Round, standing: Round) -> Outcome:
    """The job's outcome: what the run whose scene stands said of it, and honestly what the reviewer still found."""
    outcome = Outcome("finished", standing.summary, tuple(standing.not_built))
    if judged.ended == "budget_reached":
        outcome = replace(outcome, kind="budget_reached", reason=judged.reason, code=judged.code)
    remarks = [standing.summary]
    if judged.is_rolled_back and judged.verdict is None:
        remarks.append(f"A last mend broke off and was undone: {judged.problem}")
    elif judged.verdict is None:
        remarks.append(f"The scene as it stands was not reviewed: {judged.problem}")
    if standing.verdict is not None:
        missing = [each.text for each in standing.verdict.requirements if each.status == "not"]
        outcome = replace(outcome, not_built=tuple(dict.fromkeys([*outcome.not_built, *missing])))
        remarks += _open_faults(standing.verdict)
    return replace(outcome, summary=" ".join(remark for remark in remarks if remark))


def _open_faults(verdict: Verdict) -> Sequence[str]:
    """One sentence on the critical defects that are still there, if there are any."""
    faults = [defect.what.rstrip(".") for defect in verdict.defects if defect.severity == "critical"]
    return [f"The review still found: {'; '.join(faults)}."] if faults else []
