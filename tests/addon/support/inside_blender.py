"""Runs inside a Blender, with a window or as a module (bpy): takes orders as files of code, answers with files of JSON.

Imports nothing of this project, for Blender may not see it. The environment names the folder of orders and answers.
A Blender without a window has no event loop, so here one lives that calls the installed add-on's pump as timers would.
"""

import json
import os
import sys
import textwrap
import time
import traceback
from pathlib import Path
from typing import Any

import bpy

FOLDER = Path(os.environ["P2M_TEST_FOLDER"])
ORDERS, ANSWERS = FOLDER / "orders", FOLDER / "answers"
ADD_ON = "bl_ext.user_default.prompt2mesh"
EACH_S = 0.05
shared: dict[str, Any] = {}


def view_3d() -> tuple[Any, Any]:
    """The first 3D view's window and area."""
    manager: Any = bpy.context.window_manager
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                return window, area
    raise LookupError("no window shows a 3D view")


def show_sidebar() -> None:
    """Open the 3D view's sidebar; its tabs can be chosen after the next redraw."""
    _, area = view_3d()
    area.spaces.active.show_region_ui = True


def choose_tab(tab: str) -> None:
    """Bring a tab of the sidebar to the front."""
    _, area = view_3d()
    region = next(region for region in area.regions if region.type == "UI")
    region.active_panel_category = tab
    area.tag_redraw()


def add_on(module: str) -> Any:
    """A module of the installed add-on, such as "panel.session"."""
    return sys.modules[f"{ADD_ON}.{module}"]


_NAMES = {
    "bpy": bpy,
    "shared": shared,
    "view_3d": view_3d,
    "show_sidebar": show_sidebar,
    "choose_tab": choose_tab,
    "add_on": add_on,
}


def _answer(order: Path) -> None:
    code = "def body():\n" + textwrap.indent(order.read_text() or "pass", "    ")
    names = dict(_NAMES)
    try:
        exec(compile(code, order.name, "exec"), names)  # noqa: S102
        body: Any = names["body"]
        text = json.dumps({"value": body()})
    except Exception:  # noqa: BLE001 - whatever it is, the test is told
        text = json.dumps({"error": traceback.format_exc()})
    part = ANSWERS / f"{order.stem}.tmp"
    part.write_text(text)
    order.unlink()
    part.rename(ANSWERS / f"{order.stem}.json")


def take_orders() -> float:
    """One order, if there is one. Returns: seconds until the next look."""
    orders = sorted(ORDERS.glob("*.py"), key=lambda path: int(path.stem))
    if orders:
        _answer(orders[0])
    return EACH_S


def live_without_a_window() -> None:
    """Blender's life as far as the add-on can tell: its timer is called when it asked to be."""
    due_s = 0.0
    while True:
        take_orders()
        pump = sys.modules.get(f"{ADD_ON}.panel.pump")
        if pump is not None and time.monotonic() >= due_s:
            due_s = time.monotonic() + (pump.pump_once() or EACH_S)
        time.sleep(0.01)


_preferences: Any = bpy.context.preferences
_preferences.view.show_splash = False
if bpy.app.background:
    _preferences.system.use_online_access = os.environ["P2M_TEST_ONLINE"] == "1"
    live_without_a_window()
else:
    bpy.app.timers.register(take_orders, first_interval=0.5, persistent=True)
