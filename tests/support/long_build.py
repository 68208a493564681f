"""A long build by script: a model that makes and looks, step after step, and the toolbox that answers it."""

import base64
import io
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from cloud.agent.contract import ToolParam, ToolResult
from tests.support.messages_api.replies import Block, Reply

TOOLS: list[ToolParam] = [
    {
        "name": "run_python",
        "description": "Run code in Blender.",
        "input_schema": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "title": {"type": "string"}},
            "required": ["code", "title"],
        },
    },
    {
        "name": "look",
        "description": "A picture of the scene.",
        "input_schema": {"type": "object", "properties": {"view": {"type": "string"}}},
    },
]
_SHAPES = ("seat", "leg", "back rest", "arm", "rail", "cushion", "shelf", "door", "handle", "foot")
_VIEWS = ("front", "right", "top", "three_quarter")


@dataclass(frozen=True)
class LongBuild:
    """Answers any request of the build with its next turn: `run_python` and `look`, after `steps` of them `finish`.

    It reads from the request how far the build is, so a request that is sent again gets the same answer, and one of
    which the old turns were left out the right one. `lines`: the code of a step, least and most.
    """

    steps: int = 40
    lines: tuple[int, int] = (3, 3)
    thinks: bool = True

    def __call__(self, body: dict[str, Any]) -> Reply:
        """The next turn."""
        step = _last_step(body["messages"]) + 1
        if step > self.steps:
            arguments = {"summary": "A chair.", "built": True, "not_built": []}
            return Reply([{"type": "tool_use", "id": "finish_1", "name": "finish", "input": arguments}])
        shape = _SHAPES[step % len(_SHAPES)]
        thinking = f"Next comes the {shape} {step}; its size follows from the seat, and it must touch the frame."
        content: list[Block] = [{"type": "thinking", "thinking": thinking}] if self.thinks else []
        code = {"code": code_of(step, self.lines), "title": f"Make the {shape}"}
        content += [
            {"type": "text", "text": f"I make the {shape} of part {step}, then look at it."},
            {"type": "tool_use", "id": f"make_{step}", "name": "run_python", "input": code},
            {"type": "tool_use", "id": f"look_{step}", "name": "look", "input": {"view": _VIEWS[step % 4]}},
        ]
        return Reply(content)


def _last_step(messages: list[dict[str, Any]]) -> int:
    """The number of the latest step that was answered; 0 for none."""
    for message in reversed(messages):
        blocks = message["content"] if isinstance(message["content"], list) else []
        ids = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        numbers = [int(call_id.removeprefix("look_")) for call_id in ids if call_id.startswith("look_")]
        if numbers:
            return max(numbers)
    return 0


def code_of(step: int, lines: tuple[int, int] = (25, 60)) -> str:
    """The code of one step, as a model would write it: parameters at the top, then objects, modifiers, materials."""
    shape = _SHAPES[step % len(_SHAPES)].replace(" ", "_")
    wanted = lines[0] + step * 7 % (lines[1] - lines[0] + 1)
    return "\n".join(itertools.islice(_lines(step, shape), wanted))


def _lines(step: int, shape: str) -> Iterator[str]:
    yield f"# {shape} {step}: its measures, in metres"
    for number, name in enumerate(("WIDTH", "DEPTH", "HEIGHT", "BEVEL"), 1):
        yield f"{shape.upper()}_{name} = {0.01 * (step + number):.3f}"
    yield 'collection = bpy.data.collections.get("Furniture") or bpy.data.collections.new("Furniture")'
    for part in itertools.count(1):
        name = f"{shape}_{step}_{part}"
        yield f'mesh = bpy.data.meshes.new("{name}")'
        yield f'{name} = bpy.data.objects.new("{name}", mesh)'
        yield f"collection.objects.link({name})"
        yield "builder = bmesh.new()"
        yield f"bmesh.ops.create_cube(builder, size={shape.upper()}_WIDTH)"
        yield f"bmesh.ops.translate(builder, verts=builder.verts, vec=(0.0, {0.05 * part:.2f}, {shape.upper()}_HEIGHT))"
        yield "builder.to_mesh(mesh)"
        yield "builder.free()"
        yield f'bevel = {name}.modifiers.new("Bevel", "BEVEL")'
        yield f"bevel.width, bevel.segments = {shape.upper()}_BEVEL, 3"
        yield f"{name}.location.x = {0.1 * part:.2f} * {shape.upper()}_DEPTH"


@dataclass
class PictureToolbox:
    """Answers `run_python` with what it changed and `look` with a picture, each one different.

    `side_px`: the pictures' side. `told`: how many lines `run_python` says.
    """

    side_px: int = 24
    told: int = 1
    ran: list[str] = field(default_factory=list)
    looked: int = 0

    async def tools(self) -> list[ToolParam]:
        """The two tools."""
        return TOOLS

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one of them."""
        if name == "look":
            self.looked += 1
            said = f"View {arguments.get('view', 'front')}, 50 mm, 3 objects in it, 1.20 x 0.80 x 0.90 m."
            source = {"type": "base64", "media_type": "image/png", "data": picture(self.looked, self.side_px)}
            return ToolResult([{"type": "text", "text": said}, {"type": "image", "source": source}])
        code = arguments.get("code")
        if not isinstance(code, str):
            return ToolResult([{"type": "text", "text": "run_python needs code (string)."}], is_error=True)
        self.ran.append(code)
        lines = [f"created part_{len(self.ran)}_{n} (mesh, 8 vertices, 0.40 x 0.40 x 0.02 m)" for n in range(self.told)]
        return ToolResult([{"type": "text", "text": "\n".join(lines)}])


def picture(number: int, side_px: int) -> str:
    """A PNG in base64: grainy, as a render is, with a few boxes on it; another for each number, always the same."""
    grain = random.Random(number).randbytes(side_px * side_px)
    image = Image.linear_gradient("L").resize((side_px, side_px))
    image = Image.blend(image, Image.frombytes("L", image.size, grain), 0.1).convert("RGB")
    draw = ImageDraw.Draw(image)
    for box in range(1 + number % 7):
        left, top = (37 * number + 53 * box) % side_px, (61 * number + 29 * box) % side_px
        draw.rectangle(
            (left, top, left + side_px // 5, top + side_px // 4), fill=(40 * box % 256, 90, 30 * number % 256)
        )
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
