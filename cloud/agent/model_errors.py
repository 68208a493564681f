"""What can go wrong between us and the Messages API: what passes on its own, and what the user must mend."""

import re

import anthropic
import httpx2

from cloud.agent.errors import KeyOwner, ModelError
from cloud.redaction import mask

CALL_ERRORS = (anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError)
"""What the SDK and its transport raise; with `ReplyCutOff` all that `as_model_error` is for."""

_RETRY_STATUS = frozenset({408, 409, 425, 429})
_RETRY_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error", "conflict_error"})
_LIMITING_STATUS = frozenset({429, 503, 529})
_LIMITING_TYPES = frozenset({"rate_limit_error", "overloaded_error"})
_SAID_LIMIT_CHARS = 300
# The API says these in words alone, with status 400.
_TOO_LONG = re.compile(
    r"prompt is too long|exceeds? (the )?(model'?s )?(maximum )?context|context (length|limit|window)"
    r"|too many (input )?tokens",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"credit balance|purchase credits|insufficient (credit|funds|quota)|billing", re.IGNORECASE)
_WHERE_TO_MEND = {
    "system": "check ANTHROPIC_API_KEY",
    "user": "enter your key again on the account page, or with `prompt2mesh key set`",
}


class ReplyCutOff(Exception):
    """The stream of a reply ended before the reply did."""

    def __init__(self, why: str = "the reply ended in the middle") -> None:
        super().__init__(why)


class ReplyStalled(ReplyCutOff):
    """The server kept the connection, and said nothing."""

    def __init__(self) -> None:
        super().__init__("nothing came for too long")


class ReplyUnreadable(ReplyCutOff):
    """What came is no stream of the Messages API. `media_type` is what the server called it."""

    def __init__(self, media_type: str) -> None:
        super().__init__("what came is no stream of the Messages API")
        self.media_type = media_type


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, anthropic.APIStatusError):
        if error.response.headers.get("x-should-retry") == "false":
            return False
        return error.status_code in _RETRY_STATUS or error.status_code >= 500 or error.type in _RETRY_TYPES
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.TooManyRedirects):
        return False
    return isinstance(error, anthropic.APIConnectionError | httpx2.RequestError | httpx2.StreamError | ReplyCutOff)


def is_limiting(error: BaseException) -> bool:
    """Whether the server wants fewer calls, of everybody who has the same key."""
    if not isinstance(error, anthropic.APIStatusError):
        return False
    return error.status_code in _LIMITING_STATUS or error.type in _LIMITING_TYPES


def waiting_reason(error: BaseException) -> str:
    """The `reason` of a `waiting` event for a transient error."""
    if isinstance(error, anthropic.APIStatusError):
        if error.status_code == 429 or error.type == "rate_limit_error":
            return "rate_limit"
        return "overloaded"
    return "connection"


def said_by(error: anthropic.APIStatusError) -> str:
    """The reason that the server gave, as one short text without keys; "" where it gave none."""
    said = error.api_message
    if not isinstance(said, str) and isinstance(error.body, dict):  # other servers have other shapes
        given = [error.body.get(name) for name in ("error", "message", "detail")]
        said = next((text for text in given if isinstance(text, str)), None)
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return mask(text)[:_SAID_LIMIT_CHARS].rstrip(" .")


def as_model_error(error: BaseException, model: str, owner: KeyOwner = "system") -> ModelError:
    """The error as a sentence that the user can act on. It never holds the key, which is `owner`'s."""
    if isinstance(error, anthropic.APIStatusError):
        return _of_passing(error) if is_transient(error) else _of_status(error, model, owner)
    if isinstance(error, ReplyUnreadable):
        what = f"{error.media_type} that cannot be read" if error.media_type else "something that cannot be read"
        return ModelError(
            f"What answers as the model's server does not speak the Messages API (it sent {what}); check "
            "ANTHROPIC_BASE_URL and any proxy on the way.",
            "model_reply_invalid",
        )
    if isinstance(error, ReplyCutOff | httpx2.HTTPError | httpx2.StreamError | anthropic.APIConnectionError):
        return ModelError(
            "The model's server could not be reached, or broke off, again and again; check the network and "
            "ANTHROPIC_BASE_URL, then send the prompt again.",
            "model_unreachable",
        )
    return ModelError(f"The model's answer could not be read ({type(error).__name__}).", "model_reply_invalid")


def stayed_limited(waited_s: float) -> ModelError:
    """For a call that was not even begun, as others with the same key were refused all the while."""
    return ModelError(
        f"The model's server stayed overloaded or limited our rate for {waited_s:.0f} s; try again later.",
        "model_unavailable",
    )


def _of_passing(error: anthropic.APIStatusError) -> ModelError:
    status = error.status_code if error.status_code >= 400 else error.type
    return ModelError(
        f"The model's server stayed overloaded or limited our rate (HTTP {status}: {_reason(error)}); try again later.",
        "model_unavailable",
    )


def _of_status(error: anthropic.APIStatusError, model: str, owner: KeyOwner) -> ModelError:
    status, kind, reason = error.status_code, error.type, _reason(error)
    whose = "The Claude key" if owner == "system" else "Your Claude key"
    account = "The Claude account" if owner == "system" else "Your Claude account"
    if status == 401 or kind == "authentication_error":
        return ModelError(f"{whose} was refused; {_WHERE_TO_MEND[owner]}.", "model_key_refused")
    if status == 402 or kind == "billing_error" or (status in (400, 403) and _NO_CREDIT.search(reason)):
        return ModelError(f"{account} cannot pay for this call ({reason}); check its billing.", "model_billing")
    if status == 403 or kind == "permission_error":
        return ModelError(
            f"{whose} may not use {model!r} ({reason}); choose another model, or a key that may.", "model_forbidden"
        )
    if status == 404 or kind == "not_found_error":
        return ModelError(
            f"The model {model!r} is not known at the Messages API; check its id, or leave it out for the default.",
            "model_not_found",
        )
    if status == 413 or kind == "request_too_large":
        return ModelError(
            "The request to the model is larger than its server takes; send fewer or smaller pictures.",
            "request_too_large",
        )
    if status in (400, 422) and _TOO_LONG.search(reason):
        return ModelError(
            f"The conversation grew past what the model can take in ({reason}); begin a new prompt in this project.",
            "context_exceeded",
        )
    return ModelError(
        f"The Messages API refused the request (HTTP {status}: {reason}); try another model, or report this.",
        "model_request_refused",
    )


def _reason(error: anthropic.APIStatusError) -> str:
    return said_by(error) or "no reason given"


__all__ = [
    "CALL_ERRORS",
    "KeyOwner",
    "ModelError",
    "ReplyCutOff",
    "ReplyStalled",
    "ReplyUnreadable",
    "as_model_error",
    "is_limiting",
    "is_transient",
    "said_by",
    "stayed_limited",
    "waiting_reason",
]
