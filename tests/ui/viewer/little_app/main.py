"""The page. `Next step` swaps the model; `Compare` shows the two beside each other."""

import streamlit as st

from ui.compare_component import CompareSide, draw_compare
from ui.viewer_component import draw_viewer

st.set_page_config(page_title="Viewer", layout="wide")
st.title("Viewer")
with st.container(horizontal=True):
    st.button("Next step", on_click=lambda: st.session_state.update(red=not st.session_state.get("red")))
    compares = st.toggle("Compare")
ADDRESSES = ("p2m/models/blue", "p2m/models/red")
if compares:
    sides = [CompareSide(f"Step {number}", model) for number, model in enumerate(ADDRESSES, 1)]
    draw_compare(sides[0], sides[1], key="compare", height=360)
else:
    draw_viewer(ADDRESSES[bool(st.session_state.get("red"))], None, key="viewer", title="a box", height=360)
