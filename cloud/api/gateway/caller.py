"""Who calls a tool of the gateway, what they may do, and what they are told while they wait."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mcp_types import ContentBlock, TextContent

from cloud.accounts.origin import Origin
from cloud.accounts.queries import Identity
from cloud.api.dependencies import ScopeMissing
from cloud.api.gateway.arguments import PATIENCE_S
from cloud.db.engine import DATABASE_ERRORS
from cloud.jobs import queue

if TYPE_CHECKING:
    from cloud.api.dependencies import Services

logger = logging.getLogger(__name__)

SHORT_ID_CHARS = 8


@dataclass
class Waiting:
    """What a caller is told of a call that lasts."""

    words: str = "Queued."
    began: float = field(default_factory=time.monotonic)

    def told(self) -> tuple[float, float | None, str]:
        """Seconds so far, no end, and the same in words."""
        return time.monotonic() - self.began, None, self.words


class Errands:
    """What goes on when the request that began it has ended. Belongs to one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it run to its end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self, limit_s: float = 2.0) -> None:
        """Wait for what is under way, but not for long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit_s)


@dataclass(frozen=True)
class Visitor:
    """Who sends a request, and at which address of ours."""

    services: "Services"
    identity: Identity
    origin: Origin
    base_url: str
    errands: Errands

    @property
    def owner(self) -> UUID:
        """The id by which every query is filtered."""
        return self.identity.user.id

    @property
    def credential_id(self) -> UUID:
        """That of the token, or of the session."""
        return self.identity.token_id or self.identity.session_id or self.identity.user.id

    async def cancel(self, job_id: UUID) -> None:
        """End the job, if it is there and has not ended: nobody waits for it any more."""
        try:
            async with self.services.database.sessions.begin() as session:
                await queue.request_cancel_of_all(session, [job_id])
        except DATABASE_ERRORS as error:
            facts = {"job_id": str(job_id), "error": type(error).__name__}
            logger.warning("a call that was taken back was not cancelled", extra=facts)


@dataclass(frozen=True)
class Caller:
    """One tool call. `key` is what its client can take it back by (""); `is_told`: it hears of progress."""

    visitor: Visitor
    key: str = ""
    is_told: bool = False
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def services(self) -> "Services":
        """The app's parts."""
        return self.visitor.services

    @property
    def owner(self) -> UUID:
        """See `Visitor`."""
        return self.visitor.owner

    @property
    def patience_s(self) -> float | None:
        """How long to wait for a job; who hears of progress knows that we work, others may give up before its end."""
        return None if self.is_told else PATIENCE_S

    def demand_build(self) -> None:
        """Raises: ScopeMissing: the token may only read."""
        if "build" not in self.visitor.identity.scopes:
            raise ScopeMissing("build")


def say(text: str) -> ContentBlock:
    """A text of ours."""
    return TextContent(type="text", text=text)


def short(identifier: UUID | None) -> str:
    """The beginning of an id, as callers may name it; that of nothing is `empty`."""
    return str(identifier)[:SHORT_ID_CHARS] if identifier else "empty"
