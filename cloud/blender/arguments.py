"""What each tool takes: the schemas that a client is shown, and the one sentence that a wrong call gets."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from cloud.errors import InvalidInput

View = Literal["front", "back", "left", "right", "top", "bottom", "three_quarter", "camera", "around"]

_SHOWN_OF_A_VALUE = 60
_FAULTS_TOLD = 3


class Arguments(BaseModel):
    """A tool's arguments: nothing else is taken, and nothing is converted (the model would not learn of it)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class RunPython(Arguments):
    """`timeout_s` is for the supervisor, the rest for the child."""

    code: str
    title: str = ""
    timeout_s: Annotated[float, Field(ge=1, le=1800)] = 120
    keep_on_error: bool = False


class Look(Arguments):
    """`format` is the child's `picture_format`. No model is told of `frame` and `fallback`, which our own code uses."""

    views: Annotated[list[View], Field(min_length=1)] = ["three_quarter"]
    shading: Literal["solid", "material", "rendered"] = "solid"
    size: Annotated[int, Field(ge=64, le=2048)] = 512
    objects: list[str] = []
    show: Literal["all", "around", "isolate", "highlight"] = "all"
    sheet: bool = False
    format: Literal["png", "webp"] = "png"
    frame: SkipJsonSchema[
        Annotated[list[Annotated[list[float], Field(min_length=3, max_length=3)]], Field(max_length=2)]
    ] = []
    fallback: SkipJsonSchema[bool] = False


class Inspect(Arguments):
    """One page of the scene, or one object."""

    object: str = ""
    filter: str = ""
    page: Annotated[int, Field(ge=1)] = 1


class Check(Arguments):
    """No objects are all objects; no budget is none."""

    objects: list[str] = []
    triangle_budget: Annotated[int, Field(ge=0)] = 0


class Lookup(Arguments):
    """A name, or words."""

    query: str


class Snapshots(Arguments):
    """`other` is for `diff`, `label` for `label` and `branch`."""

    action: Literal["list", "restore", "branch", "label", "diff"]
    sha256: str = ""
    other: str = ""
    label: str = ""


_EXPORTED = ("blend", "glb", "fbx", "obj", "stl", "ply", "usdc")


class Export(Arguments):
    """No objects are all that is visible; no `up` is the format's own.

    No model is told of the turntables: they take several calls, which our own code makes until it has the file. Nor of
    `viewer`: a small .glb of all that is visible, for pages.
    """

    format: Annotated[
        Literal["blend", "glb", "fbx", "obj", "stl", "ply", "usdc", "turntable.gif", "turntable.mp4"],
        WithJsonSchema({"enum": [*_EXPORTED], "type": "string"}),
    ]
    name: str = "scene"
    objects: list[str] = []
    apply_modifiers: bool = True
    scale: Annotated[float, Field(gt=0)] = 1
    up: Literal["", "Y", "Z"] = ""
    viewer: SkipJsonSchema[bool] = False


class ImportFile(Arguments):
    """`file` was uploaded before."""

    file: str
    scale: Annotated[float, Field(gt=0)] = 1
    collection: str = ""


A = TypeVar("A", bound=Arguments)


def parse_arguments(tool: str, model: type[A], given: dict[str, Any]) -> A:
    """The arguments, complete and in their range. Raises: InvalidInput: names each argument that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [_fault(model, fault["type"], fault["loc"], fault["msg"], fault["input"]) for fault in error.errors()]
        more = f"; and {len(faults) - _FAULTS_TOLD} more" if len(faults) > _FAULTS_TOLD else ""
        raise InvalidInput(f"{tool} did not run: {'; '.join(faults[:_FAULTS_TOLD])}{more}.") from error


def input_schema(model: type[Arguments]) -> dict[str, Any]:
    """The JSON schema, without what pydantic adds for people."""
    return _plain(model.model_json_schema())


def _fault(model: type[Arguments], kind: str, location: tuple[int | str, ...], message: str, value: object) -> str:
    name = ".".join(str(part)[:_SHOWN_OF_A_VALUE] for part in location)
    if kind == "missing":
        return f"the argument {name!r} is missing"
    if kind == "extra_forbidden":
        return f"there is no argument {name!r} (there are: {', '.join(model.model_fields)})"
    if kind == "too_short":
        return f"the argument {name!r} is empty: give at least one, or leave the argument out"
    if kind == "finite_number":
        return f"the argument {name!r} should be a plain number, not {value!r}"
    shown = repr(value) if isinstance(value, (str, int, float, type(None))) else type(value).__name__
    shown = shown if len(shown) <= _SHOWN_OF_A_VALUE else shown[:_SHOWN_OF_A_VALUE] + "…"
    return f"the argument {name!r} {message.removeprefix('Input ')}, not {shown}"


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key not in {"title", "description", "properties"}}
    if not kept.get("default", True):  # that nothing is the default needs no words: it is not required
        del kept["default"]
    if "properties" in schema:
        kept["properties"] = {name: _plain(part) for name, part in schema["properties"].items()}
    return kept
