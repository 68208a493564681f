"""What one job may still use: the least of what the deployment, the quality, its user and the user's month allow."""

from typing import TYPE_CHECKING

from cloud.agent.budget import Budget
from cloud.jobs.ledger import queries
from cloud.jobs.ledger.month import month_of, month_sentence

if TYPE_CHECKING:
    from cloud.jobs.work import JobWork


async def job_budget(work: "JobWork") -> Budget:
    """The budget of the job as it stands now, with all that its earlier attempts and consultations have used.

    Make a new one for each run of the agent; its money limit is told to the clients with the next `usage` event.
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
    if recorder.billed_to == queries.SYSTEM:
        await _cap_by_month(work, budget)
    recorder.usd_limit, recorder.token_limit = budget.max_usd, settings.max_job_tokens or None
    return budget


async def _cap_by_month(work: "JobWork", budget: Budget) -> None:
    async with work.services.database.sessions() as session:
        month = await month_of(session, work.job.user_id, work.services.settings, but_job=work.job.id)
        this_month = await queries.used_by_job(session, work.job.id, month.began)
    if month.left is None or month.limit is None:
        return
    # What the job spent in the month before, or with another's key, is in its total and not in this month's.
    may = float(month.left) + max(0.0, budget.usd - float(this_month.usd))
    if may < budget.max_usd:
        budget.max_usd = round(may, 6)
        budget.usd_sentence = month_sentence(month.limit, month.ends.date())
