"""What a client asks before it calls a model that others call with the same key: see `cloud.jobs.pacing`."""

from typing import Protocol


class PaceWatcher(Protocol):
    """Is told of a wait."""

    async def waiting(self, reason: str, seconds: float) -> None:
        """Nothing goes on for so long; `reason` is that of a `waiting` event."""
        ...


class Pace(Protocol):
    """The speed of all who share a key and a model. No method raises: where the pace is not known, nobody waits."""

    async def before_call(self, watcher: PaceWatcher) -> None:
        """Return when a call may begin; at once while all is well. May be cancelled at any moment."""
        ...

    async def refused(self, asked_s: float | None) -> float:
        """The server limits us or is overloaded, and asked to be left alone for so long.

        Returns: for how many seconds from now nobody may call.
        """
        ...

    async def succeeded(self) -> None:
        """A call was answered."""
        ...


class NoPace:
    """For who calls alone."""

    async def before_call(self, watcher: PaceWatcher) -> None: ...

    async def refused(self, asked_s: float | None) -> float:
        return 0.0

    async def succeeded(self) -> None: ...
