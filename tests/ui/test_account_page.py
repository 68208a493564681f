"""The account page."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on


def test_account_page_names_the_user_and_logs_out_for_good(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.switch_page("views/account.py").run()
    no_crash(signed_in)
    assert "ada" in [text.value for text in signed_in.text]
    before = set(api.tokens)
    token = signed_in.session_state["ui_session"].client.token
    signed_in.button(key="log_out").click().run()
    no_crash(signed_in)
    assert before - set(api.tokens) == {token}
    assert signed_in.button(key="sign_in_button") is not None
    assert "ada" not in words_on(signed_in)
