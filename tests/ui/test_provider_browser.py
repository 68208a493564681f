"""Signing in with an OpenID provider in a real browser: our page, our API and a provider, each at its own address."""

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from cloud.accounts.secrets import new_key
from cloud.settings import Settings
from tests.conftest import serve_api
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, openid_provider
from tests.support.stack_processes import wait_for
from ui.launch import streamlit_command

pytestmark = [pytest.mark.browser, pytest.mark.heavy]


@dataclass(frozen=True)
class Site:
    """Where everything is."""

    url: str
    api_url: str
    provider: OpenIdProvider


@pytest.fixture(scope="module")
def site(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web UI before an API with a provider."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with openid_provider() as provider:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("data"),
            database_url=database_url,
            secret_keys=SecretStr(new_key()),
            public_url=url,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=SecretStr(CLIENT_SECRET),
            oidc_name="Example <b>ID</b>",
        )
        with serve_api(settings) as api:
            provider.redirect_uris.add(f"{api.url}/v1/oidc/callback")
            ours = {name: value for name, value in os.environ.items() if not name.startswith("P2M_")}
            process = subprocess.Popen(
                streamlit_command(port), env={**ours, "P2M_API_URL": api.url}, stdout=subprocess.DEVNULL
            )
            try:
                wait_for(lambda: process.poll() is not None or _answers(url), 60, "the web UI")
                yield Site(url, api.url, provider)
            finally:
                process.terminate()
                process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/_stcore/health", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def shoot(page: Page, name: str) -> None:
    """A picture for people, where somebody asks for them."""
    if folder := os.environ.get("P2M_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def press_the_button(page: Page, url: str, subject: str) -> None:
    page.goto(url)
    link = page.get_by_role("link", name="Continue with Example <b>ID</b>")
    expect(link).to_be_visible()
    shoot(page, "sign-in")
    link.click()
    page.get_by_label("Who are you?").fill(subject)
    page.get_by_role("button", name="Continue").click()


def test_person_signs_in_with_the_provider_and_sees_the_identity(page: Page, site: Site) -> None:
    press_the_button(page, f"{site.url}/account", "grace")
    expect(page.get_by_text("Signed in as")).to_be_visible()
    expect(page.get_by_text("No identity is connected")).to_have_count(0)
    identities = page.locator(".st-key-identities")
    expect(identities.get_by_text("grace")).to_be_visible()
    assert page.url == f"{site.url}/account"
    shoot(page, "account")
    identities.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("This is the only way to sign in to this account")).to_be_visible()


def test_stolen_address_signs_nobody_in_elsewhere(page: Page, browser: Browser, site: Site) -> None:
    page.route(f"{site.url}/?oidc=*", lambda route: route.abort())
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url) if "oidc=" in request.url else None)
    press_the_button(page, site.url, "grace")
    wait_for_address(page, addresses)
    thief = browser.new_page()
    thief.goto(addresses[-1])
    expect(thief.get_by_text("or began in another browser")).to_be_visible()
    expect(thief.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    thief.close()


def wait_for_address(page: Page, addresses: list[str]) -> None:
    for _ in range(200):
        if addresses:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the browser never came back to our page")


def test_whoever_cancels_is_told_so_and_can_try_again(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.get_by_role("link", name="Continue with").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("the sign-in was cancelled")).to_be_visible()
    shoot(page, "cancelled")
    press_the_button(page, site.url, "grace")
    expect(page.get_by_label("Your prompt")).to_be_visible()


def test_account_with_a_password_is_connected_with_an_identity(page: Page, site: Site) -> None:
    credentials = {"username": "hedy", "password": "correct horse battery"}
    assert httpx2.post(f"{site.api_url}/v1/users", json=credentials, trust_env=False).status_code == 201
    _sign_in(page, f"{site.url}/account", **credentials)
    page.get_by_role("button", name="Connect an identity").click()
    page.get_by_role("link", name="Continue with Example").click()
    page.get_by_label("Who are you?").fill("hedy.lamarr")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You can sign in with this identity from now on.")).to_be_visible()
    expect(page.locator(".st-key-identities").get_by_text("hedy.lamarr")).to_be_visible()
    shoot(page, "connected")


def _sign_in(page: Page, url: str, username: str, password: str) -> None:
    page.goto(url)
    form = page.get_by_role("tabpanel").filter(visible=True)
    form.get_by_label("User name").fill(username)
    form.get_by_label("Password", exact=True).fill(password)
    form.get_by_role("button", name="Sign in", exact=True).click()
