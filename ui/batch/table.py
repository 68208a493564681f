"""The prompts of a batch as a table, before they are sent. Streamlit's own want NumPy 2, which Blender has not."""

from collections.abc import Mapping, Sequence
from html import escape


def table_html(rows: Sequence[Mapping[str, str]], caption: str) -> str:
    """The rows, numbered, in a box that scrolls, by keyboard too. All have the same columns. Words are escaped."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("", *rows[0]))
    body = "".join(
        f'<tr><th scope="row">{number}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row.values())}</tr>'
        for number, row in enumerate(rows, 1)
    )
    name = escape(caption, quote=True)
    return (
        f'<div class="p2m-scrolled-table" role="region" tabindex="0" aria-label="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
