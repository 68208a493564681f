"""What one job may still use: the least of what the settings, the quality, its user and both months allow."""

from typing import TYPE_CHECKING

from cloud.agent.budget import Budget
from cloud.jobs.ledger import queries
from cloud.jobs.ledger.month import Month, limited_months

if TYPE_CHECKING:
    from cloud.jobs.work import JobWork


async def job_budget(work: "JobWork") -> Budget:
    """The budget of the job as it stands now, with all that its earlier attempts and consultations have used.

    Make a new one for each run of the agent; its money limit is told to the clients with the next `usage` event.
    Before each call of the model it is measured anew: other jobs use up the same months meanwhile.
    """
    settings, options, recorder = work.services.settings, work.options, work.recorder
    usd = min(settings.max_job_usd, options.profile.usd, options.max_usd or settings.max_job_usd)
    used = recorder.usage
    budget = Budget(
        min(settings.max_steps, options.profile.steps),
        usd,
        recorder.model_calls,
        used.usd or 0.0,
        max_tokens=settings.max_job_tokens,
        tokens=used.input_tokens + used.output_tokens + used.cache_read_tokens + used.cache_write_tokens,
    )
    own_usd, own_tokens = budget.max_usd, budget.max_tokens

    async def measure() -> None:
        budget.max_usd, budget.max_tokens = own_usd, own_tokens
        await _cap_by_months(work, budget)
        recorder.usd_limit, recorder.token_limit = budget.max_usd, budget.max_tokens or None

    await measure()
    recorder.before_call = measure
    return budget


async def _cap_by_months(work: "JobWork", budget: Budget) -> None:
    if work.recorder.billed_to != queries.SYSTEM:
        return
    job_id = work.job.id
    async with work.services.database.sessions() as session:
        months = await limited_months(session, work.job.user_id, work.services.settings, but_job=job_id)
        if not months:
            return
        this_month = await queries.used_by_job(session, job_id, months[0].began)
    for month in months:
        _cap_by_month(month, budget, this_month)


def _cap_by_month(month: Month, budget: Budget, this_month: queries.Sums) -> None:
    """What the job used in the month before, or with another's key, is in its total and not in this month's."""
    if month.left is not None:
        may_usd = float(month.left) + max(0.0, budget.usd - float(this_month.usd))
        if may_usd < budget.max_usd:
            budget.max_usd, budget.usd_sentence = round(may_usd, 6), month.usd_sentence
    if month.tokens_left is not None:
        may = month.tokens_left + max(0, budget.tokens - this_month.tokens)
        if not budget.max_tokens or may < budget.max_tokens:
            # 0 would be no limit at all.
            budget.max_tokens, budget.token_sentence = max(may, 1), month.token_sentence
