"""The 3D viewer in a page. Its script is built from ui/viewer/src; without it the picture is shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from ui.server.assets import asset_path

_SCRIPT = Path(__file__).parent / "viewer" / "component.js"
_place = component("p2m_viewer", js=_SCRIPT.read_text())

Extent = Sequence[Sequence[float]]
"""Lowest and highest corner, in metres as Blender has them."""


def draw_viewer(
    model_url: str | None,
    picture_url: str | None,
    key: str,
    *,
    title: str = "the scene",
    height: int = 520,
    extent: Extent | None = None,
    live: str | None = None,
) -> None:
    """Show a scene that can be turned. A rerun with another `model_url` swaps the model; the camera stays.

    `model_url` (a .glb) and `picture_url` are addresses of this site, `p2m/…`; None: not there yet. `key` stands for
    the place: in a browser tab its camera and its shading outlive the component, so give each project its own.
    `height` is in CSS pixels; low screens get less. `live`: the id of a project whose running job, painted elsewhere
    in the page, brings newer models here by itself.
    """
    data = {"model": model_url, "picture": picture_url, "title": title, "extent": extent, "key": key, "live": live}
    pictures = [{"address": picture_url, "label": title}] if picture_url else []
    mount_script("mount", key, height, pictures, data)


def mount_script(
    function: str, key: str, height: int, pictures: Sequence[Mapping[str, str]], data: Mapping[str, Any]
) -> None:
    """Call a function that the viewer's script exports, with this place in the page; without the script, `pictures`."""
    given = {**data, "mount": function, "script": asset_path("viewer.js"), "pictures": pictures, "height": height}
    _place(key=key, data=given)
