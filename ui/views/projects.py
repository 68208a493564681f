"""The Projects page: all of one's projects with pictures; one of them opened, with its jobs and files."""

import itertools
from typing import Literal

import streamlit as st

from ui.api_types import Job, JobState, Project
from ui.job_panel import draw_downloads, draw_empty_stage
from ui.session import UiSession, current_session, errors_as_banner
from ui.share_box import show_shares
from ui.wording import ago, plain, shortened

CARDS_A_ROW = 3
SHOWN_AT_FIRST = 12
JOBS_SHOWN = 20
DELETED_SHOWN = 50
FORMATS = ("fbx", "obj", "stl", "usdc", "ply")
STATE_COLOURS: dict[JobState, Literal["green", "red", "gray", "orange"]] = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "gray",
    "running": "orange",
    "queued": "orange",
}


def show() -> None:
    """Draw the page."""
    session = current_session()
    with errors_as_banner():
        if session.opened_project_id is None:
            _draw_all(session)
        else:
            st.button("All projects", icon=":material/arrow_back:", type="tertiary", key="leave", on_click=_leave)
            _draw_opened(session, session.client.get_project(session.opened_project_id))


def _draw_all(session: UiSession) -> None:
    st.header("Projects", anchor=False)
    limit = st.session_state.setdefault("projects_shown", SHOWN_AT_FIRST)
    projects = list(itertools.islice(session.client.list_projects(), limit + 1))
    if not projects:
        draw_empty_stage("You have no projects yet; the studio makes the first.")
    for first in range(0, min(len(projects), limit), CARDS_A_ROW):
        row = projects[first : min(first + CARDS_A_ROW, limit)]
        for column, project in zip(st.columns(CARDS_A_ROW, gap="medium"), row, strict=False):
            with column:
                _draw_card(session, project)
    if len(projects) > limit and st.button("Show more", key="more"):
        st.session_state["projects_shown"] = limit + SHOWN_AT_FIRST
        st.rerun()
    _draw_deleted(session)


def _draw_deleted(session: UiSession) -> None:
    """What was deleted and can still be brought back."""
    deleted = list(itertools.islice(session.client.deleted_projects(), DELETED_SHOWN))
    if not deleted:
        return
    with st.expander("Deleted projects", icon=":material/delete:", key="deleted"):
        for project in deleted:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(shortened(project["name"], 80))
                st.caption(f"Deleted {ago(project.get('deleted_at') or project['updated_at'])}")
                if st.button("Bring back", icon=":material/restore_from_trash:", key=f"undelete-{project['id']}"):
                    with errors_as_banner():
                        session.client.undelete_project(project["id"])
                        st.rerun()


def _draw_card(session: UiSession, project: Project) -> None:
    with st.container(border=True):
        preview = session.preview(project["id"])
        if preview is None:
            draw_empty_stage("No picture yet.", key=project["id"], height_px=180)
        else:
            with st.container(key=f"card-picture-{project['id']}"):
                st.image(preview, width="stretch", alt=f"Preview of {project['name']}")
        st.markdown(f"**{plain(shortened(project['name'], 80))}**")
        st.caption(f"Changed {ago(project['updated_at'])}")
        with st.container(horizontal=True):
            st.button("Open", key=f"open-{project['id']}", on_click=_open, args=(project["id"],))
            _draw_menu(session, project)


def _draw_menu(session: UiSession, project: Project) -> None:
    """Rename, and delete with a second question."""
    with st.popover("", icon=":material/more_horiz:", type="tertiary", key=f"menu-{project['id']}"):
        name = st.text_input("Name", value=project["name"], max_chars=200, key=f"name-{project['id']}")
        if st.button("Rename", key=f"rename-{project['id']}"):
            with errors_as_banner():
                session.client.rename_project(project["id"], name)
                st.rerun()
        st.divider()
        sure = st.checkbox(
            "Delete this scene and all its files; it can be brought back for some days", key=f"sure-{project['id']}"
        )
        if st.button("Delete", icon=":material/delete:", disabled=not sure, key=f"delete-{project['id']}"):
            with errors_as_banner():
                session.client.delete_project(project["id"])
                _leave()
                session.forget_project(project["id"])
                st.rerun()


def _draw_opened(session: UiSession, project: Project) -> None:
    left, right = st.columns([5, 7], gap="large")
    with left:
        st.header(plain(project["name"]), anchor=False)
        st.caption(f"Changed {ago(project['updated_at'])}")
        with st.container(horizontal=True):
            if st.button("Continue with a new prompt", type="primary", icon=":material/edit:", key="continue"):
                session.project_id = project["id"]
                st.switch_page("views/studio.py")
            _draw_menu(session, project)
        _draw_export(session, project)
        show_shares(project)
    with right:
        preview = session.preview(project["id"])
        if preview is None:
            draw_empty_stage("No picture yet.")
        else:
            with st.container(key="opened-picture"):
                st.image(preview, width="stretch", alt=f"Preview of {project['name']}")
    st.subheader("Prompts", anchor=False)
    for job in itertools.islice(session.client.list_jobs(project_id=project["id"]), JOBS_SHOWN):
        _draw_job(session, job)


def _draw_export(session: UiSession, project: Project) -> None:
    if project["head_snapshot_id"] is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("The scene as it stands, as", FORMATS, key="export_format", width=220)
        if st.button("Export", key="export", icon=":material/ios_share:"):
            with errors_as_banner():
                session.client.export_project(project["id"], chosen)
                session.project_id = project["id"]
                st.switch_page("views/studio.py")


def _draw_job(session: UiSession, job: Job) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(job["state"].capitalize(), color=STATE_COLOURS[job["state"]])
            st.caption(ago(job["created_at"]))
        st.text(shortened(job["prompt"], 400) if job["prompt"] else f"Export to {', '.join(job['formats'])}")
        if job["error"] is not None:
            st.caption(plain(job["error"]["message"]))
        if job["state"] in {"queued", "running"}:
            if st.button("Watch", icon=":material/visibility:", key=f"watch-{job['id']}"):
                session.project_id = job["project_id"]
                st.switch_page("views/studio.py")
        elif job["outcome"] is not None:
            draw_downloads(session.client, list(session.client.artifacts(job_id=job["id"])), job["id"])


def _open(project_id: str) -> None:
    current_session().opened_project_id = project_id


def _leave() -> None:
    current_session().opened_project_id = None


show()
