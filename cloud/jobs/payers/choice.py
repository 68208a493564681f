"""The choice of a job's model and of who pays: the user's own key, else the system's, else the offline modeller.

A job keeps its payer: what its first call was billed to, the later ones are, whatever keys come and go meanwhile.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.secrets import SecretUnreadable
from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.agent.errors import ModelError
from cloud.db.engine import Transaction
from cloud.db.models import Job
from cloud.jobs.payers import queries

USES_MODEL = frozenset({"build", "refine"})
"""The kinds of jobs that call a model."""


@dataclass(frozen=True)
class ModelChoice:
    """The model of one attempt, and the way to it; "" for a job that calls none."""

    model: str
    access: ModelAccess | None = None


ChooseModel = Callable[[Transaction, Job], Awaitable[ModelChoice]]


async def choose_model(session: Transaction, job: Job, models: ModelAccess, keys: ModelKeys) -> ModelChoice:
    """What the job's next attempt works with. Where that cannot be had, the attempt says why."""
    if job.kind not in USES_MODEL:
        return ModelChoice("", models)
    payer = await queries.payer_of(session, job.id) if job.attempt else None
    if payer == "nobody":
        return ModelChoice(OFFLINE_MODEL, models)
    access = models if payer == "system" else await _access_of_user(session, job, models, keys, payer)
    try:
        return ModelChoice(access.choose(job.model), access)
    except ModelError:
        return ModelChoice(job.model or "", access)  # the attempt will say why it cannot be had


async def _access_of_user(
    session: Transaction, job: Job, models: ModelAccess, keys: ModelKeys, payer: str | None
) -> ModelAccess:
    try:
        key = await keys.read(session, job.user_id)
    except SecretUnreadable:
        problem = "Your Claude key cannot be read any more, as the server's own key has changed; enter it again."
        return models.without_key(ModelError(problem, "model_key_unreadable"))
    if key is None and payer == "user":
        problem = "The Claude key that this job began with has been removed; enter one, then send the prompt again."
        return models.without_key(ModelError(problem, "model_key_removed"))
    return models.for_user(key)
