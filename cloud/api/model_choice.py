"""Which models a user can choose, and the refusal of those they cannot, before a job is made."""

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel

from cloud.accounts.secrets import SecretUnreadable
from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.agent.catalogue import ListedModel
from cloud.agent.errors import ModelError
from cloud.agent.prices import TokenCounts, price_usd
from cloud.errors import Conflict

if TYPE_CHECKING:
    from cloud.api.dependencies import Services
    from cloud.db.engine import Transaction

_MTOK = 1_000_000
_UNREADABLE = "Your Claude key cannot be read any more, as the server's own key has changed; enter it again."


class PriceOut(BaseModel):
    """US dollars for a million tokens of a short prompt, and of an answer."""

    input: float
    output: float


class ModelOut(BaseModel):
    """A model that a job may name. `usd_per_mtok` is null where no price is known; its cost then counts as zero."""

    id: str
    name: str
    is_default: bool
    usd_per_mtok: PriceOut | None


class ModelsOut(BaseModel):
    """The models. `billed_to`: `user` (one's own key), `system`, or `nobody`. `notice`: why the list is short."""

    items: list[ModelOut]
    billed_to: str
    notice: str | None


class ModelNotUsable(Conflict):
    """The model that was named cannot be reached with any key that there is."""

    code = "model_needs_key"


async def demand_usable_model(services: "Services", transaction: "Transaction", owner: UUID, model: str | None) -> None:
    """Tell at once what the runner would find out. It asks no server. Raises: ModelNotUsable."""
    if model is None or model == OFFLINE_MODEL or services.models.api_key or services.models.base_url:
        return
    try:
        key = await services.model_keys.read(transaction, owner)
        services.models.for_user(key).choose(model)
    except SecretUnreadable:
        raise ModelNotUsable(_UNREADABLE) from None
    except ModelError as error:
        raise ModelNotUsable(str(error)) from None


async def models_for(services: "Services", owner: UUID) -> ModelsOut:
    """What the model picker shows. It never fails for want of the models' server."""
    try:
        async with services.database.sessions() as session:
            access = services.models.for_user(await services.model_keys.read(session, owner))
    except SecretUnreadable:
        return ModelsOut(
            items=[_shown(ListedModel(OFFLINE_MODEL, ""), OFFLINE_MODEL)], billed_to="nobody", notice=_UNREADABLE
        )
    default = access.choose(None)
    listed: list[ListedModel] = []
    notice = None
    if default != OFFLINE_MODEL:
        try:
            listed = await _listed(services, access)
        except ModelError as error:
            notice = str(error)
        if default not in {model.id for model in listed}:
            listed.insert(0, ListedModel(default, default))
    return ModelsOut(
        items=[_shown(model, default) for model in (*listed, ListedModel(OFFLINE_MODEL, ""))],
        billed_to=access.payer_of(default),
        notice=notice,
    )


async def _listed(services: "Services", access: ModelAccess) -> list[ListedModel]:
    found = await services.catalogue.models(access.api_key or "none", access.key_owner)
    return [model for model in found or [] if model.id != OFFLINE_MODEL]


def _shown(model: ListedModel, default: str) -> ModelOut:
    given, made = price_usd(model.id, TokenCounts(1_000)), price_usd(model.id, TokenCounts(output_tokens=1_000))
    priced = given is not None and made is not None
    per = _MTOK / 1_000
    return ModelOut(
        id=model.id,
        name=model.name or "Offline modeller (no key, no network)",
        is_default=model.id == default,
        usd_per_mtok=PriceOut(input=round((given or 0) * per, 4), output=round((made or 0) * per, 4))
        if priced
        else None,
    )
