"""The provider's button and identities, under AppTest. That the browser's way works is tested in Chromium."""

from datetime import UTC, datetime

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on

OIDC = {"name": "Example <b>ID</b>", "url": "http://127.0.0.1:9/v1/oidc/login", "cookie": "p2m_oidc"}


def links_on(app: AppTest) -> list[str]:
    return [str(html.proto.body) for html in app.get("html") if "p2m-provider" in html.proto.body]


def test_no_button_without_a_provider(app: AppTest) -> None:
    app.run()
    no_crash(app)
    assert [one for one in links_on(app) if "<a" in one] == []


def test_button_leads_to_the_provider_and_back_to_this_page(app: AppTest, api: FakeApi) -> None:
    api.oidc = OIDC
    app.query_params["claim"] = "the code"
    app.query_params["invite"] = "p2m_lnk_x"
    app.run()
    no_crash(app)
    (link,) = (one for one in links_on(app) if "<a" in one)
    assert 'href="http://127.0.0.1:9/v1/oidc/login?to=%2F%3Fclaim%3Dthe%2520code&amp;invite=p2m_lnk_x"' in link
    assert ">Continue with Example &lt;b&gt;ID&lt;/b&gt;</a>" in link


def test_code_without_the_browsers_cookie_is_refused_in_a_sentence(app: AppTest, api: FakeApi) -> None:
    api.oidc = OIDC
    app.query_params["oidc"] = "stolen"
    app.run()
    no_crash(app)
    assert "began in another browser" in words_on(app)
    assert "oidc" not in app.query_params
    assert app.button(key="sign_in_button") is not None


def test_identities_are_listed_and_disconnected(signed_in: AppTest, api: FakeApi) -> None:
    api.oidc = OIDC
    times = {"created_at": datetime.now(UTC).isoformat()}
    api.account.identities = [{"id": "i1", "issuer": "https://id.example/", "subject": "ada *at* work", **times}]
    signed_in.switch_page("views/account.py").run()
    no_crash(signed_in)
    assert "ada *at* work" in words_on(signed_in)
    assert "id.example" in words_on(signed_in).replace("\\", "")
    signed_in.button(key="disconnect_i1").click().run()
    no_crash(signed_in)
    assert api.account.identities == []
    assert "No identity is connected" in words_on(signed_in)


def test_connecting_asks_for_a_ticket_and_shows_the_way(signed_in: AppTest, api: FakeApi) -> None:
    api.oidc = OIDC
    signed_in.switch_page("views/account.py").run()
    signed_in.button(key="connect_identity").click().run()
    no_crash(signed_in)
    assert any("ticket=the-ticket" in one for one in links_on(signed_in))
