"""The connect page: what to copy for one's own agent, with a token that is shown once."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash


@pytest.fixture
def connect_page(signed_in: AppTest) -> AppTest:
    page = signed_in.switch_page("views/connect.py").run()
    no_crash(page)
    return page


def texts(page: AppTest) -> str:
    return "\n".join(code.value for code in page.code)


def test_every_client_has_a_text_with_the_address_of_this_server(connect_page: AppTest, api: FakeApi) -> None:
    shown = texts(connect_page)
    assert shown.count(f"{api.url}/mcp") == 5
    assert "claude mcp add" in shown
    assert f"prompt2mesh login --server {api.url}" in shown
    assert "YOUR_TOKEN" in shown


def test_token_that_is_made_stands_in_the_texts_until_it_is_kept(connect_page: AppTest, api: FakeApi) -> None:
    connect_page.button(key="connect_token").click().run()
    no_crash(connect_page)
    assert "Bearer p2m_pat_wxyz" in texts(connect_page)
    assert "YOUR_TOKEN" not in texts(connect_page)
    assert [token["scopes"] for token in api.account.api_tokens] == [["read", "build"]]
    connect_page.button(key="connect_kept").click().run()
    assert "p2m_pat_wxyz" not in texts(connect_page)


def test_another_address_stands_in_the_texts(connect_page: AppTest) -> None:
    connect_page.text_input(key="connect_address").set_value("https://mesh.example.org/").run()
    no_crash(connect_page)
    assert "https://mesh.example.org/mcp" in texts(connect_page)


def test_add_on_can_be_downloaded_and_followed_as_a_repository(connect_page: AppTest, api: FakeApi) -> None:
    (link,) = connect_page.get("link_button")
    assert link.proto.url == f"{api.url}/v1/extension/prompt2mesh-0.2.0.zip?repository=./index.json"
    assert f"{api.url}/v1/extension/index.json" in texts(connect_page)


def test_server_without_an_add_on_says_so(signed_in: AppTest, api: FakeApi) -> None:
    api.add_on = None
    page = signed_in.switch_page("views/connect.py").run()
    no_crash(page)
    assert not page.get("link_button")
    assert any("no add-on to give" in info.value for info in page.info)
