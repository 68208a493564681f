"""Conversations as the agent's jobs have them, for tests of what is sent."""

import base64
import functools
import io
from typing import Any

from PIL import Image

from cloud.agent.contract import Block
from cloud.agent.turns import Turn


@functools.cache
def picture(number: int, size_px: int = 512) -> str:
    """The base64 of a PNG that no other number has."""
    buffer = io.BytesIO()
    Image.new("RGB", (size_px, size_px), (number % 256, number // 256, 90)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def image(number: int, size_px: int = 512) -> Block:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture(number, size_px)}}


def code(number: int, lines: int = 40) -> str:
    """A script as models write them."""
    return "\n".join(f"part_{number}_{line} = add_box('Part {number}', size=({line} * 0.01,))" for line in range(lines))


def text(said: str) -> Block:
    return {"type": "text", "text": said}


def call(call_id: str, name: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(call_id: str, *content: Block, is_error: bool = False) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": call_id, "content": list(content)}
    return {**block, "is_error": True} if is_error else block


def step(number: int, *, lines: int = 40, apart: bool = False, words: int = 20, thinks: bool = False) -> list[Turn]:
    """A step that builds and looks: in one turn of the model, or `apart` in two."""
    runs, looks = f"run_{number}", f"look_{number}"
    said = [text("I build the next part. " + "It stands on the floor. " * (words // 5))]
    if thinks:
        said.insert(0, {"type": "thinking", "thinking": f"Step {number} wants care.", "signature": f"signed {number}"})
    builds = call(runs, "run_python", title=f"Part {number}", code=code(number, lines))
    built = result(
        runs, text(f"OK: added Part {number}. Scene: {number} objects, {number * 120} triangles.\nprinted\n")
    )
    look = call(looks, "look", views=["front"])
    seen = result(looks, text("front, 512 px"), image(number))
    if apart:
        return [
            Turn("assistant", [*said, builds], "tool_use"),
            Turn("user", [built]),
            Turn("assistant", [look], "tool_use"),
            Turn("user", [seen]),
        ]
    return [Turn("assistant", [*said, builds, look], "tool_use"), Turn("user", [built, seen])]


def job(steps: int, **options: Any) -> list[Turn]:
    """A job of so many steps, as it stands before its last call."""
    turns = [Turn("user", [text("<scene>empty</scene>"), text("a castle with a moat")])]
    for number in range(1, steps + 1):
        turns += step(number, **options)
    return turns
