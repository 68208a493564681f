"""The file formats that a scene can be written in."""

from typing import Literal, get_args

ExportFormat = Literal["blend", "glb", "fbx", "obj", "stl", "usdc", "ply"]
FORMATS: tuple[str, ...] = get_args(ExportFormat)
