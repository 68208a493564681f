"""Tables of words that others have written."""

from streamlit.testing.v1 import AppTest

from tests.ui.screen import cells_of, html_on


def _page() -> None:
    from ui.table import draw_table

    draw_table([], "Nothing")
    draw_table([{"Who": "<img src=x onerror=alert(1)>", 'Qu"ote': "a & b"}], "People <b>")


def test_words_are_no_markup_and_an_empty_table_is_none() -> None:
    app = AppTest.from_function(_page).run()
    assert html_on(app).count("<table") == 1
    assert "<img" not in html_on(app)
    assert "<b>" not in html_on(app)
    assert cells_of(app, "Who") == ["<img src=x onerror=alert(1)>"]
