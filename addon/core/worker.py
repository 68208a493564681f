"""The one who talks to the server, so that Blender's main thread never waits.

Rules: the worker's threads never touch Blender (this package does not import `bpy`) and share nothing with the main
thread but orders that go in and messages that come out. Each thread is a daemon and ends within a second of `stop`,
whatever it waits for: a name, a connection, an answer, its next try. `requests` is imported by those threads, because
that takes a fifth of a second.
"""

import importlib
import logging
import queue
import time

from . import inner
from . import messages as m
from .desk import Desk, Home, demanded
from .lane import Lane
from .lines import Guard
from .problems import CoreError, Refused, Stopped

__all__ = ["Home", "Worker"]

log = logging.getLogger(__name__)

# Which thread does what: a cancel never waits behind an upload, nor the live picture behind a download.
_LANES: dict[type[m.Order], str] = {
    m.Build: "send",
    m.Download: "fetch",
    m.Watch: "follow",
    inner.Follow: "follow",
    m.StopWatching: "follow",
    inner.ShowPicture: "look",
    inner.TidyUp: "look",
    m.DropFile: "look",
    m.Diagnose: "check",
}
_FOLLOWING = (m.Watch, inner.Follow, m.StopWatching)
_SOON_S = 0.02
_SIGNING_IN = (m.SignInWithCode, m.SignInWithToken, inner.AskForToken)


class Worker:
    """Owns the threads. `submit` and `stop` never wait for the network; `inbox` holds what they say, in order.

    Before `start` and after `stop` orders are ignored. A worker is not started twice.
    """

    def __init__(self, home: Home) -> None:
        self.inbox: queue.SimpleQueue[m.Message] = queue.SimpleQueue()
        self._guard = Guard()
        self._desk = Desk(home, self.inbox, self.submit)
        self._lanes = {
            name: Lane(name, self._guard, self._do, _close_connections)
            for name in ("talk", *sorted(set(_LANES.values())))
        }
        self._running = False

    @property
    def running(self) -> bool:
        """Whether orders are taken."""
        return self._running

    @property
    def connections(self) -> int:
        """How many connections are open; none after `stop`."""
        return sum(lane.line.connections for lane in self._lanes.values())

    def start(self) -> None:
        """From now on orders are done."""
        self._running = True
        self.submit(inner.TidyUp())

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End all threads, at any moment; nothing is said any more. Twice is once. Returns: whether all have ended."""
        until = time.monotonic() + timeout_s
        self._running = False
        self._desk.stop()
        self._guard.stop()
        for lane in self._lanes.values():
            lane.close()
        ended = [lane.join(until - time.monotonic()) for lane in self._lanes.values()]
        return all([*ended, self._guard.join(until - time.monotonic())])

    def submit(self, order: m.Order) -> None:
        """Have the order done. Any thread; does not wait."""
        if not self._running:
            return
        if isinstance(order, m.Connect):
            self._desk.settled.clear()
            for lane in self._lanes.values():
                self._drop(lane)
        elif isinstance(order, m.SignOut):
            for lane in self._lanes.values():
                self._tell_stopped(lane.drop(lambda each: not isinstance(each, m.Connect)))
            self._lanes["talk"].line.cut()  # one that is at work knows its server already
        elif isinstance(order, m.CancelSignIn):
            self._drop(self._lanes["talk"], *_SIGNING_IN)
        elif isinstance(order, _FOLLOWING):
            self._drop(self._lanes["follow"])
        if not self._at_once(order):
            self._lanes[_LANES.get(type(order), "talk")].put(order)

    def _at_once(self, order: m.Order) -> bool:
        """Orders that no thread need do as they are. Returns: False: it is another one."""
        match order:
            case m.CancelDownload(download=number) | m.CancelOrder(order=number):
                for name in ("fetch", "send"):
                    self._tell_stopped(self._lanes[name].drop(lambda each: each.order_id == number))
            case m.FetchPictures(artifact_ids=artifact_ids):
                for artifact_id in artifact_ids:
                    self._lanes["look"].put(inner.ShowPicture(artifact_id=artifact_id))
            case inner.ShowPicture(job_id=str() as job_id):
                look = self._lanes["look"]  # of a job only the newest one is wanted, and before all others
                look.drop(lambda each: isinstance(each, inner.ShowPicture) and each.job_id == job_id)
                look.put(order, first=True)
            case _:
                return False
        return True

    def _drop(self, lane: Lane, *kinds: type[m.Order]) -> None:
        self._tell_stopped(lane.drop(lambda each: not kinds or isinstance(each, kinds)))

    def _tell_stopped(self, orders: list[m.Order]) -> None:
        for order in orders:
            self._fail(order, Stopped())

    def _fail(self, order: m.Order, error: CoreError) -> None:
        name = type(order).__name__
        self._desk.say(m.Failed(order.order_id, name, error.sentence, error.kind, error.code))

    def _do(self, lane: Lane, order: m.Order) -> None:
        """In the lane's thread: do the order, and say what came of it where it is nothing."""
        duties = importlib.import_module(".duties", __package__)
        duty = duties.DUTIES[type(order)]
        name = type(order).__name__
        if duty.told:
            self._desk.say(m.Working(order.order_id, name, True))
        standing = self._desk.standing
        try:
            while lane.name != "talk" and not self._desk.settled.is_set():
                lane.line.wait(_SOON_S)
            standing = self._desk.standing
            if duty.needs != "nothing":
                demanded(standing, signed_in=duty.needs == "user")
            duty.do(duties.At(self._desk, lane, standing), order)
        except Refused as refusal:
            if refusal.status == 401 and standing.credential is not None:
                self._desk.sign_in_ended(standing)
            self._fail(order, refusal)
        except CoreError as error:
            self._fail(order, error)
        except Exception:
            log.exception("an order failed unexpectedly", extra={"order": name})
            sentence = "Something went wrong in the add-on; try again, and report it with the log if it stays."
            self._desk.say(m.Failed(order.order_id, name, sentence, "operator", "internal"))
        finally:
            if isinstance(order, m.Connect):
                self._desk.settled.set()
            if duty.told:
                self._desk.say(m.Working(order.order_id, name, False))


def _close_connections(lane: Lane) -> None:
    """The lane's thread is about to end."""
    kept = lane.scratch.pop("calls", None)
    if kept is not None:
        kept[1].transport.close()
