"""A link that downloads a file: the browser itself fetches it, so that no page holds its bytes."""

from html import escape

import streamlit as st


def draw_file_link(label: str, address: str, *, key: str) -> None:
    """Draw it as a button. `address` is of this site, relative to the page's base; the answer names the file."""
    with st.container(key=f"file-link-{key}", width="content"):
        st.html(f'<a class="p2m-file-link" href="{escape(address)}" download>{escape(label)}</a>', width="content")
