"""Kills processes of the stack under test at random moments, by their id, and nothing else on the machine."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from scripts.bench.disturbed.stack import StackUnderTest

# How often each is the victim, where there is one. A backend is one connection of PostgreSQL: its death by
# `kill -9` makes the server drop all connections and recover.
WEIGHTS = {"runner": 22, "api": 14, "postgres": 12, "backend": 8, "front": 20, "child": 24}
_EXTRAS = {"runner told to stop": 0.08, "runner stopped for a while": 0.06}
_SHORT_PAUSE_S, _LONG_PAUSE_S = (1.0, 6.0), (22.0, 26.0)
_LONG_PAUSES = 0.25
_TICK_S = 0.05
_LOOK_S = 0.5


@dataclass(frozen=True)
class Kill:
    """One disturbance. `at` is the wall clock's time, `log` the name of the file that the victim wrote to."""

    kind: str
    pid: int
    at: float
    log: str = ""


@dataclass
class Killer:
    """Kills `wanted` times, with `gap_s` between two on average, or later: only while `may_kill()`."""

    stack: StackUnderTest
    wanted: int
    gap_s: float
    may_kill: Callable[[], bool]
    dice: random.Random
    kinds: tuple[str, ...] = tuple(WEIGHTS)
    kills: list[Kill] = field(default_factory=list)
    extras: list[Kill] = field(default_factory=list)
    strays: dict[int, str] = field(default_factory=dict)
    failure: BaseException | None = None
    _hurry_s: float = 0.0
    _paused: dict[psutil.Process, float] = field(default_factory=dict)
    _stray_since: dict[psutil.Process, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def hurry(self, limit_s: float) -> None:
        """Kill once more within `limit_s`: what there is to disturb will soon be over."""
        self._hurry_s = limit_s

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread; what it had stopped for a while goes on."""
        self._stop.set()
        self._thread.join(timeout_s)
        self._wake_all(until=float("inf"))

    @property
    def by_kind(self) -> dict[str, int]:
        """How many of each kind there were, the extra ones too."""
        return dict(Counter(kill.kind for kill in [*self.kills, *self.extras]))

    def _run(self) -> None:
        try:
            next_kill, next_look = time.monotonic() + self._gap(), 0.0
            while not self._stop.wait(_TICK_S):
                now = time.monotonic()
                self._wake_all(until=now)
                if now >= next_look:
                    next_look = now + _LOOK_S
                    self._note_strays(now)
                if self._hurry_s:
                    next_kill, self._hurry_s = min(next_kill, now + self.dice.uniform(0.2, self._hurry_s)), 0.0
                if now >= next_kill and len(self.kills) < self.wanted and self.may_kill():
                    next_kill = now + self._gap()
                    self._strike()
        except BaseException as error:  # noqa: BLE001 - the top of the thread: whoever waits on it sees the failure
            self.failure = error

    def _gap(self) -> float:
        return self.gap_s * self.dice.uniform(0.2, 1.8)

    def _strike(self) -> None:
        living = self.stack.processes()
        kinds = [kind for kind in self.kinds if living.get(kind)]
        if not kinds:
            return
        kind = self.dice.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        victim = self.dice.choice(sorted(living[kind], key=lambda process: process.pid))
        log = _log_of(victim)
        with suppress(psutil.NoSuchProcess):
            victim.kill()  # checks that the pid is still this process's
            self.kills.append(Kill(kind, victim.pid, time.time(), log))
        for extra, chance in _EXTRAS.items():
            runners = [runner for runner in living.get("runner", []) if runner != victim and runner not in self._paused]
            if runners and "runner" in self.kinds and self.dice.random() < chance:
                self._disturb(extra, self.dice.choice(runners))

    def _disturb(self, how: str, runner: psutil.Process) -> None:
        with suppress(psutil.NoSuchProcess):
            if how == "runner told to stop":
                runner.terminate()
            else:
                span = _LONG_PAUSE_S if self.dice.random() < _LONG_PAUSES else _SHORT_PAUSE_S
                runner.suspend()
                self._paused[runner] = time.monotonic() + self.dice.uniform(*span)
            self.extras.append(Kill(how, runner.pid, time.time()))

    def _wake_all(self, until: float) -> None:
        for process in [process for process, when in self._paused.items() if when <= until]:
            del self._paused[process]
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _note_strays(self, now: float) -> None:
        """Remember what outlives its parent for long: it will be an orphan, or is a pod that leaked."""
        self.stack.processes()
        strays = self.stack.strays()
        self._stray_since = {stray: self._stray_since.get(stray, now) for stray in strays}
        for stray, since in self._stray_since.items():
            if now - since > 10.0 and stray.pid not in self.strays:
                with suppress(psutil.Error):
                    self.strays[stray.pid] = " ".join(stray.cmdline())[:200]


def _log_of(process: psutil.Process) -> str:
    with suppress(OSError):
        return os.path.basename(os.readlink(f"/proc/{process.pid}/fd/2"))
    return ""
