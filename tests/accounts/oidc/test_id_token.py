"""Id tokens that must not be believed, from a provider that is otherwise right: through the whole flow."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from tests.accounts.oidc.conftest import Browser
from tests.support.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    Forge,
    Key,
    OpenIdProvider,
    key_for,
    signed,
)

NOW = int(time.time())
WRONG = (403, "oidc_id_token_wrong")
_STRANGER = RSAKey.generate_key(2048, parameters={"kid": "stranger"})


def outcome(browser: Browser) -> tuple[int, str]:
    response = browser.sign_in("grace")
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"nonce": "another"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"nonce": ["a", "b"]}, id="a list of nonces"),
        pytest.param({"aud": "another-client"}, id="another audience"),
        pytest.param({"aud": "another-client", "azp": CLIENT_ID}, id="another audience by way of us"),
        pytest.param({"aud": ["another-client"]}, id="a list with another audience"),
        pytest.param({"aud": [CLIENT_ID, "another-client"]}, id="two audiences and no azp"),
        pytest.param({"aud": [CLIENT_ID, "another-client"], "azp": "another-client"}, id="for another party"),
        pytest.param({"azp": "another-client"}, id="another azp"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": CLIENT_ID.upper()}, id="nearly the audience"),
        pytest.param({"aud": []}, id="nobody"),
        pytest.param({"aud": {CLIENT_ID: 1}}, id="an audience of the wrong kind"),
        pytest.param({"iss": "https://evil.example"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"exp": NOW - 3600}, id="expired"),
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"exp": "tomorrow"}, id="an expiry of the wrong kind"),
        pytest.param({"iat": NOW + 3600}, id="from the future"),
        pytest.param({"iat": None}, id="no time"),
        pytest.param({"nbf": NOW + 3600}, id="not yet"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"sub": ""}, id="an empty subject"),
        pytest.param({"sub": 7}, id="a number for a subject"),
        pytest.param({"sub": "x" * 256}, id="a long subject"),
        pytest.param({"sub": "grace\x00"}, id="a subject with a NUL"),
        pytest.param({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, id="of another access token"),
        pytest.param({"at_hash": 7}, id="an at_hash of the wrong kind"),
    ],
)
def test_wrong_claims_sign_nobody_in(browser: Browser, provider: OpenIdProvider, claims: Claims) -> None:
    provider.claims = claims
    assert outcome(browser) == WRONG


def test_two_audiences_are_believed_if_we_are_the_party(browser: Browser, provider: OpenIdProvider) -> None:
    provider.claims = {"aud": ["another-client", CLIENT_ID], "azp": CLIENT_ID}
    assert outcome(browser) == (201, "")


def test_clocks_may_differ_by_a_minute(browser: Browser, provider: OpenIdProvider) -> None:
    provider.claims = {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}
    assert outcome(browser) == (201, "")


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _none(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."


def _none_with_a_signature(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return f"{_part({**header, 'alg': 'None'})}.{_part(claims)}.{signed(header, claims, key).rpartition('.')[2]}"


def _hs256(secret: bytes) -> Forge:
    def forge(header: dict[str, Any], claims: Claims, key: Key) -> str:
        signed_part = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
        mac = hmac.digest(secret or key.as_pem(private=False), signed_part.encode(), "sha256")
        return f"{signed_part}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    return forge


def _stranger(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return signed(header, claims, _STRANGER)


def _own_key_in_the_header(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return signed({**header, "jwk": _STRANGER.as_dict(private=False)}, claims, _STRANGER)


def _own_key_by_address(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return signed({**header, "kid": "stranger", "jku": "http://127.0.0.1:9/keys"}, claims, _STRANGER)


def _changed(header: dict[str, Any], claims: Claims, key: Key) -> str:
    head, _, signature = signed(header, claims, key).split(".")
    return f"{head}.{_part({**claims, 'sub': 'root'})}.{signature}"


def _critical(header: dict[str, Any], claims: Claims, key: Key) -> str:
    """A header that must be understood, and is not (RFC 7515, section 4.1.11)."""
    registry = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    registry.check_header = lambda header: None
    return jws.serialize_compact(
        {**header, "crit": ["https://evil.example/x"], "https://evil.example/x": 1},
        json.dumps(claims).encode(),
        key,
        registry=registry,
    )


def _other_algorithm(header: dict[str, Any], claims: Claims, key: Key) -> str:
    return signed({**header, "alg": "ES256"}, claims, key_for("ES256"))


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(_none, id="alg none"),
        pytest.param(_none_with_a_signature, id="alg None with a signature"),
        pytest.param(_hs256(b""), id="HS256 by the public key"),
        pytest.param(_hs256(CLIENT_SECRET.encode()), id="HS256 by the client secret"),
        pytest.param(_stranger, id="another's key by our key's name"),
        pytest.param(_own_key_in_the_header, id="a key in its own header"),
        pytest.param(_own_key_by_address, id="a key at an address in its header"),
        pytest.param(_changed, id="changed after it was signed"),
        pytest.param(_critical, id="a critical header that nobody knows"),
        pytest.param(_other_algorithm, id="a key of another kind"),
        pytest.param(lambda header, claims, key: "", id="empty"),
        pytest.param(lambda header, claims, key: "a.b.c", id="no token"),
        pytest.param(lambda header, claims, key: "x" * 400_000, id="huge"),
        pytest.param(lambda header, claims, key: f"{_part([])}.{_part([])}.AAAA", id="lists"),
        pytest.param(lambda header, claims, key: f"{'W' * 9000}.{_part(claims)}.AAAA", id="a header too long"),
        pytest.param(lambda header, claims, key: signed(header, claims, key) + ".x.y", id="five parts"),
        pytest.param(lambda header, claims, key: f"{_part({})}.{_part(claims)}.AAAA", id="an empty header"),
        pytest.param(
            lambda header, claims, key: f"{_part({**header, 'kid': 7})}.{_part(claims)}.AAAA", id="a kid of 7"
        ),
        pytest.param(
            lambda header, claims, key: f"{_part({**header, 'alg': []})}.{_part(claims)}.AAAA", id="alg a list"
        ),
    ],
)
def test_forged_tokens_sign_nobody_in(browser: Browser, provider: OpenIdProvider, forge: Forge) -> None:
    provider.forge = forge
    assert outcome(browser) == WRONG
