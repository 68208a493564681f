"""Projects, their history and their parameters."""

from uuid import uuid4

from cloud.agent.scene_data import scene_data, visible
from cloud.api.gateway import arguments as given
from cloud.api.gateway.caller import Caller, say, short
from cloud.api.gateway.job_tools import answer_of_job
from cloud.api.gateway.named import find_project, find_snapshot, scene_seen
from cloud.api.gateway.pod_tools import Answer
from cloud.api.gateway.waits import taken_back, wait_for, when_free
from cloud.db.engine import Transaction
from cloud.db.models import Project
from cloud.errors import InvalidInput
from cloud.jobs.calls import queries as calls
from cloud.jobs.history import moves
from cloud.jobs.history import queries as history
from cloud.jobs.parameters.changes import NoScene, read_scene, request_change
from cloud.jobs.parameters.scene import SceneParameter, shown
from cloud.projects import queries as projects
from cloud.projects.names import checked_project_name

_LISTED = 30
_STEPS_LISTED = 20
_TITLE_CHARS = 100


async def on_projects(caller: Caller, asked: given.Projects) -> Answer:
    """List, create or choose. Raises: ScopeMissing, InvalidInput, NotFound, SeveralMeant."""
    async with caller.services.database.sessions.begin() as session:
        match asked.action:
            case "create":
                caller.demand_build()
                project = await projects.add_project(session, caller.owner, checked_project_name(asked.name))
                return [say(f"Project {short(project.id)} is made, its scene is empty. Name it in each call.")], False
            case "choose":
                project = await find_project(session, caller.owner, asked.name)
                return [say(await _told_project(session, project))], False
            case _:
                return [say(await _told_projects(session, caller, asked.name))], False


async def on_history(caller: Caller, asked: given.History) -> Answer:
    """List the steps, or move the scene. Raises: ScopeMissing, NotFound, what the moves raise."""
    if asked.action == "list":
        async with caller.services.database.sessions() as session:
            project = await find_project(session, caller.owner, asked.project)
            return [say(await _told_steps(session, project))], False
    caller.demand_build()
    if asked.action == "restore" and not asked.to:
        raise InvalidInput("Say with `to` which snapshot to restore: its id, its label, or empty.")

    async def move(session: Transaction) -> Project:
        project = await find_project(session, caller.owner, asked.project)
        seen = await scene_seen(session, project, asked.expected_head)
        if asked.action == "undo":
            return await moves.undo(session, project.id, seen)
        if asked.action == "redo":
            return await moves.redo(session, project.id, seen)
        wanted = await find_snapshot(session, project, asked.to)
        return await moves.restore(session, project.id, wanted.id if wanted else None, seen)

    moved = await when_free(caller, move)
    head = f"snapshot {short(moved.head_snapshot_id)}" if moved.head_snapshot_id else "empty"
    return [say(f"The scene is {head} now.")], False


async def on_parameters(caller: Caller, asked: given.Parameters) -> Answer:
    """List them, or make the scene anew with other values. Raises: ScopeMissing, NotFound, what changing raises."""
    if not asked.values:
        async with caller.services.database.sessions() as session:
            scene = await read_scene(session, await find_project(session, caller.owner, asked.project))
        lines = [_told_parameter(each) for each in scene.parameters]
        return [say(scene_data("\n".join(lines)) if lines else "The scene's code names no parameters.")], False
    caller.demand_build()
    job_id = uuid4()

    async def change(session: Transaction) -> None:
        project = await find_project(session, caller.owner, asked.project)
        seen = await scene_seen(session, project, asked.expected_head)
        if seen is not None and seen.head is None:
            raise NoScene
        expected = seen.head if seen else None
        await request_change(session, project, asked.values, expected, caller.services.settings, job_id=job_id)

    async with taken_back(caller, job_id):
        await when_free(caller, change)
        await wait_for(caller, job_id, caller.patience_s)
        return await answer_of_job(caller, job_id)


async def _told_projects(session: Transaction, caller: Caller, name: str) -> str:
    page = await projects.list_projects(session, caller.owner, None, _LISTED)
    rows = [row for row in page.rows if name.lower() in row.name.lower()]
    steps = await calls.steps_of(session, [row.id for row in rows])
    lines = [f"{short(row.id)}  {visible(row.name)}  ({steps.get(row.id, 0)} steps)" for row in rows]
    if page.next_cursor:
        lines.append(f"… and older ones: these are the newest {_LISTED}.")
    return "\n".join(lines) if lines else "There are none; make one with action create."


async def _told_project(session: Transaction, project: Project) -> str:
    name = visible(project.name)
    return f"Project {short(project.id)}, {name!r}: name it in each call.\n{await _told_steps(session, project)}"


async def _told_steps(session: Transaction, project: Project) -> str:
    page = await history.list_steps(session, project.id, None, _STEPS_LISTED)
    if not page.rows:
        return "The scene is empty, and there are no steps."
    lines = [f"The scene is snapshot {short(project.head_snapshot_id)}. Newest first:"]
    for step in page.rows:
        snapshot = step.snapshot
        label = f" [{snapshot.label}]" if snapshot.label else ""
        changed = f": {snapshot.changed}" if snapshot.changed else ""
        title = visible(f"{snapshot.title[:_TITLE_CHARS]}{label}{changed}").replace("\n", " ")
        lines.append(f"{short(snapshot.id)} <- {short(snapshot.parent_id)}  {title}")
    if page.next_cursor:
        lines.append("… and older ones.")
    return "\n".join(lines)


def _told_parameter(each: SceneParameter) -> str:
    parameter = each.parameter
    low, high = parameter.min, parameter.max
    span = "" if low is None or high is None else f" ({low:g} to {high:g})"
    told = parameter.description or each.label
    return f"{each.id} = {shown(parameter.value)}{f' {parameter.unit}' if parameter.unit else ''}{span}: {told}"
