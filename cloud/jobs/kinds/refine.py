"""A prompt, made into a brief: a job of its own, and the first stage of a build."""

from typing import TYPE_CHECKING

from cloud.agent.brief import Brief

if TYPE_CHECKING:
    from cloud.jobs.work import JobWork


async def brief_of(work: "JobWork") -> Brief | None:
    """What the build goes by besides the prompt."""
    return work.options.brief
