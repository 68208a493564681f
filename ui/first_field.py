"""The piece of script that puts the cursor into a page's first field. It draws nothing."""

import streamlit as st
from streamlit.components.v2 import component

_SCRIPT = """
let last = "";
export default function ({ data }) {
  if (!data || data.key === last) return;
  last = data.key;
  const isFree = () => !document.activeElement || document.activeElement === document.body;
  const look = (tries) => {
    const field = document.querySelector(`.st-key-${CSS.escape(data.key)} input`);
    if (field && isFree()) field.focus({ preventScroll: true });
    else if (!field && tries > 0) setTimeout(() => look(tries - 1), 50);
  };
  // A finger's keyboard would cover half of the page.
  if (matchMedia("(hover: hover)").matches) look(40);
}
"""

_focus = component("p2m_first_field", js=_SCRIPT)


def focus_field(key: str) -> None:
    """Have the browser put the cursor into the input of this key, once, unless it is somewhere already."""
    with st.container(key="first-field"):
        _focus(key="focus", data={"key": key})
