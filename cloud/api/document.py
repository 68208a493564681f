"""The OpenAPI document, completed with what FastAPI cannot know of our API."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from cloud.api.problems import MEDIA_TYPE


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with problems as what they are: FastAPI gives them the route's own media type.

    Whatever takes a body may find it unreadable or too large. OAuth's own errors stay what they are.
    """
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            if "requestBody" in operation:
                for status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
                    described = {"description": status.phrase, "content": {MEDIA_TYPE: problem}}
                    responses.setdefault(str(status.value), described)
            for status, response in responses.items():
                if status >= "400" and "content" in response and not _is_oauth(response["content"]):
                    response["content"] = {MEDIA_TYPE: next(iter(response["content"].values()))}
    return document


def _is_oauth(content: Mapping[str, Any]) -> bool:
    return any(one.get("schema", {}).get("$ref", "").endswith("/OAuthError") for one in content.values())
