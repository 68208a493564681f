"""Who pays for a job: the user's own key, else the system's, else nobody; and a job keeps its payer."""

from typing import Any
from uuid import UUID

import pytest

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.secrets import Safe, new_key
from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.agent.errors import ModelError
from cloud.db.engine import Database
from cloud.db.models import Usage
from cloud.jobs.payers.choice import ModelChoice, choose_model
from tests.jobs.conftest import Account

OWN, SYSTEM = "sk-ant-own-key", "sk-ant-system-key"
WITH_KEY = ModelAccess("http://127.0.0.1:1", "claude-sonnet-5-5", api_key=SYSTEM)
WITHOUT_KEY = ModelAccess("http://127.0.0.1:1", "claude-sonnet-5-5")


@pytest.fixture
def keys() -> ModelKeys:
    return ModelKeys(Safe([new_key()]))


@pytest.fixture
async def owner(queue: Database) -> Account:
    return await Account.create(queue)


async def enter(owner: Account, keys: ModelKeys) -> None:
    async with owner.database.sessions() as session, session.begin():
        await keys.put(session, owner.user_id, OWN, tested=True)


async def choice(
    owner: Account, job_id: UUID, keys: ModelKeys, models: ModelAccess = WITH_KEY, paid_by: str | None = None
) -> ModelChoice:
    """The choice for the job's first attempt; for a later one, where calls have been paid for."""
    job = await owner.job(job_id)
    async with owner.database.sessions() as session, session.begin():
        if paid_by:
            facts: dict[str, Any] = {"user_id": job.user_id, "job_id": job.id, "model": "m", "usd": 0.1}
            counts = dict.fromkeys(("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"), 1)
            session.add(Usage(**facts, **counts, billed_to=paid_by))
            await session.flush()
            job.attempt = 1
        return await choose_model(session, job, models, keys)


async def test_own_key_comes_before_the_systems(owner: Account, keys: ModelKeys) -> None:
    job_id = await owner.post()
    assert (await choice(owner, job_id, keys)).access is WITH_KEY
    await enter(owner, keys)
    for models in (WITH_KEY, WITHOUT_KEY):
        chosen = await choice(owner, job_id, keys, models)
        assert chosen.access is not None
        assert (chosen.model, chosen.access.api_key) == ("claude-sonnet-5-5", OWN)
        assert chosen.access.payer_of(chosen.model) == "user"


async def test_without_any_key_the_offline_modeller_builds(owner: Account, keys: ModelKeys) -> None:
    chosen = await choice(owner, await owner.post(), keys, WITHOUT_KEY)
    assert chosen.model == OFFLINE_MODEL


async def test_another_users_key_is_not_used(owner: Account, keys: ModelKeys, queue: Database) -> None:
    await enter(await Account.create(queue), keys)
    assert (await choice(owner, await owner.post(), keys)).access is WITH_KEY


async def test_job_without_model_reads_no_key(owner: Account, keys: ModelKeys) -> None:
    await enter(owner, keys)
    chosen = await choice(owner, await owner.post(kind="export"), keys)
    assert chosen == ModelChoice("", WITH_KEY)


async def test_job_that_the_system_paid_for_goes_on_so_though_a_key_was_entered(
    owner: Account, keys: ModelKeys
) -> None:
    await enter(owner, keys)
    assert (await choice(owner, await owner.post(), keys, paid_by="system")).access is WITH_KEY


async def test_offline_job_goes_on_offline_though_a_key_was_entered(owner: Account, keys: ModelKeys) -> None:
    await enter(owner, keys)
    assert (await choice(owner, await owner.post(), keys, paid_by="nobody")).model == OFFLINE_MODEL


async def test_job_whose_payer_removed_the_key_fails_and_costs_nobody_else(owner: Account, keys: ModelKeys) -> None:
    chosen = await choice(owner, await owner.post(), keys, paid_by="user")
    assert chosen.access is not None
    assert chosen.access.api_key is None
    with pytest.raises(ModelError, match="has been removed") as caught:
        chosen.access.choose(None)
    assert caught.value.code == "model_key_removed"


async def test_key_that_cannot_be_read_is_told_and_costs_nobody_else(owner: Account, keys: ModelKeys) -> None:
    await enter(owner, keys)
    for others in (ModelKeys(None), ModelKeys(Safe([new_key()]))):
        chosen = await choice(owner, await owner.post(), others)
        assert chosen.access is not None
        with pytest.raises(ModelError, match="enter it again"):
            chosen.access.choose(None)
