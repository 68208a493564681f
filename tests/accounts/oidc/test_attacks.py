"""Somebody between the browser, the provider and us: no code, state or cookie is worth anything out of its place."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx2
import psycopg
import pytest

from cloud.db.engine import libpq_url
from tests.accounts.oidc.conftest import Browser, client_of, sign_up
from tests.conftest import RunningApi
from tests.support.openid_provider import CLIENT_SECRET, OpenIdProvider

Open = Callable[[], Browser]
GONE = (403, "oidc_sign_in_gone")


@pytest.fixture
def eve(open_browser: Open) -> Browser:
    return open_browser()


@pytest.fixture
def victim(open_browser: Open) -> Browser:
    return open_browser()


def verdict(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def parameters(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_login_csrf_victim_is_not_signed_in_as_the_attacker(victim: Browser, eve: Browser) -> None:
    """Eve signs in at the provider, stops before the callback and has the victim's browser open it."""
    callback = eve.answer(eve.begin(), "eve")
    code = victim.come_back(callback)
    assert verdict(victim.redeem(code)) == GONE
    assert verdict(eve.redeem(code)) == GONE


def test_login_csrf_while_the_victim_has_a_sign_in_of_their_own_under_way(victim: Browser, eve: Browser) -> None:
    own = victim.begin()
    assert verdict(victim.redeem(victim.come_back(eve.answer(eve.begin(), "eve")))) == GONE
    assert victim.redeem(victim.come_back(victim.answer(own, "grace"))).json()["user"]["username"].startswith("grace")


def test_code_in_the_address_is_worth_nothing_to_who_reads_it(victim: Browser, eve: Browser) -> None:
    """Out of a log, a history or over a shoulder, before the victim's page redeems it."""
    code = victim.fetch_code("grace")
    eve.begin()  # Eve's browser has a cookie too
    assert verdict(eve.redeem(code)) == GONE
    assert verdict(victim.redeem(code)) == GONE  # spent: somebody else has tried


def test_victims_page_does_not_redeem_an_attackers_code(victim: Browser, eve: Browser) -> None:
    """Eve sends a link to our web UI with a code of hers."""
    victim.begin()
    assert verdict(victim.redeem(eve.fetch_code("eve"))) == GONE


def test_code_works_once(victim: Browser) -> None:
    code = victim.fetch_code("grace")
    assert victim.redeem(code).status_code == 201
    assert verdict(victim.redeem(code)) == GONE


