"""The sign-in page."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on
from ui.api_client import ApiClient


def test_new_user_is_signed_in_and_sees_the_build_page(app: AppTest, api: FakeApi) -> None:
    app.run()
    app.text_input(key="sign_up_name").set_value("grace")
    app.text_input(key="sign_up_password").set_value("long enough")
    app.button(key="sign_up_button").click().run()
    no_crash(app)
    assert app.text_area(key="prompt") is not None
    assert api.passwords == {"grace": "long enough"}


def test_wrong_password_is_one_sentence_and_no_way_in(app: AppTest, api: FakeApi) -> None:
    api.add_user("ada", "correct horse")
    app.run()
    app.text_input(key="sign_in_name").set_value("ada")
    app.text_input(key="sign_in_password").set_value("wrong horse")
    app.button(key="sign_in_button").click().run()
    no_crash(app)
    assert "The user name or the password is wrong" in words_on(app)
    assert len(app.text_area) == 0


def test_taken_name_is_said(app: AppTest, api: FakeApi) -> None:
    api.add_user("ada", "correct horse")
    app.run()
    app.text_input(key="sign_up_name").set_value("ada")
    app.text_input(key="sign_up_password").set_value("long enough")
    app.button(key="sign_up_button").click().run()
    assert "is taken" in words_on(app)


def test_session_that_ended_leads_back_to_the_sign_in_with_a_reason(signed_in: AppTest, api: FakeApi) -> None:
    api.tokens.clear()
    signed_in.switch_page("views/projects.py").run()
    no_crash(signed_in)
    assert "Your session has ended; sign in again" in words_on(signed_in)
    assert signed_in.button(key="sign_in_button") is not None


def test_api_that_is_down_is_one_sentence(app: AppTest) -> None:
    app.run()
    app.session_state["ui_session"].client = ApiClient("http://127.0.0.1:9")
    app.text_input(key="sign_in_name").set_value("ada")
    app.text_input(key="sign_in_password").set_value("correct horse")
    app.button(key="sign_in_button").click().run()
    no_crash(app)
    assert "Nothing answers at" in words_on(app)


def test_invite_of_a_link_lets_a_new_user_in_and_is_asked_for_without_one(app: AppTest, api: FakeApi) -> None:
    api.sign_up, api.codes = "invite", {"the-code": ""}
    app.run()
    assert app.text_input(key="sign_up_invite") is not None
    app.query_params["invite"] = "the-code"
    app.run()
    app.text_input(key="sign_up_name").set_value("grace")
    app.text_input(key="sign_up_password").set_value("long enough")
    app.button(key="sign_up_button").click().run()
    no_crash(app)
    assert app.text_area(key="prompt") is not None
    assert api.codes == {}
    assert "invite" not in app.query_params


def test_closed_server_offers_no_account(app: AppTest, api: FakeApi) -> None:
    api.sign_up = "closed"
    app.run()
    no_crash(app)
    assert [tab.label for tab in app.tabs] == ["Sign in"]


def test_reset_link_sets_a_new_password_to_sign_in_with(app: AppTest, api: FakeApi) -> None:
    api.add_user("ada", "correct horse")
    api.codes = {"the-code": "ada"}
    app.query_params["reset"] = "the-code"
    app.run()
    app.text_input(key="reset_password").set_value("another long one")
    app.button(key="reset_button").click().run()
    no_crash(app)
    assert api.passwords == {"ada": "another long one"}
    assert "Your password is set" in words_on(app)
    assert app.button(key="sign_in_button") is not None


def test_link_of_the_first_admin_makes_whoever_signs_in_with_it_one(app: AppTest, api: FakeApi) -> None:
    api.add_user("ada", "correct horse")
    api.sign_up, api.codes = "closed", {"the-code": ""}
    app.query_params["claim"] = "the-code"
    app.run()
    app.text_input(key="sign_in_name").set_value("ada")
    app.text_input(key="sign_in_password").set_value("correct horse")
    app.button(key="sign_in_button").click().run()
    no_crash(app)
    assert api.admins == {"ada"}
