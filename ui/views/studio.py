"""The studio: what is said on the left, the thing itself on the right, its history below."""

import streamlit as st

from ui.api_types import Project
from ui.downloads_box import draw_downloads_of
from ui.parameters_box import draw_parameters
from ui.prompt_form import draw_prompt_form
from ui.session import current_session, errors_as_banner
from ui.share_box import show_shares
from ui.stage_box import draw_stage
from ui.studio_project import draw_head, project_in_view
from ui.timeline import draw_timeline
from ui.turns import draw_turns, turns_in_view

COLUMNS = (5, 7)


def show() -> None:
    """Draw the page of the project that the address names; without one, of a new project."""
    session = current_session()
    with errors_as_banner():
        project = project_in_view(session)
        turns = turns_in_view(session, project)
        draw_head(session, project)
        left, right = st.columns(COLUMNS, gap="large")
        with right:
            draw_stage(session, project)
        with left:
            names = ["Prompt", "Parameters", "Downloads", "Share"]
            prompt, parameters, downloads, share = st.tabs(names, key="studio-tabs", on_change="rerun")
        with prompt:  # always drawn: what is typed there must outlive a look at another tab
            draw_turns(session, turns)
            draw_prompt_form(session, project, turns)
        with parameters:
            if parameters.open:
                draw_parameters(project)
        with downloads:
            if downloads.open:
                _draw_downloads(project)
        with share:
            if share.open:
                _draw_share(project)
        draw_timeline(project)


def _draw_downloads(project: Project | None) -> None:
    if project is None:
        st.caption("There is nothing to download yet: the first scene comes with the first prompt.")
    else:
        draw_downloads_of(project)


def _draw_share(project: Project | None) -> None:
    if project is None or project["head_snapshot_id"] is None:
        st.caption("There is nothing to share yet; the first prompt makes the first scene.")
        return
    show_shares(project)


show()
