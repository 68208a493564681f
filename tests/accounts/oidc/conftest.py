"""The API with an OpenID provider beside it, and browsers of people who sign in."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from cloud.accounts.secrets import new_key
from cloud.settings import Settings
from tests.conftest import RunningApi, serve_api
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, openid_provider

UI = "http://127.0.0.1:9"
COOKIE = "p2m_oidc"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates that nobody needs takes 0.17 s
PASSWORD = "correct horse battery staple"


@dataclass
class Browser:
    """A browser as far as a sign-in needs one: it keeps cookies and follows redirects by hand."""

    api: RunningApi
    http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=20, trust_env=False, verify=_NO_TLS))

    def begin(self, **query: str) -> str:
        """Press the button. Returns: the provider's address (or the UI's, if it came back at once)."""
        response = self.http.get(f"{self.api.url}/v1/oidc/login", params=query)
        assert response.status_code == 303, response.text
        return response.headers["location"]

    def answer(self, address: str, subject: str, answer: str = "yes") -> str:
        """Sign in at the provider. Returns: our callback's address, with what the provider sends along."""
        assert self.http.get(address).status_code == 200
        form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        response = self.http.post(urljoin(address, "/decide"), data={**form, "subject": subject, "answer": answer})
        assert response.status_code == 303, response.text
        return response.headers["location"]

    def come_back(self, callback: str) -> str:
        """Go to the callback. Returns: the code in the web UI's address."""
        response = self.http.get(callback)
        assert response.status_code == 303, response.text
        return code_in(response.headers["location"])

    def fetch_code(self, subject: str, **query: str) -> str:
        """The whole way there and back."""
        return self.come_back(self.answer(self.begin(**query), subject))

    @property
    def cookie(self) -> str:
        return self.http.cookies.get(COOKIE) or ""

    def redeem(self, code: str, cookie: str | None = None) -> httpx2.Response:
        """As the web UI does."""
        body = {"code": code, "browser": (cookie or self.cookie) or "none"}
        return self.http.post(f"{self.api.url}/v1/oidc/sessions", json=body)

    def sign_in(self, subject: str, **query: str) -> httpx2.Response:
        """The whole sign-in. Returns: the answer to the redeeming."""
        return self.redeem(self.fetch_code(subject, **query))


def code_in(address: str) -> str:
    """The code in an address of the web UI."""
    query = parse_qs(urlsplit(address).query)
    return (query.get("oidc") or query["connect"])[0]


def client_of(api: RunningApi, token: str) -> httpx2.Client:
    """Whoever has this token."""
    return httpx2.Client(base_url=api.url, timeout=20, verify=_NO_TLS, headers={"Authorization": f"Bearer {token}"})


def sign_up(api: RunningApi, name: str) -> httpx2.Client:
    """A new user with a password, signed in."""
    with httpx2.Client(base_url=api.url, timeout=20, verify=_NO_TLS) as http:
        assert http.post("/v1/users", json={"username": name, "password": PASSWORD}).status_code == 201
        session = http.post("/v1/sessions", json={"username": name, "password": PASSWORD}).json()
    return client_of(api, session["token"])


@pytest.fixture(scope="session")
def _served() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture
def provider(_served: OpenIdProvider) -> OpenIdProvider:
    """An honest provider, until the test says otherwise."""
    _served.reset()
    return _served


ServeOidc = Callable[..., Any]


def oidc_settings(provider: OpenIdProvider, **more: Any) -> dict[str, Any]:
    """The settings of an API with this provider."""
    return {
        "secret_keys": SecretStr(new_key()),
        "public_url": UI,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
        "oidc_name": "Example ID",
        **more,
    }


@pytest.fixture(scope="module")
def api(_served: OpenIdProvider, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), database_url=database_url, **oidc_settings(_served))
    with serve_api(settings) as running:
        _served.redirect_uris.add(f"{running.url}/v1/oidc/callback")
        yield running


@pytest.fixture
def open_browser(api: RunningApi, provider: OpenIdProvider) -> Iterator[Callable[[], Browser]]:
    """Makes browsers of different people."""
    opened: list[Browser] = []

    def make() -> Browser:
        opened.append(Browser(api))
        return opened[-1]

    yield make
    for one in opened:
        one.http.close()


@pytest.fixture
def browser(open_browser: Callable[[], Browser]) -> Browser:
    return open_browser()
