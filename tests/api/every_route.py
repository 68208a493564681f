"""The API's own document as a list of calls, for tests that send the same nonsense to every route."""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.api.access import Door
from cloud.api.app import create_app
from cloud.settings import Settings

JSON = "application/json"
_APP = create_app(Settings(database_url="postgresql://nowhere/none"))
_DOCUMENT = _APP.openapi()


@dataclass(frozen=True)
class Route:
    """One method at one address, and what the document says of it."""

    method: str
    path: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def ids(self) -> list[str]:
        """The names in the address."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query(self) -> list[str]:
        return [one["name"] for one in self.facts.get("parameters", []) if one["in"] == "query"]

    @property
    def headers(self) -> list[str]:
        """The names of the headers that it knows, in small letters."""
        return [one["name"].lower() for one in self.facts.get("parameters", []) if one["in"] == "header"]

    def parameter(self, name: str) -> dict[str, Any]:
        """What the document says of a parameter."""
        return next(one for one in self.facts["parameters"] if one["name"] == name)

    @property
    def takes(self) -> dict[str, Any]:
        """The media types of the body that it takes, each with its schema."""
        content = self.facts.get("requestBody", {}).get("content", {})
        return {media_type: one.get("schema", {}) for media_type, one in content.items()}

    @property
    def needs_body(self) -> bool:
        return bool(self.facts.get("requestBody", {}).get("required"))

    @property
    def streams(self) -> bool:
        return any("text/event-stream" in one.get("content", {}) for one in self.facts["responses"].values())

    @property
    def body_fields(self) -> list[str]:
        """The fields of the JSON that it takes."""
        return sorted(resolved(self.takes.get(JSON, {})).get("properties", {}))

    def address(self, known: Mapping[str, str]) -> str:
        """The path with these ids; an id of nothing for each other."""
        return self.path.format(**{name: known.get(name, str(uuid.uuid4())) for name in self.ids})


def document_doors() -> Iterator[Door]:
    """The ways into the app, with what each demands."""
    return iter(_APP.state.doors)


def routes() -> Iterator[Route]:
    """Every route of the document, in its order."""
    for path, operations in _DOCUMENT["paths"].items():
        for method, facts in operations.items():
            yield Route(method.upper(), path, facts)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself where this one only names or offers it."""
    if "$ref" in schema:
        return resolved(_DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in schema.get("anyOf", schema.get("oneOf", [])):
        if choice.get("type") != "null":
            return resolved(choice)
    return schema


def plausible(schema: Mapping[str, Any]) -> Any:
    """A value that the schema allows, as far as it can be told from the document."""
    schema = resolved(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            required = schema.get("required", [])
            return {name: plausible(one) for name, one in schema.get("properties", {}).items() if name in required}
        case "array":
            return [plausible(schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return str(uuid.uuid4()) if schema.get("format") == "uuid" else "x" * max(schema.get("minLength", 1), 1)
