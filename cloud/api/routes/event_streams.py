"""Live events as server-sent events: of one job, or of a project with all its jobs."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.types import Receive, Scope, Send

from cloud.api.dependencies import IdentityDep, OwnerDep, Services, ServicesDep
from cloud.api.open_streams import StreamPlace
from cloud.api.problems import documented
from cloud.errors import Conflict, InvalidInput
from cloud.jobs.feed import Topic
from cloud.projects import queries

_NUMBER = "[0-9]{1,9}"
_LATEST = "latest"

LastEventId = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": f"^({_NUMBER})?$"})] | None,
    Header(description="The `id` of the last event that came."),
]
After = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": f"^({_LATEST}|{_NUMBER})$"})] | None,
    Query(description="The same, for clients that set no header; `latest`: only what is new. The header comes first."),
]

_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One event of the stream; a comment (a line that begins with a colon) is none.",
    "properties": {
        "id": {"type": "string", "description": "Its number; `text.delta` has none."},
        "event": {"type": "string", "description": "Its type."},
        "data": {"type": "string", "description": "JSON, as `cloud/jobs/events.py` describes it."},
        "retry": {"type": "integer"},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": _EVENT}}}}

router = APIRouter(tags=["events"], responses=_STREAM | documented(404, 409, 422))


class FromTheFuture(Conflict):
    """The client has seen an event that has not happened: it follows another server's numbers."""

    code = "from_the_future"


class EventStream(StreamingResponse):
    """A response that ends its source as soon as the client is gone, or may not go on."""

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes], place: StreamPlace, status_code: int = 200) -> None:
        # The last header is for nginx, which would gather the events up otherwise.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(pieces, status_code, headers)
        self._pieces = pieces
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See starlette."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._place.leave()

    async def stream_response(self, send: Send) -> None:
        """See starlette."""
        async with aclosing(self._pieces):
            with self._place.until_ended() as ending:
                await super().stream_response(send)
        if ending.cancelled_caught:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get("/jobs/{job_id}/events", summary="Follow a job", response_class=EventStream)
async def follow_job(
    job_id: UUID,
    owner: OwnerDep,
    identity: IdentityDep,
    services: ServicesDep,
    last_event_id: LastEventId = None,
    after: After = None,
) -> EventStream:
    """Server-sent events: those so far, then each as it happens; the stream ends after `job.finished`.

    `id:` counts from 1 without gaps, `event:` is the type, `data:` is the JSON that `cloud/jobs/events.py`
    describes. Reconnect with `Last-Event-ID` to get what was missed; do so too when the stream ends before
    `job.finished`. `text.delta` has no `id:` and is never sent again. A comment comes every 15 s of silence.
    """
    async with services.database.sessions() as session:
        await queries.get_job(session, owner, job_id)
    topic = Topic("job", job_id)
    position = await _position(services, topic, last_event_id, after)
    return EventStream(_pieces(services, topic, position), services.streams.enter(identity))


@router.get("/projects/{project_id}/events", summary="Follow a project", response_class=EventStream)
async def follow_project(
    project_id: UUID,
    owner: OwnerDep,
    identity: IdentityDep,
    services: ServicesDep,
    last_event_id: LastEventId = None,
    after: After = None,
) -> EventStream:
    """Server-sent events of all jobs of the project, and its own (`scene.moved`): those so far, then live.

    As a job's stream, but `id:` counts within the project, `data:` has the `job_id` too (null where no job did it),
    and the stream goes on until the project is deleted. `?after=latest` leaves out what was before; an `id:` without
    data then comes first, so that not even a connection that breaks at once loses an event.
    """
    async with services.database.sessions() as session:
        await queries.get_project(session, owner, project_id)
    topic = Topic("project", project_id)
    position = await _position(services, topic, last_event_id, after)
    return EventStream(_pieces(services, topic, position), services.streams.enter(identity))


def _pieces(services: Services, topic: Topic, position: int | None) -> AsyncGenerator[bytes]:
    return services.feed.follow_from_now(topic) if position is None else services.feed.follow(topic, position)


async def _position(services: Services, topic: Topic, last_event_id: str | None, after: str | None) -> int | None:
    """After which event the client goes on; None: only what is new.

    Raises: InvalidInput: the position is none. FromTheFuture.
    """
    if last_event_id is not None and last_event_id.strip():
        name, text = "Last-Event-ID", last_event_id.strip()
    else:
        name, text = "after", "0" if after is None else after
    is_number = re.fullmatch(_NUMBER, text) is not None
    if not is_number and (name, text) != ("after", _LATEST):
        raise InvalidInput(f"{name} must be the number of an event of this {topic.kind}, as its `id:` said.")
    if not is_number:
        return None
    last = await services.feed.last_number(topic)
    if int(text) > last:
        raise FromTheFuture(
            f"{name} {text} is from the future: the last event of this {topic.kind} so far is number {last}."
        )
    return int(text)
