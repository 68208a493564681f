"""What the agent's callers are told when a model cannot be used. Without the SDK, which takes long to import."""

from typing import Literal

from cloud.errors import Prompt2MeshError

KeyOwner = Literal["user", "system"]
"""Whose key a call is made with."""


class ModelError(Prompt2MeshError):
    """The model cannot be used; the message tells the user what to do."""

    code, http_status = "model_error", 502

    def __init__(self, message: str, code: str = "model_error") -> None:
        super().__init__(message)
        self.code = code
