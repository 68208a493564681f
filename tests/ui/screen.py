"""What a person sees of a page under AppTest."""

import json
import re
import time
from html import unescape
from typing import Any

from streamlit.testing.v1 import AppTest

DEADLINE_S = 10.0


def words_on(app: AppTest) -> str:
    """All words that the page shows outside of its widgets."""
    shown = [*app.markdown, *app.caption, *app.text, *app.error, *app.warning, *app.info, *app.header, *app.title]
    labels = [expander.label for expander in app.expander]
    bars = [str(bar.proto.text) for bar in app.get("progress")]
    return "\n".join([*(str(element.value) for element in shown), *labels, *bars])


def html_on(app: AppTest) -> str:
    """The page's own HTML, as it was written."""
    return "\n".join(str(element.proto.body) for element in app.get("html"))  # pyright: ignore[reportAttributeAccessIssue]


def data_of(app: AppTest, component: str) -> list[dict[str, Any]]:
    """What Python gives to each mounted component of this name."""
    protos: list[Any] = [element.proto for element in app.get("bidi_component")]  # pyright: ignore[reportAttributeAccessIssue]
    return [json.loads(proto.json) for proto in protos if proto.component_name == component]


def cells_of(app: AppTest, column: str) -> list[str]:
    """The texts of a column of all tables."""
    return [unescape(cell) for cell in re.findall(f'<td data-name="{re.escape(column)}">(.*?)</td>', html_on(app))]


def run_until(app: AppTest, words: str) -> AppTest:
    """Run the page again and again, as its timer would, until it shows these words."""
    deadline = time.monotonic() + DEADLINE_S
    while words not in words_on(app.run()):
        assert time.monotonic() < deadline, f"{words!r} never came; the page says:\n{words_on(app)}"
    return app


def no_crash(app: AppTest) -> None:
    """The page has shown no exception."""
    assert [str(element.value) for element in app.exception] == []


def painted(app: AppTest, component: str) -> dict[str, Any]:
    """What the page has given to the script of one of our components."""
    shown = [element.proto for element in app.get("bidi_component")]
    (found,) = [proto for proto in shown if proto.component_name == component]
    return json.loads(found.json or found.mixed.json)


def ask(app: AppTest, inbox: str, what: str, **details: Any) -> AppTest:
    """The script posts a message, and the page runs."""
    message = {"what": what, "n": time.time_ns(), **details}
    app.session_state[inbox] = [message]
    return app.run()
