"""The file formats that can be written."""

from enum import StrEnum


class Format(StrEnum):
    """The file formats that can be written."""

    BLEND = "blend"
    GLB = "glb"
    FBX = "fbx"
    OBJ = "obj"
    STL = "stl"
    USDC = "usdc"
    PLY = "ply"
    TURNTABLE_GIF = "turntable.gif"
    TURNTABLE_MP4 = "turntable.mp4"
