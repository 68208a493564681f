"""What can go wrong between us and the Messages API: what passes on its own, and what the user must mend."""

import anthropic
import httpx2

from cloud.errors import Prompt2MeshError

_RETRY_STATUS = frozenset({408, 409, 429})
_RETRY_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})


class ModelError(Prompt2MeshError):
    """The model cannot be used; the message tells the user what to do."""

    code, http_status = "model_error", 502

    def __init__(self, message: str, code: str = "model_error") -> None:
        super().__init__(message)
        self.code = code


class ReplyCutOff(Exception):
    """The stream of a reply ended before the reply did."""

    def __init__(self) -> None:
        super().__init__("the reply ended in the middle")


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, anthropic.APIStatusError):
        if error.response.headers.get("x-should-retry") == "false":
            return False
        return error.status_code in _RETRY_STATUS or error.status_code >= 500 or error.type in _RETRY_TYPES
    return isinstance(error, anthropic.APIConnectionError | httpx2.TransportError | ReplyCutOff)


def waiting_reason(error: BaseException) -> str:
    """The `reason` of a `waiting` event for a transient error."""
    if isinstance(error, anthropic.APIStatusError):
        if error.status_code == 429 or error.type == "rate_limit_error":
            return "rate_limit"
        return "overloaded"
    return "connection"


def as_model_error(error: BaseException, model: str) -> ModelError:
    """The error as a sentence that the user can act on. It never holds the key."""
    if isinstance(error, anthropic.APIStatusError):
        return _from_status(error, model)
    if isinstance(error, ReplyCutOff | httpx2.TransportError | anthropic.APIConnectionError):
        return ModelError(
            "The model's server could not be reached, or broke off, again and again; check the network and "
            "ANTHROPIC_BASE_URL, then send the prompt again.",
            "model_unreachable",
        )
    return ModelError(f"The model's answer could not be read ({type(error).__name__}).", "model_reply_invalid")


def _from_status(error: anthropic.APIStatusError, model: str) -> ModelError:
    said = (error.api_message or "no reason given").strip().rstrip(".")[:300]
    status = error.status_code
    if is_transient(error):
        return ModelError(
            f"The model's server stayed overloaded or limited our rate (HTTP {status}: {said}); try again later.",
            "model_unavailable",
        )
    if status == 401 or error.type == "authentication_error":
        return ModelError("The Claude key was refused; check ANTHROPIC_API_KEY.", "model_key_refused")
    if status == 402 or error.type == "billing_error":
        return ModelError(f"The Claude account cannot pay for this call ({said}); check its billing.", "model_billing")
    if status == 403 or error.type == "permission_error":
        return ModelError(f"The Claude key may not use {model!r} ({said}).", "model_forbidden")
    if status == 404 or error.type == "not_found_error":
        return ModelError(
            f"The model {model!r} is not known at the Messages API; check its id, or leave it out for the default.",
            "model_not_found",
        )
    return ModelError(f"The Messages API refused the request (HTTP {status}: {said}).", "model_request_refused")
