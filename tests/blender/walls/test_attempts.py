"""Ways out of a pod, tried as steps of a user in pods as they run in production: every one is refused.

Each target exists and would answer: the same attempts, made where no wall is, get through.
"""

import pytest

from cloud.agent.toolbox import McpToolbox
from tests.blender.walls.attempts import REFUSALS, Attempt, all_attempts, verdict_of
from tests.blender.walls.conftest import Town
from tests.blender.walls.outside import CANARY, PROOF

pytestmark = pytest.mark.blender

ATTEMPTS = all_attempts()
CONTROLLED = [attempt for attempt in ATTEMPTS if attempt.has_control]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
async def test_refused(town: Town, attempt: Attempt) -> None:
    if town.contained and attempt.only_in_bubblewrap:
        pytest.skip(attempt.only_in_bubblewrap)
    async with McpToolbox(town.pod.base_url, town.pod.bearer) as box:
        verdict = await verdict_of(box, attempt, town.world.facts)
    assert "through" not in verdict
    accepted = REFUSALS | ({"step_lost"} if attempt.may_end_blender else set())
    assert accepted & set(verdict["kinds"]), f"the attempt itself is broken: {verdict['refused']}"
    assert not any(secret in verdict["refused"] for secret in (CANARY, PROOF))
    assert town.world.harm() == []


@pytest.mark.heavy  # as root they write to this machine, and tidy up
@pytest.mark.parametrize("attempt", CONTROLLED, ids=str)
def test_gets_through_where_no_wall_is(controls: dict[str, dict[str, str]], attempt: Attempt) -> None:
    came_of_it = controls.get(str(attempt), {"refused": "it was not made"})
    assert "through" in came_of_it, came_of_it
