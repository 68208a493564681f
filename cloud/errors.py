"""The one error tree of the cloud: a stable code, an HTTP status, and whether a retry may help.

Raise low, translate once at each edge (HTTP handler, MCP tool, CLI). Messages are one sentence that
says what was wrong and what to do; they hold facts, never keys, paths of the server or tracebacks.
"""

from typing import Any


class Prompt2MeshError(Exception):
    """Root of every error that we raise on purpose. `errors` holds the single faults where there are several."""

    code: str = "internal_error"
    http_status: int = 500
    retryable: bool = False
    errors: list[dict[str, Any]] | None = None


class InvalidInput(Prompt2MeshError):
    """The caller sent something that cannot be used; the message says what to change."""

    code, http_status = "invalid_input", 422


class NotFound(Prompt2MeshError):
    """There is no such row for this owner (another user's row counts as absent)."""

    code, http_status = "not_found", 404

    def __init__(self, kind: str, identifier: object) -> None:
        super().__init__(f"There is no {kind} {str(identifier)!r} among yours; list them to see which there are.")


class Unauthorized(Prompt2MeshError):
    """No token, or one that is wrong, expired or revoked."""

    code, http_status = "unauthorized", 401


class Forbidden(Prompt2MeshError):
    """We know who asks, and this is not theirs to do."""

    code, http_status = "forbidden", 403


class TooManyRequests(Prompt2MeshError):
    """A rate limit or a quota is reached; the message says when it ends, and `retry_after_s` in how many seconds."""

    code, http_status, retryable = "too_many_requests", 429, True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Conflict(Prompt2MeshError):
    """The request is well formed but does not fit the present state."""

    code, http_status = "conflict", 409


class TooLarge(Prompt2MeshError):
    """A body or an upload past its limit."""

    code, http_status = "too_large", 413


class Unavailable(Prompt2MeshError):
    """A part that we depend on does not answer; the operator must look if it lasts."""

    code, http_status, retryable = "unavailable", 503, True
