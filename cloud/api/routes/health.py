"""Whether the process is alive, and whether it can serve."""

import asyncio
import logging

from fastapi import APIRouter

from cloud.api.dependencies import ServicesDep
from cloud.api.problems import documented
from cloud.api.schemas import Health
from cloud.db.engine import DATABASE_ERRORS
from cloud.db.migrate import is_served_by, newest_version
from cloud.errors import Unavailable
from cloud.storage.store import StoreUnavailable

log = logging.getLogger(__name__)

router = APIRouter(tags=["health"])

_PATIENCE_S = 3.0


@router.get("/healthz", summary="Alive")
async def get_health() -> Health:
    """The process answers; says nothing of what it depends on."""
    return Health(status="ok")


@router.get("/readyz", summary="Ready", responses=documented(503))
async def get_readiness(services: ServicesDep) -> Health:
    """The database answers and has the schema that this version needs, and the artifact store takes writes.

    A later version's schema will do: else a roll-out, which migrates first, would leave nobody to answer.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            version = await services.database.schema_version()
    except (*DATABASE_ERRORS, TimeoutError) as error:
        log.warning("not ready", extra={"error": f"{type(error).__name__}: {error}".splitlines()[0]})
        raise Unavailable("The database does not answer, or has no schema yet; see `prompt2mesh migrate`.") from error
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await services.store.check()
    except TimeoutError as error:
        log.warning("not ready", extra={"error": "the artifact store says nothing"})
        raise StoreUnavailable from error
    if not is_served_by(version):
        raise Unavailable(f"The database's schema is at {version}, not {newest_version()}; run `prompt2mesh migrate`.")
    return Health(status="ok")
