"""The settings of an OpenID provider: all of them, or none."""

from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from cloud.accounts.secrets import new_key
from cloud.api.app import create_app
from cloud.api.oidc_setup import oidc_client_of
from cloud.errors import InvalidInput
from cloud.settings import Settings
from tests.conftest import serve_api

NOWHERE = "postgresql://nowhere/none"
WHOLE: dict[str, Any] = {
    "oidc_issuer": "https://id.example",
    "oidc_client_id": "p2m",
    "oidc_client_secret": SecretStr("planted-client-secret"),
    "secret_keys": SecretStr(new_key()),
}


def start_with(**changed: Any) -> None:
    create_app(Settings(database_url=NOWHERE, **(WHOLE | changed)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"oidc_issuer": ""}, "P2M_OIDC_ISSUER is not set"),
        ({"oidc_client_id": " "}, "P2M_OIDC_CLIENT_ID is not set"),
        ({"oidc_client_secret": None}, "P2M_OIDC_CLIENT_SECRET is not set"),
        ({"oidc_client_secret": SecretStr("")}, "P2M_OIDC_CLIENT_SECRET is not set"),
        ({"oidc_client_id": "", "oidc_client_secret": None}, "P2M_OIDC_CLIENT_ID and P2M_OIDC_CLIENT_SECRET are not"),
        ({"oidc_issuer": "http://id.example"}, "must be an https address"),
        ({"oidc_issuer": "http://127.0.0.1.evil.example"}, "must be an https address"),
        ({"oidc_issuer": "http://localhost@evil.example"}, "must be an https address"),
        ({"oidc_issuer": "id.example"}, "must be an https address"),
        ({"oidc_issuer": "https://id.example/?tenant=1"}, "must be an https address"),
        ({"oidc_redirect_url": "https://p2m.example/back"}, "ends with /v1/oidc/callback"),
        ({"oidc_redirect_url": "http://p2m.example/v1/oidc/callback"}, "must be an https address"),
        ({"secret_keys": None}, "needs P2M_SECRET_KEYS"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_half_set_or_wrong_provider_stops_the_start(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        start_with(**changed)
    assert "planted-client-secret" not in str(caught.value)


@pytest.mark.parametrize("issuer", ["https://id.example/realms/x", "http://127.0.0.1:8080", "http://[::1]:1", ""])
def test_good_or_no_settings_start(issuer: str) -> None:
    if issuer:
        start_with(oidc_issuer=issuer)
    else:
        create_app(Settings(database_url=NOWHERE))


def test_secret_is_in_no_text_of_the_settings() -> None:
    settings = Settings(database_url=NOWHERE, **WHOLE)
    assert "planted-client-secret" not in repr(settings) + repr(oidc_client_of(settings))


def test_name_of_the_button_is_the_providers_host_by_default() -> None:
    client = oidc_client_of(Settings(database_url=NOWHERE, **WHOLE))
    assert client is not None
    assert client.name == "id.example"


def test_without_a_provider_every_way_is_closed(database_url: str) -> None:
    with serve_api(Settings(database_url=database_url)) as api, httpx2.Client(base_url=api.url) as http:
        assert http.get("/v1/sign-in/options").json()["oidc"] is None
        assert http.get("/v1/oidc/login").json()["code"] == "oidc_off"
        assert http.get("/v1/oidc/callback?state=x&code=y").json()["code"] == "oidc_off"
        redeemed = http.post("/v1/oidc/sessions", json={"code": "x", "browser": "y"})
        assert (redeemed.status_code, redeemed.json()["code"]) == (404, "oidc_off")


def test_address_that_a_caller_names_is_not_believed(database_url: str) -> None:
    """Host headers are anybody's: the callback is below P2M_PUBLIC_URL, or on this machine."""
    settings = Settings(database_url=database_url, public_url="https://p2m.example", **WHOLE)
    with serve_api(settings) as api, httpx2.Client(base_url=api.url) as http:
        options = http.get("/v1/sign-in/options", headers={"Host": "evil.example"}).json()["oidc"]
        assert options["url"] == "https://p2m.example/v1/oidc/login"
        assert options["cookie"] == "__Host-p2m_oidc"
    local = Settings(database_url=database_url, public_url="http://127.0.0.1:9", **WHOLE)
    with serve_api(local) as api, httpx2.Client(base_url=api.url) as http:
        assert http.get("/v1/sign-in/options", headers={"Host": "evil.example"}).json()["oidc"] is None
