"""The users of the run: they send prompts and follow the jobs over SSE, through whatever dies on the other side."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from ui.api_client import ApiClient

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_SILENCE_S = 45.0
_PAUSE_S = 0.5
_PASSWORD = "chaos-" + secrets.token_hex(12)


class GaveUp(Exception):
    """The API did not take a request in time."""


@dataclass
class SentJob:
    """A prompt that was sent. `recipe` says which; `model` is its own and only its. Times are the wall clock's."""

    recipe: int
    number: int
    user: int
    model: str
    project_id: str = ""
    job_id: str = ""
    sent_at: float = 0.0
    ended_at: float = 0.0
    seen: list[int] = field(default_factory=list)
    connections: int = 0
    refused: str = ""
    deltas: int = 0

    @property
    def ended(self) -> bool:
        """Its last event has come, or it will never come."""
        return bool(self.ended_at)


class User:
    """One signed-up user. Its methods may be called from many threads."""

    def __init__(self, api_url: str, number: int) -> None:
        self.number = number
        with ApiClient(api_url) as client:
            name = f"chaos-{number}-{secrets.token_hex(4)}"
            client.sign_up(name, _PASSWORD)
            token = client.log_in(name, _PASSWORD)["token"]
        self._http = httpx2.Client(
            base_url=api_url, timeout=_TIMEOUT, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, job: SentJob, prompt: str, limit_s: float) -> None:
        """Make a project with one job. Raises: GaveUp: not within `limit_s`, or refused."""
        deadline = time.monotonic() + limit_s
        job.sent_at = time.time()
        job.project_id = self._post("/v1/projects", {"name": f"chaos {job.number}"}, deadline)["id"]
        body = {"prompt": prompt, "model": job.model, "formats": ["blend", "glb"]}
        job.job_id = self._post(f"/v1/projects/{job.project_id}/jobs", body, deadline)["id"]

    def follow(self, job: SentJob, give_up: Callable[[], bool]) -> None:
        """Read the job's events to its end, over as many connections as it takes."""
        ended = False
        while not ended and not give_up():
            # What this client is for: whatever breaks, it comes back.
            with suppress(httpx2.HTTPError, httpx2.StreamError):
                ended = self._read_one_connection(job)
            if not ended:
                time.sleep(_PAUSE_S)
        job.ended_at = time.time()

    def _read_one_connection(self, job: SentJob) -> bool:
        """Whether the last event came. A repeated event is noted as it is: whoever checks must see it."""
        headers = {"Last-Event-ID": str(job.seen[-1])} if job.seen else {}
        timeout = httpx2.Timeout(10.0, read=_SILENCE_S)
        with self._http.sse(f"/v1/jobs/{job.job_id}/events", headers=headers, timeout=timeout) as source:
            if source.response.is_error:
                if source.response.status_code in (400, 404, 422):
                    job.refused = f"the stream was refused with {source.response.status_code}"
                return False
            job.connections += 1
            for sent in source:
                # It has no number of its own; the reader gives it the last one that came, as the standard says.
                if sent.event == "text.delta" or not sent.id.isdigit():
                    job.deltas += 1
                    continue
                job.seen.append(int(sent.id))
                if sent.event == "job.finished":
                    return True
        return False

    def _post(self, path: str, body: dict[str, Any], deadline: float) -> dict[str, Any]:
        """The answer; the same request again, under the same key, until one comes."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        while True:
            try:
                response = self._http.post(path, json=body, headers=headers)
                if response.is_success:
                    return response.json()
                if response.status_code not in (409, 429) and response.status_code < 500:
                    raise GaveUp(f"{path}: {response.status_code} {response.text[:200]}")
                why = f"{response.status_code} {response.text[:200]}"
            except httpx2.HTTPError as error:
                why = repr(error)
            if time.monotonic() > deadline:
                raise GaveUp(f"{path}: {why}")
            time.sleep(_PAUSE_S)


def follow_in_a_thread(user: User, job: SentJob, give_up: Callable[[], bool]) -> threading.Thread:
    """Follow the job from a thread of its own."""
    thread = threading.Thread(target=user.follow, args=(job, give_up), name=f"follow {job.number}", daemon=True)
    thread.start()
    return thread
