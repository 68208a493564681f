"""The panel in a real Blender window against a real stack: pressed, typed into, looked at."""

from pathlib import Path

import pytest
from PIL import Image, ImageStat

from tests.addon.support.archive import built_archive
from tests.addon.support.stack import RunningStack
from tests.addon.support.window import BlenderWindow, blender_box, blender_in, blender_window

pytestmark = pytest.mark.heavy

_SESSION = "add_on('panel.session').current()"
_OURS = "bpy.context.preferences.addons['bl_ext.user_default.prompt2mesh'].preferences"
# Where the buttons are in a window of 1280 × 1000 pixels that shows our tab and nothing else in it.
_SIGN_IN, _PROMPT, _BUILD, _VIEW = (910, 180), (830, 220), (870, 327), (400, 600)
_PICTURE = (790, 440, 1000, 640)
_LONG_S = 180


def _install(window: BlenderWindow, stack: RunningStack) -> None:
    window.install(built_archive())
    window.run(f"{_OURS}.server = {stack.url!r}")
    window.show_sidebar("Prompt2Mesh")


def _sign_in(window: BlenderWindow, stack: RunningStack) -> None:
    """By a click on the button; the person confirms the code elsewhere."""
    window.click(*_SIGN_IN)
    window.wait(f"{_SESSION}.state.code is not None")
    stack.new_user().approve_device(window.run(f"return {_SESSION}.state.code.user_code"))
    window.wait(f"{_SESSION}.state.signed_in")


def _build(window: BlenderWindow, prompt: str) -> None:
    """Typed into the field, and sent by the button."""
    window.click(*_PROMPT)
    window.type(prompt)
    window.key("Return")
    window.wait(f"{_SESSION}.form.prompt == {prompt!r}")
    window.click(*_BUILD)
    window.wait(f"{_SESSION}.state.job_runs")


def _is_drawn(picture: Path) -> bool:
    """Whether there is a picture where the job's belongs, and not the panel's grey."""
    with Image.open(picture) as image:
        return max(ImageStat.Stat(image.convert("RGB").crop(_PICTURE)).stddev) > 10


@pytest.mark.parametrize("version", ["4.3", "5.2"])
def test_what_is_typed_into_the_panel_appears_in_the_scene(version: str, stack: RunningStack, tmp_path: Path) -> None:
    with blender_window(version, tmp_path) as window:
        _install(window, stack)
        _sign_in(window, stack)
        _build(window, "a table with two mugs")
        window.wait(f"{_SESSION}.state.job_picture is not None", _LONG_S)
        picture = tmp_path / "building.png"
        window.wait(f"not {_SESSION}.state.job_runs or {_SESSION}.state.job.steps_done > 2", _LONG_S)
        assert _is_drawn(window.picture(picture))
        window.wait(f"{_SESSION}.told", _LONG_S)
        assert "Table" in window.run("return [each.name for each in bpy.data.objects]")
        window.click(*_VIEW)
        window.key("ctrl+z")
        window.key("ctrl+z")  # the first takes back that the click selected something
        window.wait("'Table' not in bpy.data.objects")
        assert window.run("return 'Cube' in bpy.data.objects")
        assert "Traceback" not in window.log()


def test_a_job_goes_on_when_blender_ends_and_is_offered_when_it_starts(stack: RunningStack, tmp_path: Path) -> None:
    with blender_box("4.3", tmp_path) as box:
        with blender_in(box) as window:
            _install(window, stack)
            _sign_in(window, stack)
            _build(window, "a castle, a tree and a bench")
            for prompt in ("a tree", "a bench"):  # they wait in the queue, so that one is left in any case
                window.run(f"{_SESSION}.form.prompt = {prompt!r}\nbpy.ops.p2m.build()")
                window.wait(f"{_SESSION}.state.job.prompt == {prompt!r}")
            window.run("bpy.ops.wm.save_userpref()")
            window.run("bpy.app.timers.register(lambda: bpy.ops.wm.quit_blender() and None, first_interval=0.2)")
            assert window.process.wait(20) == 0
        with blender_in(box) as window:
            window.wait(f"bool({_SESSION}.state.jobs_found)", _LONG_S)
            offered = window.run(f"return [job.id for job in {_SESSION}.state.jobs_found]")
            window.run(f"bpy.ops.p2m.watch_job(job_id={offered[0]!r})")
            window.wait(f"getattr({_SESSION}.state.job, 'state', '') == 'succeeded'", _LONG_S)
            assert len(window.run("return list(bpy.data.objects.keys())")) == 3, (
                "nobody asked this Blender to import it"
            )
