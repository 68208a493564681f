"""A prompt, made into a brief: a job of its own, and the first stage of a build.

What the model was asked and said is kept at once, one consultation a call (`refine`, and `refine-again` where the first
answer could not be used): an attempt that comes after finds both, and pays for neither again.
"""

from typing import TYPE_CHECKING, Any

from cloud.agent.brief import Brief
from cloud.agent.client import CallOptions
from cloud.agent.consult import NoAnswer
from cloud.agent.contract import Outcome
from cloud.agent.model_errors import ModelError
from cloud.agent.refine import BriefFault, RefineDetail, read_brief, refine, trimmed_brief
from cloud.agent.scene_data import scene_data
from cloud.jobs import queries
from cloud.jobs.events import BriefReady, JobEvent
from cloud.jobs.first_turn import reference_blocks
from cloud.jobs.ledger.budget import job_budget

if TYPE_CHECKING:
    from cloud.jobs.work import JobWork

PURPOSE = "refine"
KEYS = ("refine", "refine-again")
_STEPS_TOLD = 40
_DECLINED, _UNREADABLE = "declined", "unreadable"


async def run(work: "JobWork") -> Outcome:
    """The job kind `refine`: its result holds the brief. Raises: ModelError; what ends an attempt."""
    work.brief = await brief_of(work)
    return Outcome("finished", work.brief.summary if work.brief else "")


async def brief_of(work: "JobWork") -> Brief | None:
    """What the build goes by besides the prompt; None: the prompt as it is. Asks at most twice in all attempts.

    Raises: ModelError: it cannot be had, or paid for.
    """
    options = work.options
    if options.brief is not None or options.detail == "as-is":
        return options.brief
    await work.recorder.stage("refine")
    fault, answer, earlier = "", {}, {}
    for key in KEYS:
        answer = await work.recorder.consulted(key)
        if answer is None:
            if (reason := (await job_budget(work)).exhausted) is not None:
                raise ModelError(reason, "budget_reached")
            answer = await _ask(work, key, options.detail, fault, earlier)
        if _DECLINED in answer:
            raise ModelError(answer[_DECLINED], "refused")
        try:
            return read_brief(answer, options.detail)
        except BriefFault as error:
            fault, earlier = str(error), {} if _UNREADABLE in answer else answer
    return trimmed_brief(answer, options.detail)


async def _ask(work: "JobWork", key: str, detail: RefineDetail, fault: str, earlier: dict[str, Any]) -> dict[str, Any]:
    """Put the question and keep what came of it, with what it cost. A good brief is told of in the same transaction."""
    recorder = work.recorder
    if reason := (await job_budget(work)).exhausted:
        raise ModelError(reason, "budget_reached")
    client = work.services.models.client(work.model)
    before, recorder.purpose = recorder.purpose, PURPOSE
    try:
        with work.timed("refine"):
            asked = await refine(
                client,
                work.job.prompt,
                detail=detail,
                images=await reference_blocks(work),
                scene=await _scene_facts(work),
                watcher=recorder,
                options=CallOptions(effort=work.options.profile.effort),
                fault=fault,
                earlier=earlier,
            )
        answer, reply = asked.answer, asked.reply
    except NoAnswer as error:
        answer = {_DECLINED: str(error)} if error.code == "refused" else {_UNREADABLE: str(error)}
        reply = error.reply
    finally:
        recorder.purpose = before
        await client.aclose()
    await recorder.keep_consultation(key, PURPOSE, answer, reply, _events_of(answer, detail, is_last=key == KEYS[-1]))
    return answer


def _events_of(answer: dict[str, Any], detail: RefineDetail, *, is_last: bool) -> list[JobEvent]:
    """The brief, where this answer gives it: the last one does, shortened if need be, unless it is hopeless."""
    try:
        return [BriefReady(brief=read_brief(answer, detail))]
    except BriefFault:
        pass
    try:
        return [BriefReady(brief=trimmed_brief(answer, detail))] if is_last else []
    except ModelError:
        return []


async def _scene_facts(work: "JobWork") -> str:
    """What stands there, as the history tells it, one step a line: a refine job has no Blender to ask."""
    if work.recorder.head_id is None:
        return ""
    async with work.services.database.sessions() as session:
        chain = await queries.chain_to(session, work.recorder.head_id)
    lines = [f"- {snapshot.title}: {snapshot.changed}".rstrip(": ") for snapshot, _ in chain]
    left_out = [f"({len(lines) - _STEPS_TOLD} earlier steps)"] if len(lines) > _STEPS_TOLD else []
    told = [line[:300] for line in lines[-_STEPS_TOLD:]]
    steps = "\n".join([*left_out, *told])
    return f"not empty; it was made in these steps:\n{scene_data(steps)}\n"
