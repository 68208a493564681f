"""A tool call as a job: what it holds, and how it gets into the queue."""

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cloud.agent.loop import step_title
from cloud.db.models import Job, Project
from cloud.errors import InvalidInput
from cloud.jobs.history.moves import Seen, lock_scene
from cloud.jobs.kinds import READING_TOOLS
from cloud.jobs.queue import enqueue
from cloud.jobs.storable import storable

if TYPE_CHECKING:
    from cloud.db.engine import Transaction
    from cloud.settings import Settings

CALLED_TOOLS = READING_TOOLS | {"run_python"}


async def request_call(
    session: "Transaction",
    project: Project,
    tool: str,
    arguments: dict[str, Any],
    settings: "Settings",
    *,
    job_id: UUID | None = None,
    seen: Seen | None = None,
    caller: str = "",
) -> Job:
    """Queue a call of one of the pod's tools on the project's scene (`job_id`: its id), behind the user's other jobs.

    `caller` names the request that waits for it, so that its client can take it back: see `caller_key`.
    Raises: InvalidInput: no such tool. SceneChanged, SceneBusy: with `seen`. What `admit` raises.
    """
    if tool not in CALLED_TOOLS:
        raise InvalidInput(f"There is no tool {tool[:60]!r} to call; there are: {', '.join(sorted(CALLED_TOOLS))}.")
    if seen is not None:
        await lock_scene(session, project.id, seen)
    kept = storable(arguments)
    request = {"tool": tool, "title": step_title(tool, kept.get("title")), "arguments": kept, "formats": []}
    job = Job(
        id=job_id or uuid4(),
        user_id=project.user_id,
        project_id=project.id,
        kind="call",
        prompt="",
        request=request | ({"caller": caller} if caller else {}),
    )
    await enqueue(session, job, settings)
    return job


def caller_key(identity: UUID, session: str, request_id: str | int) -> str:
    """What names a client's request: ids of requests are only its own, `identity` is its token's or session's."""
    return f"{identity}:{session}:{type(request_id).__name__}:{request_id}"[:300]
