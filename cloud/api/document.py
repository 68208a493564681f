"""The OpenAPI document, completed with what FastAPI cannot know of our API."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from cloud.api.patterns import NO_NUL, TEXT_OR_NOTHING
from cloud.api.problems import MEDIA_TYPE

_COMPONENTS = "#/components/schemas/"
_SHAPED = ("pattern", "format", "enum", "const", "contentMediaType")
_BRIEFS = ("Brief", "BriefPart")


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """The document with problems as what they are: FastAPI gives them the route's own media type.

    OAuth's own errors stay what they are. Whatever takes a body may find it unreadable or too large; no text that is
    sent may hold a NUL; a key that came with another request is a conflict.
    """
    problem = {"schema": {"$ref": f"{_COMPONENTS}Problem"}}
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            for parameter in operation.get("parameters", []):
                _forbid_null(parameter["schema"])
            for status in _further_statuses(operation):
                described = {"description": status.phrase, "content": {MEDIA_TYPE: problem}}
                responses.setdefault(str(status.value), described)
            for status, response in responses.items():
                if status >= "400" and "content" in response and not _is_oauth(response["content"]):
                    response["content"] = {MEDIA_TYPE: next(iter(response["content"].values()))}
            for body in operation.get("requestBody", {}).get("content", {}).values():
                _hoist(body.get("schema", {}), schemas)
                _restrict_texts(body.get("schema", {}), schemas, set())
    return document


def _further_statuses(operation: dict[str, Any]) -> Iterator[HTTPStatus]:
    if "requestBody" in operation:
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if any(one["name"].lower() == "idempotency-key" for one in operation.get("parameters", [])):
        yield HTTPStatus.CONFLICT


def _forbid_null(schema: dict[str, Any]) -> None:
    """A parameter is left out or says something: no address and no header can hold null."""
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])
    elif choices:
        schema["anyOf"] = choices


def _hoist(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Definitions within a schema of ours go where the document's references find them."""
    for name, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(name, definition)


def _restrict_texts(schema: Any, schemas: dict[str, Any], seen: set[str], pattern: str = NO_NUL) -> None:
    """Give every text of a request that has no shape of its own the pattern of those that the API takes."""
    if isinstance(schema, list):
        for each in schema:
            _restrict_texts(each, schemas, seen, pattern)
    if not isinstance(schema, dict):
        return
    if isinstance(reference := schema.get("$ref"), str):
        name = reference.removeprefix(_COMPONENTS)
        if name not in seen:
            seen.add(name)
            _restrict_texts(schemas[name], schemas, seen, TEXT_OR_NOTHING if name in _BRIEFS else NO_NUL)
    elif schema.get("type") == "string" and not any(key in schema for key in _SHAPED):
        schema["pattern"] = pattern
    for key in ("anyOf", "oneOf", "allOf", "items"):
        _restrict_texts(schema.get(key), schemas, seen, pattern)
    for each in schema.get("properties", {}).values():
        _restrict_texts(each, schemas, seen, pattern)


def _is_oauth(content: Mapping[str, Any]) -> bool:
    return any(one.get("schema", {}).get("$ref", "").endswith("/OAuthError") for one in content.values())
