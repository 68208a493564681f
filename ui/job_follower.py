"""Follows one job for the list of downloads: its events are read in a thread, the list takes copies of what they tell.

A job in the studio is followed for all tabs at once, without a page's session: see `ui.live`.
"""

import copy
import logging
import threading
import weakref

from ui.api_client import ApiClient, ClientError, EventStream
from ui.api_types import Job
from ui.job_progress import JobProgress

log = logging.getLogger(__name__)


class JobFollower:
    """Owns a thread that reads the job's events into a `JobProgress`.

    The thread touches the stream and the shared state below, never Streamlit. It ends
    with the job, on `stop`, on an error (see `trouble`), and when nobody holds this object any more: the session's end.
    """

    def __init__(self, client: ApiClient, job: Job) -> None:
        self.job = job
        self._stream = client.events(job["id"])
        self._shared = _Shared()
        self._thread = threading.Thread(
            target=_follow, args=(self._stream, self._shared), name=f"job-{job['id']}", daemon=True
        )
        # The thread must not hold `self`, or this would never come.
        weakref.finalize(self, self._stream.close)
        self._thread.start()

    def progress(self) -> JobProgress:
        """A copy of the job's state by now, the caller's own."""
        with self._shared.lock:
            return copy.deepcopy(self._shared.progress)

    @property
    def trouble(self) -> str:
        """Why the job cannot be followed any more, in one sentence; empty while all is well."""
        with self._shared.lock:
            return self._shared.trouble

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop following; the job itself goes on."""
        self._stream.close()
        self._thread.join(timeout_s)


class _Shared:
    """What the thread writes and the screen reads, under one lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.progress = JobProgress()
        self.trouble = ""


def _follow(stream: EventStream, shared: _Shared) -> None:
    try:
        for event in stream:
            with shared.lock:
                shared.progress.apply(event.type, event.data)
    except ClientError as error:
        with shared.lock:
            shared.trouble = str(error)
    except Exception:
        log.exception("a job could not be followed")
        with shared.lock:
            shared.trouble = "Following the job failed on our side; reload the page to see how it stands."
