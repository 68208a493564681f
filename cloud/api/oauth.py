"""What the two routes of the device sign-in speak: OAuth 2.0's forms and errors (RFC 6749, RFC 8628).

Their refusals are no problem documents: clients written for the RFC look for `error` and its words.
"""

from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FIELDS_LIMIT = 50

ErrorCode = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    "authorization_pending",
    "slow_down",
    "access_denied",
    "expired_token",
]


class OAuthError(BaseModel):
    """A refusal as RFC 6749, section 5.2, says; the codes of a device that waits are of RFC 8628, section 3.5."""

    error: ErrorCode
    error_description: str = Field(description="For people; programs go by `error`.")


class OAuthRefusal(Exception):
    """The request is refused with this code. `description` is plain ASCII without quotes, as the RFC demands."""

    def __init__(self, error: ErrorCode, description: str) -> None:
        super().__init__(description)
        self.error: ErrorCode = error
        self.description = description


def answer_of(refusal: OAuthRefusal) -> JSONResponse:
    """The refusal over HTTP."""
    body = OAuthError(error=refusal.error, error_description=refusal.description)
    return JSONResponse(body.model_dump(), status_code=400, headers=NO_STORE)


REFUSED: dict[int | str, dict[str, Any]] = {400: {"description": "Refused, or not yet", "model": OAuthError}}
"""`responses=` of a route that refuses so."""


def form_of(**fields: dict[str, Any]) -> dict[str, Any]:
    """`openapi_extra=` of a route that takes a form with these fields; those without a `default` are required."""
    required = [name for name, schema in fields.items() if "default" not in schema]
    schema = {"type": "object", "properties": fields, "required": required}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields. One without a value counts as left out; unknown ones are passed over (RFC 6749, section 3.1).

    Raises: OAuthRefusal: it is no form, or has a field twice.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise OAuthRefusal("invalid_request", f"Send the parameters as a form, with Content-Type: {FORM}.")
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        raise OAuthRefusal("invalid_request", "The form cannot be read.") from None
    fields = dict(pairs)
    if "\0" in "".join(fields.values()):
        raise OAuthRefusal("invalid_request", "A parameter holds a character with the code 0.")
    if len(fields) != len(pairs):
        raise OAuthRefusal("invalid_request", "A parameter is there twice.")
    return {name: value for name, value in fields.items() if value}


def demand(fields: dict[str, str], name: str) -> str:
    """The field's value. Raises: OAuthRefusal: it is left out."""
    if name not in fields:
        raise OAuthRefusal("invalid_request", f"The parameter {name} is missing.")
    return fields[name]
