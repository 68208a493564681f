"""What painted components ask is heard once."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.painted import asked

    st.session_state.setdefault("heard", []).append([message["n"] for message in asked("strip")])


def test_a_message_is_heard_once_however_often_it_comes() -> None:
    app = AppTest.from_function(page)
    for sent in ([1, 2], [1, 2], [2, 3], []):
        app.session_state["strip"] = {"asked": [{"n": number, "what": "look"} for number in sent]}
        app.run()
    assert app.session_state["heard"] == [[1, 2], [], [3], []]
    assert app.session_state["strip_heard"] == 3


def test_what_is_no_message_is_not_heard() -> None:
    app = AppTest.from_function(page)
    for sent in (None, "look", [{"what": "look"}], [{"n": "7"}]):
        app.session_state["strip"] = {"asked": sent}
        app.run()
    assert app.session_state["heard"] == [[], [], [], []]
