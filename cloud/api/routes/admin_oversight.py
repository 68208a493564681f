"""The deployment's health and cost, for admins. The fleet belongs to the runners: what is told of them the database
knows."""

import datetime as dt
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud.api.dependencies import ServicesDep, TransactionDep
from cloud.api.oversight_shapes import ClaimOut, DeploymentHealth, DeploymentUsage, PartHealth, RunnerOut
from cloud.api.problems import documented
from cloud.api.routes.usage import get_days
from cloud.api.schemas import Page
from cloud.api.usage_shapes import group_out, sums_out
from cloud.db.migrate import newest_version
from cloud.jobs.claims import queries as claims
from cloud.jobs.ledger import queries as ledger
from cloud.jobs.quotas.queries import count_unfinished
from cloud.jobs.retention.queries import used_bytes
from cloud.storage.store import ArtifactStore, StoreUnavailable

router = APIRouter(prefix="/admin", tags=["admin"])

_SHOWN_AT_MOST = 100
# So long a job waits now and then where each runner is busy.
_LONG_WAIT_S = 300.0
_SLOW_MS = 500.0


@router.get("/health", summary="How the deployment is")
async def get_deployment_health(
    transaction: TransactionDep, services: ServicesDep, request: Request
) -> DeploymentHealth:
    """Its parts as the API sees them now: itself, the database, the store, the queue, and the runners."""
    version = request.app.version
    began = time.perf_counter()
    size = await claims.database_bytes(transaction)
    database_ms = (time.perf_counter() - began) * 1000
    schema = await services.database.schema_version()
    runners = [RunnerOut(address=address, since=since) for address, since in await claims.runners(transaction)]
    queued, running = await count_unfinished(transaction)
    first = await claims.oldest_waiting(transaction)
    waited_s = None if first is None else max(0.0, (dt.datetime.now(dt.UTC) - first).total_seconds())
    return DeploymentHealth(
        parts=[
            PartHealth(name="api", is_well=True, says=f"It answers; version {version}."),
            _database(database_ms, schema),
            await _storage(services.store),
            _runners(len(runners)),
            _queue(queued, waited_s),
        ],
        version=version,
        schema_version=schema,
        database_ms=round(database_ms, 1),
        database_bytes=size,
        storage_bytes=await used_bytes(transaction, None),
        queued_jobs=queued,
        running_jobs=running,
        oldest_waiting_s=waited_s,
        runners=runners,
    )


@router.get("/claims", summary="What runs, and whether its runner lives")
async def list_claims(transaction: TransactionDep) -> Page[ClaimOut]:
    """The running jobs of all users, the oldest first, in one page of 100 at most, without what they are about."""
    return Page(items=[ClaimOut(**vars(claim)) for claim in await claims.claims(transaction, _SHOWN_AT_MOST)])


@router.get("/usage", summary="What model calls of all users have cost", responses=documented(422))
async def get_deployment_usage(
    days: Annotated[ledger.Window, Depends(get_days)], transaction: TransactionDep
) -> DeploymentUsage:
    """By day, model, payer and user. Deleted projects count; deleted accounts do not."""
    groups = {
        name: [group_out(value, sums) for value, sums in await ledger.sums_by(transaction, days, name)]
        for name in ("day", "model", "billed_to")
    }
    dearest = await ledger.sums_by_user(transaction, days, _SHOWN_AT_MOST)
    return DeploymentUsage(
        totals=sums_out(await ledger.sums_of(transaction, days)),
        by_day=groups["day"],
        by_model=groups["model"],
        by_payer=groups["billed_to"],
        by_user=[group_out(name, sums) for name, sums in dearest],
    )


def _database(answered_ms: float, schema: str) -> PartHealth:
    newest = newest_version()
    if schema != newest:
        says = f"Its schema is at {schema}, not {newest}; run `prompt2mesh migrate`."
    else:
        says = f"It answers within {answered_ms:.0f} ms; its schema is the newest."
    return PartHealth(name="database", is_well=schema == newest and answered_ms < _SLOW_MS, says=says)


async def _storage(store: ArtifactStore) -> PartHealth:
    try:
        await store.check()
    except StoreUnavailable as error:
        return PartHealth(name="storage", is_well=False, says=str(error))
    return PartHealth(name="storage", is_well=True, says="It takes writes.")


def _runners(number: int) -> PartHealth:
    if not number:
        says = "None is connected, so no job begins; start one with `prompt2mesh worker`."
    else:
        says = f"{number} connected."
    return PartHealth(name="runners", is_well=number > 0, says=says)


def _queue(queued: int, waited_s: float | None) -> PartHealth:
    if waited_s is None:
        return PartHealth(name="queue", is_well=True, says="Nothing waits.")
    is_well = waited_s < _LONG_WAIT_S
    says = f"{queued} waiting, the first for {waited_s:.0f} s" + ("." if is_well else "; start more runners.")
    return PartHealth(name="queue", is_well=is_well, says=says)
