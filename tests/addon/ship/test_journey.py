"""The built zip in the bpy wheels 4.2, 4.5 and 5.0, against a real stack: what a user does, and what goes wrong."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.support.blender import Blender, blender_module
from tests.addon.support.bpy_wheels import VERSIONS
from tests.addon.support.journey import BUILD_S, MODULE, User
from tests.addon.support.stack import RunningStack, running_stack
from tests.addon.support.wires import Wire, wire
from tests.support.stack_processes import wait_for
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


def objects(blender: Blender) -> list[str]:
    names: list[str] = blender.run("return sorted(each.name for each in bpy.context.scene.objects)")
    return names


def things(blender: Blender) -> dict[str, list[str]]:
    """Names of what the scene shows, and of the file's materials."""
    found: dict[str, list[str]] = blender.run(
        "scene = bpy.context.scene\n"
        "named = lambda those: sorted(each.name for each in those)\n"
        "return {'objects': named(scene.objects), 'materials': named(bpy.data.materials),\n"
        "        'collections': named(scene.collection.children_recursive)}"
    )
    return found


@pytest.fixture(scope="module")
def project(user: User) -> str:
    """A project of the user's with a scene; the tests that build it come first."""
    found = user.look()["job"]
    assert found, "the first test of this file builds it"
    return str(found["project_id"])


def test_prompt_is_built_with_live_pictures_and_comes_into_the_scene_in_one_undo_step(user: User) -> None:
    blender = user.blender
    blender.run("bpy.ops.ed.undo_push(message='before')")
    before = objects(blender)
    assert before == ["Camera", "Cube", "Light"]
    begun = user.build()
    assert begun["job"]["state"] in ("queued", "running")
    blender.wait("str(add_on('panel.session').current().state.job_picture or '')", BUILD_S)
    done = user.wait_for_the_end()
    assert Path(done["picture"]).is_relative_to(blender.folder / "user")
    user.wait_for_the_scene()
    after = objects(blender)
    assert set(before) < set(after)
    blender.run("bpy.ops.ed.undo()")
    assert objects(blender) == before
    blender.run("bpy.ops.ed.redo()")
    assert objects(blender) == after
    blender.run("bpy.ops.ed.undo()")


@pytest.mark.parametrize("how", ["APPEND", "LINK"])
def test_scene_comes_in_as_chosen_and_leaves_by_one_undo(user: User, project: str, how: str) -> None:
    blender = user.blender
    blender.run("bpy.ops.wm.read_homefile()")
    blender.run("bpy.ops.ed.undo_push(message='begin')")
    before = things(blender)
    user.bring(project, how=how, where="NEW_COLLECTION", place="ORIGIN")
    first = things(blender)
    assert len(first["objects"]) > len(before["objects"])
    assert blender.run("return any(each.library for each in bpy.data.objects)") is (how == "LINK")
    user.bring(project, how=how, where="REPLACE", place="ORIGIN")
    replaced = things(blender)
    assert (replaced["objects"], replaced["materials"]) == (first["objects"], first["materials"])
    blender.run("bpy.context.scene.cursor.location = (5, 0, 0)")
    blender.run("bpy.ops.ed.undo_push(message='cursor')")
    seen = user.bring(project, how=how, where="NEW_COLLECTION", place="CURSOR")
    assert (seen["refused"], seen["trouble"]) == ("", None)
    twice = things(blender)
    assert len(twice["objects"]) > len(first["objects"])
    assert twice["materials"] == first["materials"], "materials are not doubled"
    blender.run("bpy.ops.ed.undo()")
    assert things(blender) == replaced
    for _ in range(3):  # the cursor, the replacement, the first import
        blender.run("bpy.ops.ed.undo()")
    after = things(blender)  # Blender keeps linked materials through an undo, without a user
    assert (after["objects"], after["collections"]) == (before["objects"], before["collections"])


def test_cancel_ends_the_job_and_the_scene_stays_as_it_is(user: User) -> None:
    before = objects(user.blender)
    user.build("a round table with two mugs on it")
    user.press("cancel_job")
    user.wait_for_the_end("cancelled")
    assert objects(user.blender) == before


def test_server_that_goes_in_the_middle_and_comes_back_is_followed_to_the_end(user: User, line: Wire) -> None:
    user.build(imports_when_done=False)
    line.cut()
    try:
        user.blender.wait("add_on('panel.session').current().state.job.link == 'lost'", 60)
    finally:
        line.mend()
    user.wait_for_the_end()
    assert user.look()["connection"] == "signed_in"


def test_file_opened_in_the_middle_gets_nothing_of_the_last_one(user: User, project: str) -> None:
    blender = user.blender
    user.build(imports_when_done=True)
    blender.run("bpy.ops.wm.read_homefile(use_factory_startup=False)")
    user.wait_for_the_end()
    user.wait_for_the_scene()
    assert objects(blender) == ["Camera", "Cube", "Light"]
    user.bring(project, how="APPEND", where="NEW_COLLECTION", place="ORIGIN")
    assert len(objects(blender)) > 3


def test_file_saved_while_signed_in_holds_no_token_and_no_address(user: User, person: ApiClient) -> None:
    blender, file = user.blender, user.blender.folder / "saved.blend"
    (kept,) = (blender.folder / "user").rglob("credentials.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (token,) = re.findall(r"p2m_\w+", kept.read_text())
    blender.run(f"bpy.ops.wm.save_as_mainfile(filepath={str(file)!r}, compress=False)")
    content = file.read_bytes()
    username = person.me()["username"]
    for secret in (token, user.server, user.server.rpartition(":")[2], username):
        assert secret.encode() not in content, secret


def test_add_on_disabled_in_the_middle_leaves_no_thread_and_offers_the_job_when_it_is_back(user: User) -> None:
    blender = user.blender
    job = user.build(imports_when_done=False)["job"]["id"]
    seconds = blender.run(
        "import time, threading\n"
        "began = time.monotonic()\n"
        f"bpy.ops.preferences.addon_disable(module={MODULE!r})\n"
        "assert not [each.name for each in threading.enumerate() if each.name.startswith('p2m')]\n"
        "assert not [name for name in dir(bpy.types) if name.startswith('P2M_')]\n"
        "assert not [name for name in dir(bpy.types.WindowManager) if name.startswith('p2m')]\n"
        "return time.monotonic() - began"
    )
    assert seconds < 5, "a second for the threads, on a busy machine"
    for _ in range(2):
        blender.run(f"bpy.ops.preferences.addon_enable(module={MODULE!r})")
        user.prefer(server=user.server)
        user.wait_for(connection="signed_in")
        blender.run(f"bpy.ops.preferences.addon_disable(module={MODULE!r})")
    blender.run(f"bpy.ops.preferences.addon_enable(module={MODULE!r})")
    user.prefer(server=user.server)
    user.wait_for(connection="signed_in")
    seen = user.look()
    if job in seen["jobs_found"]:  # it may have ended meanwhile
        user.watch(job)
        user.wait_for_the_end()


def test_sign_out_forgets_the_token_on_both_sides(user: User, person: ApiClient) -> None:
    def programs() -> int:
        return sum(each["client"] == "add-on" for each in person.sessions())

    assert programs() == 1
    user.press("sign_out")
    user.wait_for(connection="signed_out", username=None)
    assert not [each for each in (user.blender.folder / "user").rglob("credentials.json") if "p2m_" in each.read_text()]
    wait_for(lambda: programs() == 0, 20, "the token's end on the server")
