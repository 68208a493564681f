"""The main-thread time that the add-on takes in a real window while a job streams, and whether redraws slow down.

Usage: addon_ticks.py [--blender 4.3|5.2] [--seconds 60] [--json]

The built zip is installed in a Blender of a Debian root (see tests/addon/support/window_root.py: made once, as root),
signed in at a stand-in of the API that streams one job as heavily as none does: hundreds of text deltas a second, a
step each 200 ms with 4 KB of code, a new picture each 250 ms. See scripts/bench/README.md.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.addon.support.journey import MODULE, User
from tests.addon.support.window import BlenderWindow, blender_window
from tests.addon.support.window_root import SUITES
from tests.ui.fake_api import FakeApi, fake_api, picture_png

TAB, OTHER_TAB = "Prompt2Mesh", "View"
DELTAS_A_SECOND, STEP_EACH_S, PICTURE_EACH_S = 400, 0.2, 0.25
REDRAWN_S = 5.0
ROUNDS = 2
_TOKEN = "p2m_pat_" + "x" * 40
_CODE = "import bpy\n" + "bpy.ops.mesh.primitive_cube_add(size=0.5, location=(0, 0, 1))\n" * 64

# A tick is one call of the pump, and what our panels drew since the one before.
_WATCH = f"""
import time
ticks, cpu, drawn = [], [], [0.0, 0.0]
shared["ticks"], shared["cpu"] = ticks, cpu

def timed(work, done):
    def measured(*arguments):
        began, cpu_began = time.perf_counter(), time.thread_time()
        try:
            return work(*arguments)
        finally:
            done(time.perf_counter() - began, time.thread_time() - cpu_began)
    return measured

def drawing(work):
    def draw(self, context):  # Blender counts the arguments of what it registers
        return work(self, context)
    return draw

def ticked(seconds, cpu_seconds):
    ticks.append(seconds + drawn[0])
    cpu.append(cpu_seconds + drawn[1])
    drawn[:] = [0.0, 0.0]

def drew(seconds, cpu_seconds):
    drawn[0] += seconds
    drawn[1] += cpu_seconds

def classes(root):
    for each in root.__subclasses__():
        yield each
        yield from classes(each)

pump = add_on("panel.pump")
pump.Pump.once = timed(pump.Pump.once, ticked)
pump.begin()
watched = 0
for each in set(classes(bpy.types.Panel)):
    if each.__module__.startswith("{MODULE}."):
        for name in ("draw", "draw_header"):
            if name in vars(each):
                setattr(each, name, drawing(timed(getattr(each, name), drew)))
                watched += 1
return watched
"""

_COUNT_FRAMES = """
import time
frames = shared["frames"] = []
if "counter" not in shared:
    shared["counter"] = bpy.types.SpaceView3D.draw_handler_add(
        lambda: shared["frames"].append(time.perf_counter()), (), "WINDOW", "POST_PIXEL")
window, area = view_3d()
with bpy.context.temp_override(window=window, area=area):
    if not window.screen.is_animation_playing:
        bpy.ops.screen.animation_play()
"""
_STOP_COUNTING = """
window, area = view_3d()
with bpy.context.temp_override(window=window, area=area):
    bpy.ops.screen.animation_cancel(restore_frame=False)
return shared["frames"]
"""


@contextmanager
def streaming(api: FakeApi, job: dict[str, Any]) -> Iterator[dict[str, int]]:
    """The job's events are played while the block runs. Yields how many there are, counted on."""
    played = {"deltas": 0, "steps": 0, "pictures": 0}
    ended = threading.Event()
    pictures = [picture_png(f"#{shade:02x}6040", 512) for shade in range(32, 232, 8)]

    def play() -> None:
        began = time.monotonic()
        while not ended.wait(0.01):
            seconds = time.monotonic() - began
            while played["deltas"] < seconds * DELTAS_A_SECOND:
                api.play(job, "text.delta", kind="text", text=f"piece {played['deltas']} of what is being said, ")
                played["deltas"] += 1
            while played["steps"] < seconds / STEP_EACH_S:
                step = played["steps"] = played["steps"] + 1
                facts = {"step": step, "tool": "run_python", "title": f"Step {step} of a very long build"}
                api.play(job, "step.started", **facts, code=_CODE)
                api.play(job, "step.finished", **facts, ok=True, seconds=0.2, changed="64 objects added", error=None)
            while played["pictures"] < seconds / PICTURE_EACH_S:
                number = played["pictures"] = played["pictures"] + 1
                content = pictures[number % len(pictures)]
                artifact = api.add_artifact(job, "picture", f"{number}.png", content, "image/png")
                api.play(job, "picture", artifact_id=artifact, name="thumbnail", kind="thumbnail", step=number)

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        ended.set()
        thread.join()


