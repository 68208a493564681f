"""The strict stand-in as most tests need it: a script, any model, and replies that all cost the same.

What it may answer, refuse and break: `tests.support.messages_api`.
"""

from contextlib import AbstractAsyncContextManager

from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.replies import Broken, Entry, Fault, Reply, TokenUse, calls, finishes, says
from tests.support.messages_api.server import MessagesApi, messages_api

USE = TokenUse(input_tokens=100, output_tokens=20)


def scripted_messages(
    *script: Entry, adaptive_thinking: bool | None = None
) -> AbstractAsyncContextManager[MessagesApi]:
    """Serve the script on a free loopback port. A call past its end gets a 400 that says so.

    `adaptive_thinking`: whether its models have it; None: the models endpoint does not answer.
    """
    return messages_api(
        *script,
        models=(),
        any_model=KnownModel("any", adaptive_thinking=adaptive_thinking is not False, max_input_tokens=10**6),
        default_use=USE,
        knows_models=adaptive_thinking is not None,
    )


def breaks(error_kind: str | None = None) -> Broken:
    """A reply that starts and then breaks: by an error event of this kind, or by its end."""
    return Broken("blocks", error_kind or "end", says("I begin"))  # pyright: ignore[reportArgumentType]


def hangs() -> Broken:
    """A reply that starts and never goes on; its `began` is set when a client waits on it."""
    return Broken("blocks", "hang", says("I begin"))


__all__ = [
    "USE",
    "Broken",
    "Entry",
    "Fault",
    "MessagesApi",
    "Reply",
    "TokenUse",
    "breaks",
    "calls",
    "finishes",
    "hangs",
    "says",
    "scripted_messages",
]
