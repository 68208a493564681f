"""Tables. Streamlit's own go through pyarrow, which does not work beside the NumPy that Blender is pinned to."""

from collections.abc import Sequence
from html import escape

import streamlit as st


def draw_table(rows: Sequence[dict[str, str]], caption: str) -> None:
    """Draw rows of the same columns; nothing where there are none. `caption` names the table to screen readers.

    Texts are shown as they are. On a narrow screen each row stands as a list of its cells.
    """
    if not rows:
        return
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td data-name="{escape(name)}">{escape(text)}</td>' for name, text in row.items()) + "</tr>"
        for row in rows
    )
    st.html(
        f'<table class="p2m-table"><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