def measure(version: str, seconds: float, folder: Path) -> dict[str, Any]:
    """All that the report says."""
    with fake_api() as api, blender_window(version, folder) as window:
        api.add_user("ada")
        api.tokens[_TOKEN] = "ada"
        project = _a_rich_past(api)
        user = User(window, api.url)
        window.show_sidebar(OTHER_TAB)
        frames_a_second(window)  # the first frames compile shaders
        user.install()
        if not window.run(_WATCH):
            raise AssertionError("no panel of the add-on was found to be measured")
        user.sign_in_with_token(_TOKEN)
        job = api.add_job(project["id"], "a city with everything in it")
        api.play_beginning(job)
        user.watch(job["id"])
        with streaming(api, job) as played:
            window.show_sidebar(TAB)
            time.sleep(2)
            window.run("shared['ticks'].clear(); shared['cpu'].clear()")
            time.sleep(seconds)
            ticks, cpu = window.run("return [shared['ticks'], shared['cpu']]")
            state = user.look()
            window.picture(folder / "streaming.png")
        assert state["picture"], "the panel showed no picture of the job"
        print(f"addon_ticks: {len(ticks)} ticks, now redraws", file=sys.stderr)
        redrawn = _redraw_rates(window, user, api, job)
    return _times(ticks, "tick_ms") | _times(cpu, "tick_cpu_ms") | redrawn | {"played": played, "blender": version}


def _a_rich_past(api: FakeApi) -> dict[str, Any]:
    """A user with pages of projects."""
    for number in range(30):
        api.finish(api.add_project(f"Project {number}"), f"prompt {number}")
    project = api.add_project("City")
    api.finish(project, "a house")
    return project


def _redraw_rates(window: BlenderWindow, user: User, api: FakeApi, job: dict[str, Any]) -> dict[str, Any]:
    """Frames a second of a playing animation, with the panel shown and a job streaming, and with the add-on disabled.

    In turns, for the machine's speed drifts.
    """
    with_it, without = [], []
    for _ in range(ROUNDS):
        with streaming(api, job):
            user.watch(job["id"])
            window.show_sidebar(TAB)
            with_it.append(frames_a_second(window))
        window.run(f"bpy.ops.preferences.addon_disable(module={MODULE!r})")
        window.show_sidebar(OTHER_TAB)
        without.append(frames_a_second(window))
        window.run(f"bpy.ops.preferences.addon_enable(module={MODULE!r})")
        user.prefer(server=api.url)  # Blender forgets an add-on's preferences with it
        user.wait_for(connection="signed_in")
    rates = statistics.median(with_it), statistics.median(without)
    return {"redraws_with": rates[0], "redraws_without": rates[1], "redraw_ratio": rates[0] / rates[1]}


def frames_a_second(window: BlenderWindow) -> float:
    """How often the 3D view is drawn while an animation plays as fast as it can."""
    window.run("bpy.context.scene.render.fps = 120\nbpy.context.scene.sync_mode = 'NONE'")
    window.run(_COUNT_FRAMES)
    time.sleep(REDRAWN_S)
    times = window.run(_STOP_COUNTING)
    return (len(times) - 1) / (times[-1] - times[0])


def _times(seconds: list[float], name: str) -> dict[str, float]:
    ms = sorted(1000 * each for each in seconds)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{name}_{label}": ms[min(int(share * len(ms)), len(ms) - 1)] for label, share in shares.items()} | {
        "ticks": len(ms)
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="What the add-on takes of Blender's main thread.")
    parser.add_argument("--blender", choices=sorted(SUITES), default="4.3")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long a job streams [60]")
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="addon-ticks-") as folder:
        report = measure(given.blender, given.seconds, Path(folder))
    if given.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:18} {value:.3f}" if isinstance(value, float) else f"{name:18} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
