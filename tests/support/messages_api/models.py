"""The models that the stand-in knows, and their facts as the models endpoint gives them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KnownModel:
    """A model's limits in tokens, and what it can do. `min_cached_tokens`: shorter prefixes are not cached."""

    id: str
    max_input_tokens: int = 200_000
    max_tokens: int = 64_000
    adaptive_thinking: bool = True
    min_cached_tokens: int = 1024
    prefill: bool = False

    def facts(self) -> dict[str, Any]:
        """The body of `GET /v1/models/{id}`."""
        yes, no, maybe = {"supported": True}, {"supported": False}, {"supported": self.adaptive_thinking}
        efforts = dict.fromkeys(("low", "medium", "high", "xhigh", "max"), yes)
        return {
            "id": self.id,
            "type": "model",
            "display_name": self.id,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": self.max_input_tokens,
            "max_tokens": self.max_tokens,
            "capabilities": {
                "batch": no,
                "citations": yes,
                "code_execution": no,
                "context_management": {"supported": False},
                "effort": {"supported": True, **efforts},
                "image_input": yes,
                "pdf_input": yes,
                "server_tools": {"supported": False},
                "structured_outputs": yes,
                "thinking": {
                    "supported": self.adaptive_thinking,
                    "types": {"adaptive": maybe, "between_tools": no, "disabled": yes, "enabled": no},
                },
            },
        }


DEFAULT_MODELS = (
    KnownModel("claude-opus-5-5"),
    KnownModel("claude-sonnet-5-5"),
    KnownModel("claude-haiku-5-5"),
    KnownModel("claude-sonnet-4-5"),
)
