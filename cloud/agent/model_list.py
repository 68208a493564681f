"""Asks a server of the Messages API for its models. See `cloud.agent.catalogue`."""

import asyncio

import anthropic

from cloud.agent.catalogue import ListedModel
from cloud.agent.client import DEFAULT_BASE_URL
from cloud.agent.connections import http_client_for
from cloud.agent.model_errors import CALL_ERRORS, KeyOwner, ModelError, as_model_error

_TIMEOUT_S = 10.0
_MODELS_LIMIT = 200
# Of another server than the API itself: it lists no models, so that nothing can be tested there.
_NO_LIST = frozenset({404, 405, 501})


async def ask_for_models(key: str, base_url: str | None, owner: KeyOwner) -> list[ListedModel] | None:
    """See `list_models`."""
    client = anthropic.AsyncAnthropic(
        api_key=key,
        base_url=base_url or DEFAULT_BASE_URL,
        max_retries=0,
        timeout=_TIMEOUT_S,
        http_client=http_client_for(base_url),
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S), client:
            return await _read_list(client)
    except TimeoutError:
        raise ModelError(
            "The model's server did not answer in time; try again in a moment.", "model_unreachable"
        ) from None
    except anthropic.APIStatusError as error:
        if error.status_code in _NO_LIST:
            return None
        raise as_model_error(error, "", owner) from None
    except CALL_ERRORS as error:
        raise as_model_error(error, "", owner) from None
    except (ValueError, TypeError, AttributeError):  # a page of a proxy, say
        message = "What answers as the model's server does not speak the Messages API; check ANTHROPIC_BASE_URL."
        raise ModelError(message, "model_reply_invalid") from None


async def _read_list(client: anthropic.AsyncAnthropic) -> list[ListedModel]:
    models: list[ListedModel] = []
    page = await client.models.list(limit=100)
    if not isinstance(page.data, list):
        raise TypeError("no list of models")
    async for info in page:
        name = getattr(info, "display_name", None)
        models.append(ListedModel(str(info.id), name if isinstance(name, str) and name else str(info.id)))
        if len(models) >= _MODELS_LIMIT:
            break
    return models
