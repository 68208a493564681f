"""People sign in with an OpenID provider, and connect and disconnect identities."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select, text

from cloud.accounts.links.links import make_link
from cloud.accounts.origin import OPERATOR
from cloud.db.account_models import AuditEntry
from cloud.db.engine import Database
from cloud.settings import Settings
from tests.accounts.oidc.conftest import COOKIE, UI, Browser, client_of, oidc_settings, sign_up
from tests.conftest import RunningApi, serve_api
from tests.support.openid_provider import OpenIdProvider, key_for

Open = Callable[[], Browser]


def subject(name: str = "grace") -> str:
    return f"{name}-{uuid4().hex[:8]}"


async def test_first_sign_in_makes_an_account_and_the_next_one_finds_it(
    browser: Browser, open_browser: Open, database: Database
) -> None:
    name = subject()
    first = browser.sign_in(name)
    assert first.status_code == 201
    user = first.json()["user"]
    assert (user["username"], user["has_password"], user["is_admin"]) == (name, False, False)
    with client_of(browser.api, first.json()["token"]) as http:
        assert http.get("/v1/projects").status_code == 200
        (identity,) = http.get("/v1/account/identities").json()["items"]
    assert identity["subject"] == name
    second = open_browser().sign_in(name).json()
    assert second["user"]["id"] == user["id"]
    assert second["token"] != first.json()["token"]
    async with database.sessions() as session:
        rows = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    actions = [row.action for row in rows if str(row.actor_id) == user["id"]]
    assert actions == ["user.created", "identity.connected", "session.created", "session.created"]


def test_begin_asks_for_what_the_flow_needs_and_binds_the_browser(browser: Browser, provider: OpenIdProvider) -> None:
    response = browser.http.get(f"{browser.api.url}/v1/oidc/login")
    asked = parse_qs(urlsplit(response.headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{browser.api.url}/v1/oidc/callback"]
    assert asked["scope"] == ["openid profile email"]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43
    assert asked["state"] != asked["nonce"]
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_browser_comes_back_to_the_page_that_it_began_on(browser: Browser) -> None:
    back = browser.http.get(browser.answer(browser.begin(to="/device?code=WDJB-MJHT"), subject())).headers["location"]
    assert back.startswith(f"{UI}/device?code=WDJB-MJHT&oidc=")


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "/a/../b", "/@evil", "/?x=\r\nX: y", "", "/a#b"]
)
def test_no_way_back_to_anywhere_else(browser: Browser, to: str) -> None:
    assert browser.http.get(f"{browser.api.url}/v1/oidc/login", params={"to": to}).status_code == 422


def test_the_names_of_people_never_lead_into_another_account(browser: Browser, api: RunningApi) -> None:
    """Whoever calls themselves Ada at the provider, with Ada's address, is somebody else."""
    name = subject("ada")
    with sign_up(api, name) as ada:
        ada_id = ada.get("/v1/me").json()["id"]
    user = browser.sign_in(name).json()["user"]
    assert user["id"] != ada_id
    assert user["username"] == f"{name}-2"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({"preferred_username": None}, "mail", id="email's local part"),
        pytest.param({"preferred_username": None, "email": None, "name": "Grace\u202e <b>Hopper"}, None, id="markup"),
        pytest.param({"preferred_username": "\n\t ", "email": 7, "name": ["x"]}, "user", id="nothing usable"),
        pytest.param({"preferred_username": "x" * 5000}, "x" * 48, id="long"),
    ],
)
def test_username_is_made_of_what_can_be_used(
    browser: Browser, provider: OpenIdProvider, claims: dict[str, object], expected: str | None
) -> None:
    provider.claims = {"email": "mail@example.org", **claims}
    response = browser.sign_in(subject())
    assert response.status_code == 201, response.text
    username = response.json()["user"]["username"]
    assert username.isprintable()
    assert len(username) <= 64
    assert expected is None or username.startswith(expected)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "ES384", "EdDSA"])
def test_other_good_signatures_are_believed(browser: Browser, provider: OpenIdProvider, algorithm: str) -> None:
    provider.use_key(algorithm, key_for(algorithm))
    assert browser.sign_in(subject()).status_code == 201


def test_provider_that_wants_the_secret_in_the_form_gets_it_there(provider: OpenIdProvider, database_url: str) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    with serve_api(Settings(database_url=database_url, **oidc_settings(provider))) as api:
        provider.redirect_uris.add(f"{api.url}/v1/oidc/callback")
        assert Browser(api).sign_in(subject()).status_code == 201


