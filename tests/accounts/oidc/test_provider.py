"""Providers that change their keys, are slow, broken, or answer what no provider answers."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from cloud.accounts.oidc import provider as provider_module
from cloud.accounts.oidc.errors import ProviderUnreachable
from cloud.accounts.oidc.provider import Client, Provider
from cloud.settings import Settings
from tests.accounts.oidc.conftest import UI, Browser, code_in, oidc_settings
from tests.conftest import serve_api
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, signed

DISCOVERY = "/.well-known/openid-configuration"


def client_of(provider: OpenIdProvider) -> Client:
    return Client(provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example ID")


async def begin(provider: Provider) -> str:
    return await provider.authorization_url(
        redirect_uri="http://127.0.0.1:9/v1/oidc/callback", state="s", nonce="n", verifier="v" * 43
    )


def rotated(kid: str | None) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": kid} if kid else {})


def test_changed_keys_are_fetched_again_once(browser: Browser, provider: OpenIdProvider) -> None:
    assert browser.sign_in("grace").status_code == 201
    provider.use_key("RS256", rotated("of tomorrow"))
    before = provider.asked.get("/keys", 0)
    assert browser.sign_in("grace").status_code == 201
    assert provider.asked["/keys"] == before + 1
    assert browser.sign_in("grace").status_code == 201
    assert provider.asked["/keys"] == before + 1


def test_changed_key_of_the_same_name_is_fetched_again(browser: Browser, provider: OpenIdProvider) -> None:
    assert browser.sign_in("grace").status_code == 201
    provider.use_key("RS256", rotated(str(provider.key.kid)))
    assert browser.sign_in("grace").status_code == 201


def test_unknown_key_has_the_keys_fetched_once_a_sign_in(browser: Browser, provider: OpenIdProvider) -> None:
    browser.sign_in("grace")
    before = provider.asked.get("/keys", 0)
    stranger = rotated("stranger")
    provider.forge = lambda header, claims, key: signed({**header, "kid": "stranger"}, claims, stranger)
    assert browser.sign_in("grace").json()["code"] == "oidc_id_token_wrong"
    assert provider.asked["/keys"] == before + 1


async def test_documents_are_fetched_once_for_many(provider: OpenIdProvider) -> None:
    ours = Provider(client_of(provider))
    await asyncio.gather(*(begin(ours) for _ in range(10)))
    assert (provider.asked[DISCOVERY], provider.asked["/keys"]) == (1, 1)


def _metadata(**changed: Any) -> Callable[[OpenIdProvider], None]:
    return lambda provider: provider.metadata.update(changed)


def _answer(path: str, endpoint: Callable[[Request], Response]) -> Callable[[OpenIdProvider], None]:
    return lambda provider: provider.answers.update({path: endpoint})


def _endless(request: Request) -> Response:
    return StreamingResponse((b" " * 65536 for _ in range(10_000)), media_type="application/json")


def _packed(request: Request) -> Response:
    return Response(gzip.compress(b" " * 5_000_000), headers={"content-encoding": "gzip"})


BROKEN: dict[str, Callable[[Request], Response]] = {
    "an error": lambda request: JSONResponse({"error": "server_error"}, 500),
    "a page": lambda request: HTMLResponse("<h1>Maintenance</h1><script>alert(1)</script>"),
    "nothing": lambda request: Response(b""),
    "no object": lambda request: JSONResponse([1, 2]),
    "deep": lambda request: Response(b"[" * 200_000, media_type="application/json"),
    "not UTF-8": lambda request: Response(b"\xff\xfe{}", media_type="application/json"),
    "a redirect": lambda request: RedirectResponse("http://127.0.0.1:9/elsewhere", 307),
    "endless": _endless,
    "packed": _packed,
}


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("how", list(BROKEN))
async def test_broken_documents_are_one_error(provider: OpenIdProvider, path: str, how: str) -> None:
    provider.answers[path] = BROKEN[how]
    with pytest.raises(ProviderUnreachable, match=r"^Example ID does not answer as an OpenID provider should"):
        await begin(Provider(client_of(provider)))


@pytest.mark.parametrize("how", list(BROKEN))
def test_broken_token_endpoint_is_one_sentence(browser: Browser, provider: OpenIdProvider, how: str) -> None:
    provider.answers["/token"] = BROKEN[how]
    refused = browser.sign_in("grace")
    assert refused.status_code == 403
    assert refused.json()["code"] in {"oidc_provider_unreachable", "oidc_provider_said_no"}
    assert "script" not in refused.text


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"issuer": "https://evil.example"}, id="another issuer"),
        pytest.param({"token_endpoint": "http://evil.example/token"}, id="the secret in clear"),
        pytest.param({"authorization_endpoint": "http://evil.example/"}, id="browsers in clear"),
        pytest.param({"authorization_endpoint": "javascript:alert(1)"}, id="a script for an address"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="a file"),
        pytest.param({"jwks_uri": "https://user:password@evil.example/"}, id="a password in an address"),
        pytest.param({"jwks_uri": None}, id="no keys"),
    ],
)
async def test_provider_that_says_wrong_things_of_itself_is_refused(
    provider: OpenIdProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with pytest.raises(ProviderUnreachable):
        await begin(Provider(client_of(provider)))


async def test_provider_that_promises_its_name_must_give_it(provider: OpenIdProvider, database_url: str) -> None:
    """RFC 9207: who leaves it out is somebody else."""
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    with serve_api(Settings(database_url=database_url, **oidc_settings(provider))) as api:
        provider.redirect_uris.add(f"{api.url}/v1/oidc/callback")
        assert Browser(api).sign_in("grace").json()["code"] == "oidc_id_token_wrong"
        provider.extra = {"iss": provider.issuer}
        assert Browser(api).sign_in("grace").status_code == 201


def test_provider_that_is_away_leads_back_with_a_sentence(database_url: str, provider: OpenIdProvider) -> None:
    settings = oidc_settings(provider, oidc_issuer="http://127.0.0.1:9")
    with serve_api(Settings(database_url=database_url, **settings)) as api:
        browser = Browser(api)
        back = browser.begin()
        assert back.startswith(f"{UI}/?oidc=")
        refused = browser.redeem(code_in(back))
        assert (refused.status_code, refused.json()["code"]) == (403, "oidc_provider_unreachable")
        assert refused.json()["detail"].startswith("Example ID does not answer")


async def test_slow_provider_is_given_up_and_keeps_nobody_else_waiting(
    provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "CALL_LIMIT_S", 0.3)

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.05)

    provider.answers[DISCOVERY] = lambda request: StreamingResponse(drip())
    ours = Provider(client_of(provider))
    began = time.monotonic()
    outcomes = await asyncio.gather(*(begin(ours) for _ in range(20)), return_exceptions=True)
    assert {type(one) for one in outcomes} == {ProviderUnreachable}
    assert time.monotonic() - began < 4  # not 20 times 0.3 s
    provider.answers.clear()
    assert (await begin(ours)).startswith(f"{provider.issuer}/authorize?")
