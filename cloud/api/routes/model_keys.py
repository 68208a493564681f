"""One's own Claude key, and the models that can be chosen with it."""

import datetime as dt

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cloud.accounts.model_keys.keys import KEY_PATTERN, checked_key
from cloud.agent.catalogue import list_models
from cloud.agent.errors import ModelError
from cloud.api.dependencies import OriginDep, OwnerDep, ServicesDep, TransactionDep
from cloud.api.model_choice import ModelsOut, models_for
from cloud.api.problems import documented
from cloud.db.models import ModelKey
from cloud.errors import InvalidInput, Unavailable

router = APIRouter(tags=["model keys"])
models = APIRouter(tags=["model keys"])

_LASTING = frozenset({"model_key_refused", "model_forbidden", "model_billing"})


class ModelKeyIn(BaseModel):
    """A Claude key. It is tested, kept encrypted, and never shown again."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key: SecretStr = Field(min_length=1, max_length=2_000, json_schema_extra={"pattern": rf"^\s*{KEY_PATTERN}\s*$"})


class ModelKeyOut(BaseModel):
    """What is shown of a key: its last characters. `tested_at` is null where its server has nothing to test it with."""

    hint: str
    created_at: dt.datetime
    tested_at: dt.datetime | None


class KeyRefused(InvalidInput):
    """The key that was entered does not work."""

    code = "model_key_refused"


class KeyNotTested(Unavailable):
    """The key could not be tested now."""

    code = "model_unreachable"


@router.put(
    "/account/model-key",
    summary="Enter one's own Claude key",
    operation_id="put_model_key",
    responses=documented(409, 422, 503),
)
async def put_model_key(body: ModelKeyIn, owner: OwnerDep, services: ServicesDep, origin: OriginDep) -> ModelKeyOut:
    """From the next job on, one's model calls are made and billed with this key. It replaces any earlier one.

    It is tested by listing its models; a key that is refused is not kept, nor is one that cannot be tested just now.
    """
    key = checked_key(body.key.get_secret_value())
    services.model_keys.demand_safe()
    try:
        tested = await list_models(key, services.models.base_url, "user") is not None
    except ModelError as error:
        if error.code in _LASTING:
            raise KeyRefused(f"The key does not work, so it was not kept: {_as_clause(error)}") from None
        raise KeyNotTested(f"The key could not be tested, so it was not kept: {_as_clause(error)}") from None
    async with services.database.sessions.begin() as session:
        return _shown(await services.model_keys.put(session, owner, key, origin, tested=tested))


@router.get("/account/model-key", summary="Look at one's own Claude key", responses=documented(404))
async def get_model_key(owner: OwnerDep, transaction: TransactionDep, services: ServicesDep) -> ModelKeyOut:
    """Its hint, and when it was entered and tested; never the key."""
    return _shown(await services.model_keys.shown(transaction, owner))


@router.delete("/account/model-key", status_code=204, summary="Remove one's own Claude key")
async def delete_model_key(
    owner: OwnerDep, transaction: TransactionDep, services: ServicesDep, origin: OriginDep
) -> None:
    """Jobs that have begun with it and are at work go on with it; one that has to begin again fails and says so."""
    await services.model_keys.remove(transaction, owner, origin)


@models.get("/models", summary="List the models that can be chosen")
async def list_usable_models(owner: OwnerDep, services: ServicesDep) -> ModelsOut:
    """Those of one's own key, else of the deployment's; the offline modeller always. `notice` says what is amiss."""
    return await models_for(services, owner)


def _shown(row: ModelKey) -> ModelKeyOut:
    return ModelKeyOut(hint=row.hint, created_at=row.created_at, tested_at=row.tested_at)


def _as_clause(error: ModelError) -> str:
    said = str(error)
    return said[:1].lower() + said[1:]