async def test_of_many_at_once_one_redeems_the_code(victim: Browser) -> None:
    body = {"code": victim.fetch_code("grace"), "browser": victim.cookie}
    async with httpx2.AsyncClient(base_url=victim.api.url, timeout=20, trust_env=False) as http:
        answers = await asyncio.gather(*(http.post("/v1/oidc/sessions", json=body) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [201, *[403] * 7]


async def test_two_first_sign_ins_at_once_make_one_account(open_browser: Open) -> None:
    subject = f"twin-{uuid4().hex[:8]}"
    browsers = [open_browser() for _ in range(4)]
    bodies = [{"code": one.fetch_code(subject), "browser": one.cookie} for one in browsers]
    async with httpx2.AsyncClient(base_url=browsers[0].api.url, timeout=20, trust_env=False) as http:
        answers = await asyncio.gather(*(http.post("/v1/oidc/sessions", json=body) for body in bodies))
    assert [one.status_code for one in answers] == [201] * 4
    assert len({one.json()["user"]["id"] for one in answers}) == 1


def test_callback_works_once(victim: Browser) -> None:
    callback = victim.answer(victim.begin(), "grace")
    assert victim.redeem(victim.come_back(callback)).status_code == 201
    assert verdict(victim.redeem(victim.come_back(callback))) == GONE


@pytest.mark.parametrize("state", ["", "x", "A" * 43, "\u00e9\u202e", "A" * 4000])
def test_guessed_states_find_nothing(victim: Browser, provider: OpenIdProvider, state: str) -> None:
    callback = victim.answer(victim.begin(), "grace")
    forged = f"{callback.partition('?')[0]}?{urlencode({**parameters(callback), 'state': state})}"
    assert verdict(victim.redeem(victim.come_back(forged))) == GONE
    assert "/token" not in provider.asked  # the provider's code went nowhere


def test_secret_of_one_kind_is_none_of_another(victim: Browser) -> None:
    begun = victim.begin()
    state = parameters(begun)["state"]
    assert verdict(victim.redeem(state)) == GONE
    code = victim.fetch_code("grace")
    assert verdict(victim.redeem(victim.come_back(f"{victim.api.url}/v1/oidc/callback?state={code}&code=x"))) == GONE
    login = victim.http.get(f"{victim.api.url}/v1/oidc/login", params={"ticket": state})
    assert "connect=gone" in login.headers["location"]


def test_stolen_provider_code_is_useless_in_another_flow(victim: Browser, eve: Browser) -> None:
    """Code injection: Eve has the victim's code of the provider, and gives it to a flow of hers; PKCE refuses."""
    stolen = parameters(victim.answer(victim.begin(), "grace"))["code"]
    own = parameters(eve.begin())
    callback = f"{eve.api.url}/v1/oidc/callback?{urlencode({'state': own['state'], 'code': stolen})}"
    assert verdict(eve.redeem(eve.come_back(callback))) == (403, "oidc_provider_said_no")


def test_injected_code_that_has_lost_its_pkce_fails_by_the_nonce(eve: Browser, provider: OpenIdProvider) -> None:
    """Likewise, of a provider that forgets the verifier: the id token is of another sign-in."""
    own = parameters(eve.begin())
    code = provider.code_for("grace", **{**own, "nonce": "the victim's"})
    callback = f"{eve.api.url}/v1/oidc/callback?{urlencode({'state': own['state'], 'code': code})}"
    assert verdict(eve.redeem(eve.come_back(callback))) == (403, "oidc_id_token_wrong")


@pytest.mark.parametrize("extra", [{"iss": "https://evil.example"}, {"iss": ""}, {"iss": "x" * 3000}])
def test_mix_up_answer_of_another_issuer_is_refused_before_the_code_is_sent(
    victim: Browser, provider: OpenIdProvider, extra: dict[str, str]
) -> None:
    provider.extra = extra
    assert verdict(victim.sign_in("grace")) == (403, "oidc_id_token_wrong")
    assert "/token" not in provider.asked


def test_issuer_that_names_itself_in_the_answer_is_believed(victim: Browser, provider: OpenIdProvider) -> None:
    provider.extra = {"iss": provider.issuer}
    assert victim.sign_in("grace").status_code == 201


async def test_what_has_expired_opens_nothing(victim: Browser, database_url: str) -> None:
    for spent in ("flow", "code"):
        callback = victim.answer(victim.begin(), "grace")
        code = victim.come_back(callback) if spent == "code" else ""
        with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
            connection.execute("UPDATE oidc_flows SET expires_at = now() - interval '1 second'")
        assert verdict(victim.redeem(code or victim.come_back(callback))) == GONE


def test_attackers_page_cannot_connect_anything_to_a_victims_account(
    victim: Browser, eve: Browser, api: RunningApi
) -> None:
    """Eve's ticket in the victim's browser, which is somebody else at the provider by Eve's doing, or is not."""
    with sign_up(api, f"ada {uuid4().hex[:6]}") as ada, sign_up(api, f"eve {uuid4().hex[:6]}") as eves:
        url = eves.post("/v1/account/identity-tickets").json()["url"]
        begun = victim.http.get(url).headers["location"]
        code = victim.come_back(victim.answer(begun, f"eve-{uuid4().hex[:6]}"))
        refused = ada.post("/v1/account/identities", json={"code": code, "browser": victim.cookie})
        assert verdict(refused) == GONE
        # A sign-in that the page begins is none that connects.
        code = victim.fetch_code(f"eve-{uuid4().hex[:6]}")
        assert verdict(ada.post("/v1/account/identities", json={"code": code, "browser": victim.cookie})) == GONE
        assert ada.get("/v1/account/identities").json()["items"] == []


def test_ticket_works_once_and_does_not_sign_in(victim: Browser, api: RunningApi) -> None:
    with sign_up(api, f"ada {uuid4().hex[:6]}") as ada:
        url = ada.post("/v1/account/identity-tickets").json()["url"]
        begun = victim.http.get(url).headers["location"]
        assert victim.http.get(url).headers["location"].endswith("/account?connect=gone")
        code = victim.come_back(victim.answer(begun, "grace"))
        assert verdict(victim.redeem(code)) == GONE


def test_other_users_identity_cannot_be_disconnected(victim: Browser, eve: Browser) -> None:
    one, other = (who.sign_in(f"{name}-{uuid4().hex[:6]}").json() for who, name in ((victim, "ada"), (eve, "eve")))
    with client_of(victim.api, one["token"]) as ada, client_of(eve.api, other["token"]) as eves:
        (identity,) = ada.get("/v1/account/identities").json()["items"]
        assert eves.delete(f"/v1/account/identities/{identity['id']}").status_code == 404
        assert len(ada.get("/v1/account/identities").json()["items"]) == 1


def test_api_token_neither_sees_nor_changes_identities(victim: Browser) -> None:
    session = victim.sign_in(f"ada-{uuid4().hex[:6]}").json()
    with client_of(victim.api, session["token"]) as http:
        made = http.post("/v1/account/tokens", json={"name": "ci", "scopes": ["read", "build"]}).json()
    with client_of(victim.api, made["token"]) as http:
        assert http.get("/v1/account/identities").status_code == 403
        assert http.post("/v1/account/identity-tickets").status_code == 403


def test_database_and_answers_hold_no_secret(
    victim: Browser, provider: OpenIdProvider, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "cloud")
    begun = victim.begin()
    state = parameters(begun)["state"]
    callback = victim.answer(begun, "grace")
    code = victim.come_back(callback)
    secrets = [state, code, victim.cookie, parameters(begun)["nonce"], CLIENT_SECRET, "planted-access-token"]
    with psycopg.connect(libpq_url(database_url)) as connection:
        kept = " ".join(
            str(row) + repr([bytes(x) for x in row if isinstance(x, bytes | memoryview)])
            for table in (b"oidc_flows", b"audit_log", b"external_identities")
            for row in connection.execute(b"SELECT * FROM " + table)
        )
    session = victim.redeem(code)
    seen = kept + caplog.text + callback.partition("?")[0]
    assert [one for one in [*secrets, *provider.issued, session.json()["token"]] if one in seen] == []
