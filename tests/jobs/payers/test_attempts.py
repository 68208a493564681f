"""A runner's job calls the model with its payer's key, and bills it so."""

from dataclasses import replace
from pathlib import Path

import pytest

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.secrets import Safe, new_key
from cloud.agent.access import ModelAccess
from cloud.agent.contract import Outcome
from cloud.db.engine import Database
from cloud.jobs.work import JobWork
from tests.jobs.claims.conftest import at_work, services_for
from tests.jobs.conftest import Account

SYSTEM = ModelAccess("http://127.0.0.1:1", "claude-sonnet-5-5", api_key="sk-ant-system-key")


@pytest.mark.parametrize("has_key", [True, False], ids=["own key", "no key"])
async def test_work_gets_the_models_of_its_payer(queue: Database, tmp_path: Path, has_key: bool) -> None:
    owner = await Account.create(queue)
    keys = ModelKeys(Safe([new_key()]))
    if has_key:
        async with queue.sessions() as session, session.begin():
            await keys.put(session, owner.user_id, "sk-ant-own-key", tested=True)
    works: list[JobWork] = []

    async def do(work: JobWork) -> Outcome:
        works.append(work)
        return Outcome("finished")

    services = replace(services_for(queue, tmp_path), models=SYSTEM, keys=keys)
    job_id = await owner.post()
    async with at_work(services, do):
        job = await owner.ended(job_id)
    assert job.state == "succeeded"
    (work,) = works
    client = work.services.models.client(work.model)
    assert client.api_key == ("sk-ant-own-key" if has_key else "sk-ant-system-key")
    assert work.recorder.billed_to == ("user" if has_key else "system")
    await client.aclose()
    assert "sk-ant" not in repr(work.services.models)