def test_cancelling_at_the_provider_is_told_in_a_sentence(browser: Browser) -> None:
    refused = browser.redeem(browser.come_back(browser.answer(browser.begin(), subject(), answer="no")))
    assert (refused.status_code, refused.json()["code"]) == (403, "oidc_provider_said_no")
    assert refused.json()["detail"] == "At Example ID the sign-in was cancelled; begin it again."


async def test_suspended_and_deleted_users_are_refused(
    browser: Browser, open_browser: Open, database: Database
) -> None:
    name = subject()
    user_id = browser.sign_in(name).json()["user"]["id"]
    for column, code in (("suspended_at", "account_suspended"), ("deletion_requested_at", "account_being_deleted")):
        async with database.sessions.begin() as session:
            await session.execute(text(f"UPDATE users SET {column} = now() WHERE id = '{user_id}'"))  # noqa: S608
        refused = open_browser().sign_in(name)
        assert (refused.status_code, refused.json()["code"]) == (403, code)


@pytest.mark.parametrize(("mode", "code"), [("closed", "sign_up_closed"), ("invite", "invite_needed")])
def test_unknown_people_get_no_account_where_sign_up_is_not_open(
    provider: OpenIdProvider, database_url: str, api: RunningApi, open_browser: Open, mode: str, code: str
) -> None:
    known = subject("known")
    assert open_browser().sign_in(known).status_code == 201
    settings = Settings(database_url=database_url, **oidc_settings(provider, oidc_sign_up=mode))
    with serve_api(settings) as strict:
        provider.redirect_uris.add(f"{strict.url}/v1/oidc/callback")
        refused = Browser(strict).sign_in(subject("unknown"))
        assert (refused.status_code, refused.json()["code"]) == (403, code)
        assert Browser(strict).sign_in(known).status_code == 201


async def test_an_invite_lets_one_person_in(provider: OpenIdProvider, database_url: str, database: Database) -> None:
    settings = Settings(database_url=database_url, **oidc_settings(provider, sign_up="invite"))
    with serve_api(settings) as strict:
        provider.redirect_uris.add(f"{strict.url}/v1/oidc/callback")
        invite = await _invite(database)
        assert Browser(strict).sign_in(subject(), invite=invite).status_code == 201
        refused = Browser(strict).sign_in(subject(), invite=invite)
        assert (refused.status_code, refused.json()["code"]) == (403, "invite_wrong")


async def _invite(database: Database) -> str:
    async with database.sessions.begin() as session:
        return (await make_link(session, "invite", dt.timedelta(hours=1), made_by=None, origin=OPERATOR)).code


def test_account_is_connected_with_an_identity_and_disconnected_again(
    browser: Browser, open_browser: Open, api: RunningApi
) -> None:
    name = subject("work")
    with sign_up(api, subject("ada")) as ada:
        code = _connect_code(browser, ada, name)
        added = ada.post("/v1/account/identities", json={"code": code, "browser": browser.cookie})
        assert added.status_code == 201, added.text
        me = ada.get("/v1/me").json()
        assert open_browser().sign_in(name).json()["user"]["id"] == me["id"]
        address = f"/v1/account/identities/{added.json()['id']}"
        assert ada.delete(address).status_code == 204
        assert ada.delete(address).status_code == 404
    assert open_browser().sign_in(name).json()["user"]["id"] != me["id"]


def _connect_code(browser: Browser, http: httpx2.Client, name: str) -> str:
    url = http.post("/v1/account/identity-tickets").json()["url"]
    begun = browser.http.get(url)
    return browser.come_back(browser.answer(begun.headers["location"], name))


def test_identity_of_another_account_cannot_be_taken_over(
    browser: Browser, open_browser: Open, api: RunningApi
) -> None:
    name = subject()
    owner = open_browser().sign_in(name).json()["user"]["id"]
    with sign_up(api, subject("eve")) as eve:
        code = _connect_code(browser, eve, name)
        refused = eve.post("/v1/account/identities", json={"code": code, "browser": browser.cookie})
        assert (refused.status_code, refused.json()["code"]) == (409, "identity_taken")
        assert eve.get("/v1/account/identities").json()["items"] == []
    assert open_browser().sign_in(name).json()["user"]["id"] == owner


def test_last_way_into_an_account_stays(browser: Browser, open_browser: Open, api: RunningApi) -> None:
    token = browser.sign_in(subject()).json()["token"]
    with client_of(api, token) as http:
        (only,) = http.get("/v1/account/identities").json()["items"]
        refused = http.delete(f"/v1/account/identities/{only['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "last_way_in")
        other = open_browser()
        code = _connect_code(other, http, subject("second"))
        http.post("/v1/account/identities", json={"code": code, "browser": other.cookie}).raise_for_status()
        assert http.delete(f"/v1/account/identities/{only['id']}").status_code == 204
