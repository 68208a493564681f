"""The built zip in the bpy wheels 4.2, 4.5 and 5.0, against a real stack: all that a user does, and all that goes wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.support.blender import Blender, blender_module
from tests.addon.support.bpy_wheels import VERSIONS
from tests.addon.support.journey import MODULE, User
from tests.addon.support.stack import RunningStack, running_stack
from tests.addon.support.wires import Wire, wire
from ui.api_client import ApiClient

pytestmark = [pytest.mark.heavy, pytest.mark.blender]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module", params=VERSIONS)
def blender(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blender]:
    with blender_module(request.param, tmp_path_factory.mktemp("blender")) as running:
        yield running


@pytest.fixture(scope="module")
def line(stack: RunningStack) -> Iterator[Wire]:
    """What lies between Blender and the server."""
    with wire(stack.port) as made:
        yield made


@pytest.fixture(scope="module")
def person(stack: RunningStack, blender: Blender) -> ApiClient:
    return stack.new_user()


@pytest.fixture(scope="module")
def user(blender: Blender, line: Wire, person: ApiClient) -> User:
    """Somebody who has installed the add-on and signed in."""
    made = User(blender, f"http://127.0.0.1:{line.port}")
    made.install()
    made.sign_in(person)
    return made


def test_prompt_is_built_with_live_pictures_and_comes_into_the_scene_in_one_undo_step(user: User) -> None:
    blender = user.blender
    blender.run("bpy.ops.ed.undo_push(message='before')")
    before = blender.run("return sorted(each.name for each in bpy.data.objects)")
    assert before == ["Camera", "Cube", "Light"]
    begun = user.build()
    assert begun["job"]["state"] in ("queued", "running")
    done = user.wait_for_the_end()
    assert done["picture"]
    assert Path(done["picture"]).is_relative_to(blender.folder / "user")
    user.wait_for_the_scene()
    after = blender.run("return sorted(each.name for each in bpy.data.objects)")
    assert len(after) > len(before)
    assert set(before) <= set(after)
    blender.run("bpy.ops.ed.undo()")
    assert blender.run("return sorted(each.name for each in bpy.data.objects)") == before
