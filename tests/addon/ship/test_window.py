"""The built zip in a real Blender with a window, against a real stack: its own timers, its own redraws, its own end."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.support.journey import User
from tests.addon.support.stack import RunningStack, running_stack
from tests.addon.support.window import blender_box, blender_in
from tests.addon.support.window_root import SUITES

pytestmark = [pytest.mark.heavy, pytest.mark.blender]
EXIT_S = 15.0  # Blender itself takes most of it, on a busy machine

_QUIT = """
import bpy.app
def leave():
    with bpy.context.temp_override(window=view_3d()[0]):
        bpy.ops.wm.quit_blender()
bpy.app.timers.register(leave, first_interval=0.3)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.mark.parametrize("version", sorted(SUITES))
def test_user_builds_quits_in_the_middle_and_finds_the_job_at_the_next_start(
    version: str, stack: RunningStack, tmp_path: Path
) -> None:
    person = stack.new_user()
    with blender_box(version, tmp_path / "box") as box:
        with blender_in(box) as window:
            user = User(window, stack.url)
            user.install()
            window.show_sidebar("Prompt2Mesh")
            user.sign_in(person)
            user.build()
            user.wait_for_the_end()
            user.wait_for_the_scene()
            names = window.run("return sorted(each.name for each in bpy.context.scene.objects)")
            assert len(names) > 3
            window.picture(tmp_path / "done.png")
            window.run("bpy.ops.wm.save_userpref()")
            job = user.build("a round table with two mugs on it", imports_when_done=False)["job"]["id"]
            window.run(_QUIT)
            began = time.monotonic()
            window.process.wait(60)
            assert time.monotonic() - began < EXIT_S
        with blender_in(box) as window:
            user = User(window, stack.url)
            user.wait_for(connection="signed_in", username=person.me()["username"])
            if person.get_job(job)["state"] in ("queued", "running"):
                user.watch(job)
                user.wait_for_the_end()
