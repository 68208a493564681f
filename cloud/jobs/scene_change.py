"""What a job changed of the scene that it began with: measured, not said by anybody."""

import logging
from typing import TYPE_CHECKING, Any

from cloud.jobs.events import SceneChange
from cloud.jobs.progress.queries import snapshot_row
from cloud.jobs.storable import storable

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

_NAMES_AT_MOST = 100
_LISTS = ("added", "removed", "modified", "moved", "remeshed", "rematerialled")

logger = logging.getLogger(__name__)


async def scene_change(work: "JobWork", toolbox: "PodToolbox") -> SceneChange | None:
    """The difference from the job's base to the scene as it stands; None for a scene that began empty, or untouched.

    A difference that the pod cannot tell costs itself alone. Raises: ArtifactMissing, PodLost, PodNotReady.
    """
    changed = await difference_to_base(work, toolbox) if work.recorder.snapshots else None
    return change_of(changed) if changed is not None else None


async def difference_to_base(work: "JobWork", toolbox: "PodToolbox") -> dict[str, Any] | None:
    """What the pod says of the difference from the job's base to the scene as it stands.

    None: the job began with an empty scene, or the pod cannot tell. Raises: ArtifactMissing, PodLost, PodNotReady.
    """
    if work.job.base_snapshot_id is None:
        return None
    async with work.services.database.sessions() as session:
        base = await snapshot_row(session, work.job.base_snapshot_id)
    if base is None:
        return None
    result = await toolbox.difference(base.sha256, toolbox.scene)
    changed = result.structured.get("changed")
    if result.is_error or not isinstance(changed, dict):
        logger.warning("no difference to the scene before", extra={"job_id": str(work.job.id)})
        return None
    return changed


def is_nothing(changed: dict[str, Any]) -> bool:
    """Whether two scenes are the same in all that the pod measures."""
    return not any(changed.get(kind) for kind in ("counts", "renamed", "settings"))


def change_of(changed: dict[str, Any]) -> SceneChange:
    """What the pod says of a difference, as the clients get it: the lists cut, with how many there are in all."""
    facts = storable(changed)
    counts = facts.get("counts") or {}
    return SceneChange(
        summary=str(facts.get("summary", "")),
        **{kind: [str(name) for name in facts.get(kind) or []][:_NAMES_AT_MOST] for kind in _LISTS},
        renamed=dict(list((facts.get("renamed") or {}).items())[:_NAMES_AT_MOST]),
        counts={kind: int(counts[kind]) for kind in _LISTS if kind in counts},
    )
