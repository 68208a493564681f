"""The file formats that a scene can be written in, and the films that can be made of it."""

from typing import Literal, get_args

TurntableFormat = Literal["turntable.gif", "turntable.mp4"]
"""A ride around the scene, that loops: called by the name of its file."""

ExportFormat = Literal["blend", "glb", "fbx", "obj", "stl", "usdc", "ply", TurntableFormat]

TURNTABLES: tuple[str, ...] = get_args(TurntableFormat)
FORMATS: tuple[str, ...] = get_args(ExportFormat)
