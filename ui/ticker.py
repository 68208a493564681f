"""A fragment of a page that runs again and again while something goes on, and rests else.

Unlike a fragment's `run_every` it can begin and end within the fragment's own runs, and it never asks again before the
last run has been drawn.
"""

import streamlit as st

from ui.painted import Painted, asked

_TICKER = Painted("p2m_ticker", script="ticker.js", styles=())


def draw_ticker(key: str, every_s: float | None, project_id: str | None = None) -> None:
    """Have this fragment run again in `every_s` seconds; None: not by itself. `key`: one of its own.

    `project_id`: while the page follows a job of this project by itself, it runs again when that brings something.
    """
    with st.container(key=f"ticker-{key}"):
        data = {"every_ms": round(every_s * 1000) if every_s else 0, "project": project_id}
        _TICKER.draw(key, data, lambda: _hear(key))


def _hear(key: str) -> None:
    asked(key)
