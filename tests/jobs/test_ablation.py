"""A build that has to do without: what the model is sent says so. The pod is in memory."""

import pytest

from tests.jobs.conftest import Account, Backend, running
from tests.jobs.notebook_pod import NotebookPod
from tests.support.scripted_messages import calls, finishes, scripted_messages

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_build_without_pictures_gives_the_model_no_look_and_says_so(
    backend: Backend, user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
    blind, seeing = (
        {"formats": [], "image_ids": [], "quality": "draft", "without": names} for names in (["pictures"], [])
    )
    script = [calls(("look", {})), finishes("Nothing.", built=False)]
    async with scripted_messages(*script, *script) as api, running(backend.with_model(api.base_url)):
        for request in (blind, seeing):
            assert (await user.ended(await user.post(request=request))).state == "failed"
    without, whole = api.requests[1], api.requests[3]
    assert "look" in [tool["name"] for tool in whole["tools"]]
    assert "look" not in [tool["name"] for tool in without["tools"]]
    assert "no tool look" in str(without["system"])
    assert "no tool look" not in str(whole["system"])
    assert "'type': 'image'" in str(whole["messages"])
    assert "'type': 'image'" not in str(without["messages"])
