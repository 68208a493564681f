"""The script of any step of a project's history."""

import asyncio
from uuid import UUID

from cloud.db.engine import Transaction
from cloud.jobs.history.queries import project_of
from cloud.jobs.queries import chain_to
from cloud.jobs.script import ScriptStep, replay_script, seed_of_project


async def script_of(session: Transaction, snapshot_id: UUID) -> str:
    """The Python file that rebuilds this snapshot from the empty scene, under plain `bpy`."""
    project = await project_of(session, snapshot_id)
    steps = [
        ScriptStep(title=snapshot.title, code=snapshot.code, job=str(snapshot.run_id or snapshot.job_id), prompt=prompt)
        for snapshot, prompt in await chain_to(session, snapshot_id)
    ]
    # In a thread: parsing long code takes seconds, and heartbeats must go on.
    return await asyncio.to_thread(replay_script, steps, seed_of_project(project))
