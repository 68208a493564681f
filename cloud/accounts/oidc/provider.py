"""The OpenID provider: what it says of itself, where it wants browsers, and what it gives for their codes.

Its documents are kept for an hour. A token that is signed with none of the keys that we know has them fetched again,
once: the provider may have changed its keys.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, Field, ValidationError, field_validator

from cloud.accounts.oidc.addresses import is_trusted
from cloud.accounts.oidc.errors import ProviderSaidNo, ProviderUnreachable
from cloud.accounts.oidc.id_token import KeyUnknown, Person, read_id_token
from cloud.accounts.oidc.transport import CALL_LIMIT_S, client_options

SCOPE = "openid profile email"
_KEPT_S = 3600.0
_DISCOVERY = "/.well-known/openid-configuration"
_Model = TypeVar("_Model", bound=BaseModel)
_AuthMethod = Literal["client_secret_basic", "client_secret_post"]


class Metadata(BaseModel):
    """What we need of the discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = Field(default=["client_secret_basic"])
    authorization_response_iss_parameter_supported: bool = False

    @field_validator("authorization_endpoint", "token_endpoint", "jwks_uri")
    @classmethod
    def _is_trusted(cls, value: str) -> str:
        if not is_trusted(value):
            raise ValueError("it is no https address")
        return value

    @property
    def auth_method(self) -> _AuthMethod:
        """How we show the client secret."""
        offered = self.token_endpoint_auth_methods_supported
        is_post = "client_secret_basic" not in offered and "client_secret_post" in offered
        return "client_secret_post" if is_post else "client_secret_basic"


class _TokenAnswer(BaseModel):
    id_token: str
    access_token: str | None = None


class _Jwks(BaseModel):
    keys: list[dict[str, Any]]


@dataclass(frozen=True)
class Client:
    """What the provider knows us by, and we it. `name` is what people call it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str


class Provider:
    """One provider, for as long as the app runs. Belongs to one event loop."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = asyncio.Lock()
        self._known: tuple[Metadata, KeySet] | None = None
        self._known_until = 0.0
        self._failed: tuple[float, ProviderUnreachable] | None = None

    @property
    def name(self) -> str:
        return self.client.name

    async def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises: ProviderUnreachable."""
        metadata, _ = await self._documents()
        async with self._oauth(metadata, redirect_uri) as oauth:
            url, _ = oauth.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return url

    async def demands_iss(self) -> bool:
        """Whether it names itself in each answer that a browser brings (RFC 9207). Raises: ProviderUnreachable."""
        return (await self._documents())[0].authorization_response_iss_parameter_supported

    async def person_of(self, code: str, *, redirect_uri: str, nonce: str, verifier: str) -> Person:
        """Who has signed in there. The code is worth nothing afterwards.

        Raises: ProviderSaidNo, ProviderUnreachable, IdTokenWrong.
        """
        metadata, keys = await self._documents()
        answer = await self._redeem(metadata, code, redirect_uri, verifier)
        for may_be_stale in (True, False):
            try:
                return read_id_token(answer.id_token, keys, self.client, nonce, answer.access_token)
            except KeyUnknown:
                if not may_be_stale:
                    raise
                _, keys = await self._documents(instead_of=keys)
        raise AssertionError

    async def _redeem(self, metadata: Metadata, code: str, redirect_uri: str, verifier: str) -> _TokenAnswer:
        try:
            async with asyncio.timeout(CALL_LIMIT_S), self._oauth(metadata, redirect_uri) as oauth:
                found = await oauth.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    redirect_uri=redirect_uri,
                )
            return _TokenAnswer.model_validate(dict(found))
        except OAuthError as error:
            raise ProviderSaidNo(self.name, str(error.error)) from None
        except (httpx2.HTTPError, TimeoutError, ValueError, TypeError, RecursionError) as error:
            raise ProviderUnreachable(self.name, f"token endpoint: {_why(error)}") from None

    @asynccontextmanager
    async def _oauth(self, metadata: Metadata, redirect_uri: str) -> AsyncIterator[AsyncOAuth2Client]:
        oauth: Any = AsyncOAuth2Client(  # of httpx's client, which Authlib's types do not tell
            client_id=self.client.client_id,
            client_secret=self.client.client_secret,
            token_endpoint_auth_method=metadata.auth_method,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            **client_options(self.client.issuer),
        )
        async with oauth:
            yield oauth

    async def _documents(self, instead_of: KeySet | None = None) -> tuple[Metadata, KeySet]:
        """What the provider says of itself, and its keys; fetched anew if they are old, or still `instead_of`."""
        asked_at = time.monotonic()
        async with self._lock:
            known = self._known
            if known is None or known[1] is instead_of or time.monotonic() > self._known_until:
                if self._failed is not None and self._failed[0] > asked_at:
                    raise self._failed[1]  # whoever waited for this fetch need not wait for one more
                try:
                    known = self._known = await self._fetch_documents()
                except ProviderUnreachable as error:
                    self._failed = time.monotonic(), error
                    raise
                self._known_until = time.monotonic() + _KEPT_S
            return known

    async def _fetch_documents(self) -> tuple[Metadata, KeySet]:
        issuer = self.client.issuer
        try:
            async with asyncio.timeout(CALL_LIMIT_S), httpx2.AsyncClient(**client_options(issuer)) as http:
                metadata = await _get(http, issuer.rstrip("/") + _DISCOVERY, Metadata)
                if metadata.issuer != issuer:
                    raise ProviderUnreachable(self.name, f"it calls itself {metadata.issuer[:200]!r}, not {issuer!r}")
                jwks = await _get(http, metadata.jwks_uri, _Jwks)
            # Keys of kinds that we know; a key to encrypt with, or a secret, signs nothing that we take.
            return metadata, KeySet.import_key_set({"keys": [one for one in jwks.keys if one.get("use") != "enc"]})
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnreachable(self.name, f"documents: {_why(error)}") from None


async def _get(http: httpx2.AsyncClient, url: str, model: type[_Model]) -> _Model:
    response = await http.get(url)
    if response.status_code != httpx2.codes.OK:
        raise ValueError(f"{url} answers {response.status_code}")
    return model.model_validate_json(response.content)


def _why(error: Exception) -> str:
    """For the log: what went wrong, without what the provider sent."""
    if isinstance(error, ValidationError):
        where = ", ".join(".".join(str(part) for part in fault["loc"]) or "the whole" for fault in error.errors())
        return f"unusable: {where[:200]}"
    return f"{type(error).__name__} {str(error)[:200]}".strip()
