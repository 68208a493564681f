"""What can go wrong between the add-on and the server. Every message is one sentence for the user, with what to do."""

from typing import Literal

Kind = Literal["user", "again", "operator"]
"""Who can help: `user` by doing something, anybody by trying `again` in a moment, the server's `operator`."""


class CoreError(Exception):
    """Root of what this package raises. `code` is stable, `kind` says who can help."""

    code = "failed"
    kind: Kind = "user"

    @property
    def sentence(self) -> str:
        """The error for the user."""
        return str(self)


class BadAnswer(CoreError):
    """The server sent what the add-on does not understand: wrong types, too much, not JSON."""

    code, kind = "bad_answer", "operator"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The server sent an answer that the add-on cannot use ({what}); check the server's address, "
            "or update the add-on."
        )


class Unreachable(CoreError):
    """No answer came: no network, nothing listens there, the connection broke or was too slow."""

    code, kind = "unreachable", "again"


class Refused(CoreError):
    """The server answered with an error. `status` is HTTP's; `retry_after_s`: how long it wants us to wait."""

    def __init__(self, status: int, code: str, sentence: str, kind: Kind, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.kind = kind
        self.retry_after_s = retry_after_s


class NotAllowed(CoreError):
    """The add-on itself does not do this: an address that is not safe, Blender is offline, a file that is too large."""

    code = "not_allowed"


class Stopped(CoreError):
    """The worker was told to stop, or the order was cancelled. Nobody is told."""

    code = "stopped"

    def __init__(self) -> None:
        super().__init__("Stopped.")
