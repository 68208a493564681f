# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Pictures of one size as a film that loops: a GIF, or an MP4 (H.264, yuv420p) that plays while it is still loading."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import bpy
from PIL import Image

from cloud.blender.child.sheet import Picture
from cloud.errors import InvalidInput

_SAMPLES = 8  # of the pictures: their colours are the film's
_COLOURS = 255
_KEY_FRAME_EVERY = 12
_OFFSETS = {b"stco": 4, b"co64": 8}  # the boxes that say where in the file pieces lie, and the bytes of a number
_WITHIN = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})


def write_film(pictures: Sequence[Picture], path: Path, frame_ms: int) -> None:
    """Write the film in the format of the path's suffix.

    Raises: RuntimeError: Blender could not. InvalidInput: the file is none that plays.
    """
    if path.suffix == ".gif":
        _write_gif(pictures, path, frame_ms)
    else:
        _write_mp4(pictures, path, frame_ms)


def _write_gif(pictures: Sequence[Picture], path: Path, frame_ms: int) -> None:
    """One palette for all, so that nothing flickers; the first picture's corner, the background, keeps its colour."""
    images = [Image.fromarray(picture) for picture in pictures]
    palette = _palette_of(images)
    drawn = [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=frame_ms, loop=0, optimize=False)


def _palette_of(images: Sequence[Image.Image]) -> Image.Image:
    some = images[:: max(1, len(images) // _SAMPLES)]
    width, height = some[0].size
    mosaic = Image.new("RGB", (width, height * len(some)))
    for number, image in enumerate(some):
        mosaic.paste(image, (0, number * height))
    found = mosaic.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    colours = (found.getpalette() or [])[: 3 * _COLOURS]
    corner = images[0].getpixel((0, 0))
    assert isinstance(corner, tuple)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*corner, *colours])
    return palette


def _write_mp4(pictures: Sequence[Picture], path: Path, frame_ms: int) -> None:
    """By Blender's own sequencer, in a scene that is gone afterwards."""
    scene = bpy.data.scenes.new("Film")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            names = [f"{number:04d}.png" for number in range(len(pictures))]
            for name, picture in zip(names, pictures, strict=True):
                Image.fromarray(picture).save(Path(folder) / name, compress_level=1)
            editor = scene.sequence_editor_create()
            strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # its name before Blender 4.4
            strip = strips.new_image("Film", str(Path(folder) / names[0]), channel=1, frame_start=1)
            for name in names[1:]:
                strip.elements.append(name)
            height, width = pictures[0].shape[:2]
            _settings(scene, (width, height), len(pictures), frame_ms)
            scene.render.filepath = str(path)
            bpy.ops.render.render(animation=True, scene=scene.name)
    finally:
        bpy.data.scenes.remove(scene)
    path.write_bytes(fast_start(path.read_bytes()))


def _settings(scene: bpy.types.Scene, size_px: tuple[int, int], frames: int, frame_ms: int) -> None:
    render, film = scene.render, scene.render.ffmpeg
    scene.frame_start, scene.frame_end = 1, frames
    render.resolution_x, render.resolution_y = size_px
    render.resolution_percentage = 100
    render.fps, render.fps_base = 1000, frame_ms
    render.use_sequencer, render.use_compositing = True, False
    render.use_file_extension = False
    if hasattr(render.image_settings, "media_type"):  # Blender 5
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.image_settings.color_mode = "RGB"
    film.format, film.codec, film.audio_codec = "MPEG4", "H264", "NONE"
    film.constant_rate_factor, film.ffmpeg_preset, film.gopsize = "HIGH", "GOOD", _KEY_FRAME_EVERY
    # The pictures are as they are to be seen.
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def fast_start(film: bytes) -> bytes:
    """The MP4 with its index before its pictures, where a browser looks first. Raises: InvalidInput: it is no MP4."""
    boxes = list(_boxes(film, 0, len(film)))
    kinds = [kind for kind, _, _ in boxes]
    if kinds[:1] != [b"ftyp"] or not {b"moov", b"mdat"} <= set(kinds):
        raise InvalidInput("The MP4 that Blender wrote is damaged; ask for turntable.gif instead.")
    if kinds.index(b"moov") < kinds.index(b"mdat"):
        return film
    _, begin, end = boxes[kinds.index(b"moov")]
    index = bytearray(film[begin:end])
    _move_offsets(index, 0, len(index), by=end - begin)
    _, _, head = boxes[0]
    return film[:head] + bytes(index) + film[head:begin] + film[end:]


def _boxes(content: bytes | bytearray, begin: int, end: int) -> list[tuple[bytes, int, int]]:
    """The boxes side by side: kind, where it begins and where it ends."""
    found = []
    while begin + 8 <= end:
        size = int.from_bytes(content[begin : begin + 4], "big")
        if size == 1:
            size = int.from_bytes(content[begin + 8 : begin + 16], "big")
        if size < 8 or begin + size > end:
            break
        found.append((bytes(content[begin + 4 : begin + 8]), begin, begin + size))
        begin += size
    return found


def _move_offsets(index: bytearray, begin: int, end: int, by: int) -> None:
    """What the index says lies so many bytes later."""
    for kind, start, stop in _boxes(index, begin, end):
        if kind in _WITHIN:
            _move_offsets(index, start + 8, stop, by)
        elif kind in _OFFSETS:
            width = _OFFSETS[kind]
            for place in range(start + 16, stop, width):
                moved = int.from_bytes(index[place : place + width], "big") + by
                index[place : place + width] = moved.to_bytes(width, "big")
