"""The built zip in a Blender without a window: it installs, signs in, leaves nothing behind, and comes back."""

from pathlib import Path

import pytest

from tests.addon.core.hostile import hostile_server, usual
from tests.addon.support.blender import blender_module
from tests.addon.support.journey import MODULE, User

LEFT = """
import sys, threading
return [
    *(each.name for each in threading.enumerate() if each.name.startswith("p2m")),
    *(name for name in dir(bpy.types) if name.startswith("P2M_")),
    *(name for name in dir(bpy.types.WindowManager) if name.startswith("p2m")),
    *(str(each) for place in (bpy.app.handlers.load_pre, bpy.app.handlers.load_post, bpy.app.handlers.undo_pre,
      bpy.app.handlers.redo_pre) for each in place if "prompt2mesh" in getattr(each, "__module__", "")),
]
"""


@pytest.mark.blender
def test_zip_installs_signs_in_leaves_nothing_and_is_signed_in_when_it_is_back(tmp_path: Path) -> None:
    with hostile_server(usual()) as server, blender_module("4.5", tmp_path) as blender:
        user = User(blender, server.url)
        user.install()
        user.sign_in_with_token()
        blender.run(f"bpy.ops.preferences.addon_disable(module={MODULE!r})")
        assert blender.run(LEFT) == []
        blender.run(f"bpy.ops.preferences.addon_enable(module={MODULE!r})")
        user.prefer(server=server.url)
        user.wait_for(connection="signed_in", username="Ada")
        written = {path.relative_to(tmp_path).parts[:3] for path in tmp_path.rglob("*") if path.is_file()}
        assert {parts[0] for parts in written} <= {"orders", "answers", "user", "blender.log", "prompt2mesh-0.1.0.zip"}
