"""One review: what stands is shown to the reviewer, and what comes of it is kept, with the roll-back if it is worse."""

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cloud.agent.budget import Budget
from cloud.agent.client import CallOptions, Model, ModelReply
from cloud.agent.consult import NoAnswer
from cloud.agent.contract import Block, Outcome
from cloud.agent.loop import Turn
from cloud.agent.model_errors import ModelError
from cloud.agent.review import Case, Evidence, review
from cloud.agent.verdict import Verdict, VerdictFault, is_worse, read_verdict
from cloud.jobs.events import Reviewed
from cloud.jobs.first_turn import picture_before, reference_blocks
from cloud.jobs.history.scenes import scene_moved
from cloud.jobs.pod import EMPTY_SCENE
from cloud.jobs.progress.queries import snapshot_row
from cloud.jobs.review.evidence import gather
from cloud.jobs.review.rounds import Round, key_of, key_of_unread
from cloud.jobs.step_facts import NewFile
from cloud.jobs.stood_before import base_of

if TYPE_CHECKING:
    from cloud.db.models import Snapshot
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.recorder import JobRecorder
    from cloud.jobs.work import JobWork

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Judgement:
    """What came of asking: a verdict, or the sentence why there is none. `reply` is what was paid for, if anything."""

    verdict: Verdict | None = None
    problem: str = ""
    reply: ModelReply | None = None


async def close_round(
    work: "JobWork",
    toolbox: "PodToolbox",
    model: Model,
    rounds: Sequence[Round],
    outcome: Outcome,
    budget: Budget,
    first: Turn,
) -> Round:
    """Review the scene that a run of the agent has left, and keep what comes of it. `first` is the user's first turn.

    A mend that made it worse is rolled back, and so is one that broke off and could not be judged. No fault of the
    reviewer's is one of the job: the round has no verdict then.

    Raises: ArtifactMissing, PodLost, PodNotReady, HandOver, Fenced.
    """
    number = len(rounds) + 1
    if outcome.kind not in ("finished", "budget_reached"):
        judgement = _Judgement(problem=outcome.reason)
    elif budget.is_spent:
        judgement = _Judgement(problem=budget.exhausted or "")
    else:
        await work.recorder.stage("review", number)
        with work.timed("review"):
            judgement = await _judge(work, toolbox, model, rounds, picture_before(first))
    verdict, standing = judgement.verdict, rounds[rounds[-1].stands - 1] if rounds else None
    is_bad = (
        outcome.kind != "finished"
        if verdict is None
        else standing is not None and standing.verdict is not None and is_worse(verdict, standing.verdict)
    )
    # A run that broke off has no word of its own on the whole scene.
    word = outcome if outcome.kind == "finished" or standing is None else standing
    judged = Round(
        number=number,
        ended=outcome.kind,
        summary=word.summary,
        not_built=list(word.not_built),
        reason=outcome.reason,
        code=outcome.code,
        verdict=verdict,
        problem=judgement.problem,
        snapshot_id=work.recorder.head_id,
        stands=standing.number if is_bad and standing is not None else number,
    )
    await _keep(work, toolbox, judged, judgement.reply, standing)
    return judged


async def _judge(
    work: "JobWork", toolbox: "PodToolbox", model: Model, rounds: Sequence[Round], before: Block | None
) -> _Judgement:
    number = len(rounds) + 1
    evidence = await gather(toolbox, await base_of(work), before)
    await _show(work.recorder, evidence, number)
    earlier = next((each.verdict for each in reversed(rounds) if each.verdict is not None), None)
    case = Case(
        prompt=work.job.prompt,
        brief=work.brief,
        references=await reference_blocks(work),
        evidence=evidence,
        requirements=[each.text for each in earlier.requirements] if earlier else (),
    )
    recorder = work.recorder
    recorder.purpose, purpose = "review", recorder.purpose
    try:
        return await _ask(work, model, case, number)
    except NoAnswer as error:
        return _Judgement(problem=str(error), reply=error.reply)
    except ModelError as error:
        return _Judgement(problem=str(error))
    finally:
        recorder.purpose = purpose


async def _ask(work: "JobWork", model: Model, case: Case, number: int) -> _Judgement:
    """The verdict; one answer that cannot be used is asked for again. Raises: NoAnswer, ModelError."""
    if (unread := await work.recorder.consulted(key_of_unread(number))) is None:
        answer = await _ask_once(work, model, case)
        if answer.verdict is not None:
            return answer
        unread = {"fault": answer.problem}
        await work.recorder.keep_consultation(key_of_unread(number), "review", unread, answer.reply)
    answer = await _ask_once(work, model, case, fault=unread["fault"])
    if answer.verdict is not None:
        return answer
    logger.warning("no verdict could be read", extra={"job_id": str(work.job.id), "fault": answer.problem})
    return replace(answer, problem="The reviewer's answers could not be used.")


async def _ask_once(work: "JobWork", model: Model, case: Case, fault: str = "") -> _Judgement:
    """The answer; without a verdict if none can be read from it. Raises: NoAnswer: declined. ModelError."""
    options = CallOptions(effort=work.options.profile.effort)
    try:
        said = await review(model, case, watcher=work.recorder, options=options, fault=fault)
    except NoAnswer as error:
        if error.code == "refused":
            raise
        return _Judgement(problem=str(error), reply=error.reply)
    try:
        return _Judgement(read_verdict(said.answer, case.evidence.objects), reply=said.reply)
    except VerdictFault as error:
        return _Judgement(problem=str(error), reply=said.reply)


async def _show(recorder: "JobRecorder", evidence: Evidence, number: int) -> None:
    """Keep the six views for the user, unless an earlier attempt has."""
    name = f"review-{number}.png"
    if evidence.sheet is not None and not recorder.has_file("picture", name):
        source = evidence.sheet["source"]
        picture = NewFile("picture", name, source["media_type"], base64.b64decode(source["data"]))
        await recorder.add_files([picture], shown_as="review")


async def _keep(
    work: "JobWork", toolbox: "PodToolbox", judged: Round, reply: ModelReply | None, standing: Round | None
) -> None:
    """Write the round, its events and the roll-back in one transaction; then the pod goes back too."""
    kept = "rolled_back" if judged.is_rolled_back else ""
    events = [Reviewed(round=judged.number, verdict=judged.verdict, kept=kept)] if judged.verdict else []
    move, scene = None, EMPTY_SCENE
    if judged.is_rolled_back and standing is not None and standing.snapshot_id != judged.snapshot_id:
        snapshot = await _snapshot_of(work, standing)
        scene, move = snapshot.sha256 if snapshot else EMPTY_SCENE, scene_moved("rollback", snapshot)
    answer = judged.model_dump(mode="json")
    await work.recorder.keep_consultation(key_of(judged.number), "review", answer, reply, events, move=move)
    if move is not None:
        await toolbox.open_scene(scene)


async def _snapshot_of(work: "JobWork", standing: Round) -> "Snapshot | None":
    """The round's scene."""
    if standing.snapshot_id is None:
        return None
    async with work.services.database.sessions() as session:
        return await snapshot_row(session, standing.snapshot_id)
