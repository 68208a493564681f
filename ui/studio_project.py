"""Which project the studio shows: the one in the address (`?project=`), and how to begin another."""

import streamlit as st

from ui.api_client import ApiError
from ui.api_types import Project
from ui.session import UiSession
from ui.wording import plain, shortened

PARAMETER = "project"


def project_in_view(session: UiSession) -> Project | None:
    """The project of the address; of an address without one what this tab was at, else where a job runs.

    Says so where it is gone. Returns: None for a new one. Raises: ClientError.
    """
    named = st.query_params.get(PARAMETER) or session.project_id or _running_project(session)
    session.looked_for_running_job = True
    project = None
    if named:
        try:
            project = session.client.get_project(named)
        except ApiError as error:
            if error.status not in {404, 422}:
                raise
            st.warning("That project is not here: it was deleted, or it is another account's.", icon=":material/info:")
    show_project(session, project["id"] if project else None)
    return project


def show_project(session: UiSession, project_id: str | None) -> None:
    """Have the address and this tab name this project; None: a new one."""
    session.project_id = project_id
    if project_id is None:
        st.query_params.pop(PARAMETER, None)
    elif st.query_params.get(PARAMETER) != project_id:
        st.query_params[PARAMETER] = project_id


def draw_head(session: UiSession, project: Project | None) -> None:
    """The project's name, and the way to another."""
    with st.container(horizontal=True, vertical_alignment="center", key="studio-head"):
        st.title(plain(shortened(project["name"], 80)) if project else "New project", anchor=False)
        if project is not None:
            st.button(
                "New project", icon=":material/add:", key="new_project", on_click=show_project, args=(session, None)
            )


def _running_project(session: UiSession) -> str | None:
    """Asked once in a tab: a page that is opened anew comes back to the job that runs or waits."""
    if session.looked_for_running_job:
        return None
    for state in ("running", "queued"):
        job = next(session.client.list_jobs(state=state), None)
        if job is not None:
            return job["project_id"]
    return None
