"""Somebody at Blender, without Blender: a worker, and the state that its messages add up to."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from addon.core import messages as m
from addon.core.state import AddonState
from addon.core.types import History, JobView
from addon.core.worker import Home, Worker

PATIENCE_S = 60.0
Wanted = TypeVar("Wanted", bound=m.Message)


@dataclass
class Player:
    """Drains the inbox as a panel does; `heard` holds all messages so far."""

    worker: Worker
    home: Home
    state: AddonState = field(default_factory=AddonState)
    heard: list[m.Message] = field(default_factory=list)

    @property
    def job(self) -> JobView:
        """The followed job, which there is."""
        assert self.state.job is not None
        return self.state.job

    @property
    def history(self) -> History:
        """The open project, which there is."""
        assert self.state.project is not None
        return self.state.project

    def submit(self, order: m.Order) -> int:
        """Returns: its id."""
        self.worker.submit(order)
        return order.order_id

    def until(self, holds: Callable[[AddonState], object], limit_s: float = PATIENCE_S) -> AddonState:
        """Drain until the state is so."""
        end = time.monotonic() + limit_s
        while not holds(self.state):
            self._hear(end)
        return self.state

    def hear(self, kind: type[Wanted], limit_s: float = PATIENCE_S) -> Wanted:
        """Drain until the next message of this kind."""
        end = time.monotonic() + limit_s
        while not isinstance(message := self._hear(end), kind):
            pass
        return message

    def all_heard(self, kind: type[Wanted]) -> list[Wanted]:
        return [message for message in self.heard if isinstance(message, kind)]

    def connect(self, server: str, **more: object) -> AddonState:
        """Until the server is known, or found wanting."""
        self.submit(m.Connect(server=server, **more))  # type: ignore[arg-type]
        self.hear(m.ConnectionChanged)
        return self.until(lambda state: state.connection != "signing_in")

    def sign_in(self, server: str, token: str) -> AddonState:
        """Until the projects are listed, or it has failed."""
        self.connect(server)
        self.submit(m.SignInWithToken(token=token))
        self.until(lambda state: state.signed_in or state.connection_words)
        if self.state.signed_in:
            self.hear(m.ProjectsListed)
        return self.state

    def _hear(self, end: float) -> m.Message:
        try:
            message = self.worker.inbox.get(timeout=max(end - time.monotonic(), 0.01))
        except queue.Empty:
            raise AssertionError(f"it did not come to that; last heard: {self.heard[-8:]}") from None
        self.heard.append(message)
        self.state.apply(message)
        return message


def home_in(folder: Path) -> Home:
    """The add-on's folders below `folder`."""
    return Home(folder / "config", folder / "cache", "0.1.0", "4.5.15", "Linux")


@contextmanager
def player_in(folder: Path) -> Iterator[Player]:
    """A started worker; at the end all of its threads have ended."""
    home = home_in(folder)
    worker = Worker(home)
    worker.start()
    try:
        yield Player(worker, home)
    finally:
        assert worker.stop(timeout_s=5.0), "a thread of the worker did not end"
