"""The account page."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_admin import sums
from tests.ui.fake_answers import now
from tests.ui.fake_api import FakeApi
from tests.ui.screen import cells_of, html_on, no_crash, words_on


def test_account_page_names_the_user_and_logs_out_for_good(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.switch_page("views/account.py").run()
    no_crash(signed_in)
    assert "Signed in as **ada**" in words_on(signed_in)
    before = set(api.tokens)
    token = signed_in.session_state["ui_session"].client.token
    signed_in.button(key="log_out").click().run()
    no_crash(signed_in)
    assert before - set(api.tokens) == {token}
    assert signed_in.button(key="sign_in_button") is not None
    assert "ada" not in words_on(signed_in)


def test_usage_is_told_in_numbers_and_as_a_table_too(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.switch_page("views/account.py").run()
    assert "No model call in these days." in words_on(signed_in)
    api.admin.usage = [sums(now()[:10])]
    signed_in.run()
    no_crash(signed_in)
    metrics = {metric.label: metric.value for metric in signed_in.metric}
    assert metrics == {"Cost": "$0.50", "Calls": "2", "Tokens": "440", "Input from the cache": "75%"}
    assert "The same as a table: 1 day with calls" in words_on(signed_in)
    assert cells_of(signed_in, "Output") == ["40"]
    assert "p2m/api/v1/usage/rows?format=csv" in html_on(signed_in)


KEY = "sk-ant-somebodys-key-wxyz"


def test_claude_key_is_entered_shown_by_its_end_and_removed(signed_in: AppTest, api: FakeApi) -> None:
    api.model_keys.clear()
    signed_in.switch_page("views/account.py").run()
    assert any("None: your jobs" in text.value for text in signed_in.text)
    signed_in.text_input(key="model_key_field").input(KEY)
    signed_in.button(key="model_key_send").click().run()
    no_crash(signed_in)
    assert api.model_keys == [KEY]
    assert any(text.value.startswith("…wxyz, entered on") for text in signed_in.text)
    assert KEY not in str(words_on(signed_in))
    signed_in.button(key="model_key_remove").click().run()
    no_crash(signed_in)
    assert api.model_keys == []


def test_refused_claude_key_is_told(signed_in: AppTest, api: FakeApi) -> None:
    api.model_keys.clear()
    api.refuse_keys = "The key does not work, so it was not kept."
    signed_in.switch_page("views/account.py").run()
    signed_in.text_input(key="model_key_field").input(KEY)
    signed_in.button(key="model_key_send").click().run()
    api.refuse_keys = ""
    no_crash(signed_in)
    assert any("does not work" in error.value for error in signed_in.error)
    assert api.model_keys == []
