"""Components painted by a script of `ui/studio`: Python says what is there, the script shows it and posts requests.

The script's address holds its hash, so that browsers keep it; the style comes along, so that nothing is seen without.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from ui.server.assets import asset_path

_FOLDER = Path(__file__).parent / "studio"
_LOADER = """
const painters = new Map(); // this text is one module for all kinds of components
export default function ({ data, parentElement, setTriggerValue }) {
  const given = { data, parentElement, setTriggerValue };
  if (!painters.has(data.script)) painters.set(data.script, import(new URL(data.script, document.baseURI).href));
  painters.get(data.script).then((found) => found.default(given)).catch((error) => {
    painters.delete(data.script);
    console.error(error);
    parentElement.querySelector("[role=status]").textContent =
      "A part of the page could not be loaded; reload the page.";
  });
}
"""
_HTML = '<div class="root"><p class="loading" role="status"></p></div>'

Message = dict[str, Any]
"""One thing that the script asks: `n` is its number, higher than those before; `what` it is; and what belongs to it."""


class Painted:
    """One kind of component: `script` and `styles` are names in `ui/studio`.

    The script's default export gets `{data, parentElement, setTriggerValue}` for each run, and posts lists of messages
    (`outbox` in dom.js) as the trigger `asked`.
    """

    def __init__(self, name: str, *, script: str, styles: Sequence[str]) -> None:
        self._script = script
        css = "\n".join((_FOLDER / style).read_text() for style in styles)
        self._mount = component(name, html=_HTML, css=css, js=_LOADER)

    def draw(self, key: str, data: dict[str, Any], on_asked: Callable[[], None] | None = None) -> None:
        """Show it. `on_asked` runs before the next run of the script when something has been asked: see `asked`."""
        whole = {**data, "script": asset_path(self._script), "heard": st.session_state.get(_heard(key), 0)}
        self._mount(key=key, data=whole, on_asked_change=on_asked or _nothing)


def asked(key: str) -> list[Message]:
    """What the component has asked since the last time, each once, in order."""
    state = st.session_state.get(key)
    messages = state.get("asked") if state is not None else None
    return _unheard(key, messages if isinstance(messages, list) else [])


def _unheard(key: str, messages: list[Message]) -> list[Message]:
    """Those of `messages` that have not been acted on. They count as heard from now on."""
    heard = st.session_state.get(_heard(key), 0)
    new = [message for message in messages if isinstance(message.get("n"), int) and message["n"] > heard]
    if new:
        st.session_state[_heard(key)] = max(message["n"] for message in new)
    return new


def _heard(key: str) -> str:
    return f"{key}_heard"


def _nothing() -> None:
    """A trigger without a callback would not be one."""
