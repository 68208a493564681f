"""Sessions in cookies, and which pages may use them."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from cloud.settings import Settings
from tests.api.conftest import PASSWORD
from tests.conftest import RunningApi, serve_api

GRACE = {"username": "Grace", "password": PASSWORD, "cookie": True}
FRIEND = "https://app.example.org"
FOE = "https://evil.example"


@pytest.fixture(scope="module")
def behind_https(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """The API as behind a proxy that speaks https, with one foreign origin let in."""
    with serve_api(
        Settings(
            data_dir=tmp_path_factory.mktemp("https"),
            database_url=database_url,
            trusted_proxies="*",
            public_url="https://mesh.example.net/app",
            cors_origins=FRIEND,
        )
    ) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def _grace(api: RunningApi) -> None:
    credentials = {"username": GRACE["username"], "password": PASSWORD}
    assert httpx2.post(f"{api.url}/v1/users", json=credentials).status_code == 201


@pytest.fixture
def browser(api: RunningApi) -> Iterator[httpx2.Client]:
    """Grace's browser on a page of ours, over http on this machine."""
    with httpx2.Client(base_url=api.url, headers={"Origin": api.url}, timeout=20) as client:
        answer = client.post("/v1/sessions", json=GRACE)
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


def _cookies(answer: httpx2.Response) -> dict[str, str]:
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def test_the_token_is_in_a_cookie_alone(browser: httpx2.Client) -> None:
    answer = browser.post("/v1/sessions", json=GRACE)

    assert answer.json()["token"] is None
    assert "p2m_ses_" not in answer.text
    session, csrf = _cookies(answer)["p2m_session"], _cookies(answer)["p2m_csrf"]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    assert "Secure" not in session  # http on this machine: a browser would not keep it
    assert "HttpOnly" not in csrf
    assert browser.get("/v1/me").json()["username"] == "Grace"


def test_over_https_the_cookie_is_for_this_host_alone(behind_https: RunningApi) -> None:
    headers = {"X-Forwarded-Proto": "https", "Origin": "https://mesh.example.net"}
    answer = httpx2.post(f"{behind_https.url}/v1/sessions", json=GRACE, headers=headers)

    session = _cookies(answer)["__Host-p2m_session"]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in session.split(";")}
    assert "Domain" not in session
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_a_call_that_changes_something_needs_the_csrf_token(browser: httpx2.Client) -> None:
    assert browser.post("/v1/projects", json={"name": "x"}).status_code == 201
    other = browser.post("/v1/sessions", json=GRACE).json()["csrf_token"]
    for wrong in ("", "x", other[:-1], browser.headers["X-CSRF-Token"]):  # the last is of the session before
        answer = browser.post("/v1/projects", json={"name": "x"}, headers={"X-CSRF-Token": wrong})
        assert answer.status_code == 403
        assert answer.json()["code"] == "csrf_token_wrong"
    assert browser.post("/v1/projects", json={"name": "x"}, headers={"X-CSRF-Token": other}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{"Origin": FOE}, {"Origin": "null"}, {"Origin": FRIEND}, {"Origin": "", "Sec-Fetch-Site": "cross-site"}],
)
def test_a_page_elsewhere_can_change_nothing_with_the_cookie(browser: httpx2.Client, headers: dict[str, str]) -> None:
    answer = browser.post("/v1/projects", json={"name": "x"}, headers=headers)

    assert answer.status_code == 403
    assert answer.json()["code"] == "foreign_origin"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nor_can_one_whose_browser_tells_no_origin(browser: httpx2.Client, site: str) -> None:
    del browser.headers["Origin"]
    answer = browser.post("/v1/projects", json={"name": "x"}, headers={"Sec-Fetch-Site": site})

    assert answer.json()["code"] == "foreign_origin"


def test_nobody_is_signed_in_unasked(api: RunningApi) -> None:
    answer = httpx2.post(f"{api.url}/v1/sessions", json=GRACE, headers={"Origin": FOE})

    assert answer.status_code == 403
    assert not _cookies(answer)


def test_a_call_with_a_bearer_token_needs_no_csrf_token(api: RunningApi) -> None:
    token = httpx2.post(f"{api.url}/v1/sessions", json=GRACE | {"cookie": False}).json()["token"]
    answer = httpx2.post(f"{api.url}/v1/projects", json={"name": "x"}, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 201


def test_signing_out_takes_the_cookies_back(browser: httpx2.Client) -> None:
    kept = browser.cookies["p2m_session"]
    answer = browser.delete("/v1/sessions/current")

    assert answer.status_code == 204
    assert set(_cookies(answer)) == {"p2m_session", "p2m_csrf"}
    assert "p2m_session" not in browser.cookies
    assert browser.get("/v1/me", headers={"Cookie": f"p2m_session={kept}"}).status_code == 401


def test_pages_elsewhere_get_no_answer_unless_the_operator_lets_them_in(
    api: RunningApi, behind_https: RunningApi
) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for url, origin, is_let_in in (
        (api.url, FRIEND, False),
        (behind_https.url, FRIEND, True),
        (behind_https.url, FOE, False),
        (behind_https.url, "null", False),
        (behind_https.url, f"{FRIEND}.evil.example", False),
    ):
        preflight = httpx2.request("OPTIONS", f"{url}/v1/projects", headers={"Origin": origin, **wanted})
        answer = httpx2.get(f"{url}/v1/me", headers={"Origin": origin})
        for one in (preflight, answer):
            assert one.headers.get("Access-Control-Allow-Origin") == (origin if is_let_in else None), (url, origin)
        assert preflight.is_success == is_let_in


@pytest.mark.parametrize("value", ["*", "https://*.example.org", "example.org", "null", "https://a.org/path"])
def test_only_exact_origins_can_be_let_in(value: str) -> None:
    with pytest.raises(ValueError, match="exact origin"):
        Settings(database_url="postgresql://x", cors_origins=value)


def test_a_name_that_leads_to_this_machine_is_no_page_of_ours(anybody: httpx2.Client, tmp_path: Path) -> None:
    answer = anybody.post("/v1/users", json={}, headers={"Host": "evil.example", "Origin": "http://evil.example"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "foreign_origin"
