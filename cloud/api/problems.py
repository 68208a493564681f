"""Every error as an RFC 9457 problem document: the one place where errors become HTTP."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cloud.api.access import refuse_strangers
from cloud.api.schemas import Problem
from cloud.db.engine import DATABASE_ERRORS, is_unreachable
from cloud.errors import Prompt2MeshError, TooManyRequests, Unauthorized
from cloud.logs import log_field
from cloud.redaction import mask
from cloud.telemetry.metrics import ERRORS

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_JSON_BODY = "The body must be a JSON object, sent with Content-Type: application/json."
_SENTENCES = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is too large; send less at once.",
    415: "The body is compressed; send it as it is, without Content-Encoding.",
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "compressed_body"}


class ProblemResponse(JSONResponse):
    """A problem document. Never fails to encode, whatever the client's own words were."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        problem = Problem(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=_encodable(mask(detail)),
            code=code,
            errors=[_without_secrets(error) for error in errors] if errors is not None else None,
            request_id=log_field("request_id"),
        )
        ERRORS.labels(part="api", code=code).inc()
        super().__init__(problem.model_dump(exclude_none=True), status_code=status, headers=dict(headers or {}))


def problem_of(error: Prompt2MeshError, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The document of one of our own errors."""
    extra = dict(headers or {})
    if isinstance(error, Unauthorized):
        extra["WWW-Authenticate"] = 'Bearer realm="prompt2mesh"'
    if error.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra["Retry-After"] = "5"
    if isinstance(error, TooManyRequests) and error.retry_after_s is not None:
        extra["Retry-After"] = str(max(math.ceil(error.retry_after_s), 1))
    return ProblemResponse(error.http_status, error.code, str(error), errors=error.errors, headers=extra)


def body_too_large() -> ProblemResponse:
    """For a body past the limit of all routes."""
    return ProblemResponse(413, _CODES[413], _SENTENCES[413])


def compressed_body() -> ProblemResponse:
    """For a body that may unfold to anything."""
    return ProblemResponse(415, _CODES[415], _SENTENCES[415])


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that can end with these problems."""
    return {status: {"description": HTTPStatus(status).phrase, "model": Problem} for status in statuses}


def install(app: FastAPI) -> None:
    """From now on the app answers every error with a problem document."""
    app.add_exception_handler(Prompt2MeshError, _on_our_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _on_database_error)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_our_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, Prompt2MeshError)
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", extra={"code": error.code}, exc_info=error)
    return problem_of(error)


async def _on_invalid_request(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = [_fact(one) for one in error.errors()]
    if any(one["type"] == "json_invalid" for one in found):
        if refusal := await _refusal_of_strangers(request):
            return refusal
        return ProblemResponse(400, "malformed_json", "The body is not valid JSON.")
    first = _sentence(found[0])
    more = f" ({len(found) - 1} more in `errors`)" if len(found) > 1 else ""
    return ProblemResponse(422, "invalid_input", first + more, errors=found)


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names those of the first route at this address alone.
        headers["Allow"] = ", ".join(request.app.state.doors.methods_at(request.scope["path"]))
    elif status == HTTPStatus.BAD_REQUEST and (refusal := await _refusal_of_strangers(request)):
        return refusal
    sentence = _SENTENCES.get(status) or str(error.detail)
    return ProblemResponse(status, _CODES.get(status, "http_error"), sentence, headers=headers)


async def _refusal_of_strangers(request: Request) -> ProblemResponse | None:
    """For who may not call the route at all: FastAPI reads the body before it asks what the route demands."""
    try:
        await refuse_strangers(request)
    except Prompt2MeshError as refusal:
        return problem_of(refusal)
    return None


async def _on_database_error(request: Request, error: Exception) -> ProblemResponse:
    if not is_unreachable(error):
        log.error("request failed", extra={"path": request.url.path}, exc_info=error)
        return internal_error()
    log.warning("the database does not answer", extra={"error": str(error).partition("\n")[0]})
    return ProblemResponse(
        503, "unavailable", "The database does not answer; try again in a moment.", headers={"Retry-After": "5"}
    )


async def _on_unexpected(_request: Request, error: Exception) -> ProblemResponse:
    # The server logs the traceback: it gets the exception again after this answer.
    log.error("request failed unexpectedly", extra={"error": type(error).__name__})
    return internal_error()


def internal_error() -> ProblemResponse:
    """For a mistake of ours: says nothing of it."""
    return ProblemResponse(500, "internal_error", "Something went wrong on our side; the log of the server has it.")


def _fact(error: Mapping[str, Any]) -> dict[str, Any]:
    """Where and what, without the input: it may hold a password."""
    return {
        "where": [str(part) for part in error["loc"]],
        "message": error["msg"].removeprefix("Value error, "),
        "type": error["type"],
    }


def _sentence(fact: Mapping[str, Any]) -> str:
    where = ".".join(fact["where"][1:])
    kind, message = fact["type"], fact["message"]
    if not where:
        return _JSON_BODY if kind in ("missing", "model_attributes_type", "dict_type") else f"{message}."
    if kind == "missing":
        return f"{where}: this field is missing."
    if kind == "extra_forbidden":
        return f"{where}: there is no such field."
    return f"{where}: {message[:1].lower()}{message[1:].removesuffix('.')}."


def _without_secrets(fault: Mapping[str, Any]) -> dict[str, Any]:
    # By value and shape alone: `where` is the path of a field, and `password` is a good name for one.
    return {name: mask(value) if isinstance(value, str) else value for name, value in fault.items()}


def _encodable(text: str) -> str:
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")
