"""What a client says of the scene that it saw, and what holds it to that."""

from uuid import UUID

from cloud.api.schemas import SceneSeen
from cloud.db.engine import Transaction
from cloud.jobs.history.moves import Seen, lock_scene


def seen_by(body: SceneSeen | None) -> Seen | None:
    """The scene that the client saw; None where it does not say."""
    if body is None or "expected_head" not in body.model_fields_set:
        return None
    return Seen(body.expected_head)


async def demand_seen_scene(transaction: Transaction, project_id: UUID, body: SceneSeen) -> None:
    """Where the client says what it saw, the scene stays that until the transaction's end.

    Raises: SceneChanged, SceneBusy.
    """
    seen = seen_by(body)
    if seen is not None:
        await lock_scene(transaction, project_id, seen)
