"""Who may call a pod."""

import httpx2
import pytest

from cloud.fleet.pod_tokens import PodTokens
from tests.blender.pod_process import AUDIENCE, OWNER, RunningPod, run

pytestmark = pytest.mark.blender


def _status(pod: RunningPod, token: str | None, path: str = "/files/exports/none.glb") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return httpx2.get(pod.base_url + path, headers=headers).status_code


async def test_only_the_owners_fresh_token_for_this_pod_opens_it(pod: RunningPod) -> None:
    async with pod.toolbox() as box:  # the first user takes the pod
        await run(box, "inspect")
    assert _status(pod, pod.bearer()) == 404
    refused = {
        "none": None,
        "no token at all": "abc",
        "expired": pod.tokens.sign(pod=AUDIENCE, user_id=OWNER, lifetime_s=-60),
        "another pod's": pod.tokens.sign(pod="pod-other", user_id=OWNER),
        "another backend's": PodTokens().sign(pod=AUDIENCE, user_id=OWNER),
    }
    assert {name: _status(pod, token) for name, token in refused.items()} == dict.fromkeys(refused, 401)
    assert {_status(pod, None, path) for path in ("/mcp", "/files/snapshots/" + "0" * 64)} == {401}


async def test_another_user_is_refused_once_the_pod_has_an_owner(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        await run(box, "inspect")
    assert _status(pod, pod.tokens.sign(pod=AUDIENCE, user_id="user-2")) == 403


def test_health_needs_no_token_and_tells_the_blender_that_runs(pod: RunningPod) -> None:
    assert httpx2.get(f"{pod.base_url}/healthz").json() == {"status": "ok"}
    assert httpx2.get(f"{pod.base_url}/readyz").json()["blender"].startswith("4.5")
