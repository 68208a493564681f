"""The Build page: a prompt on the left, the scene as it grows on the right."""

import itertools
from collections.abc import Sequence

import streamlit as st

from ui.api_client import ApiError
from ui.api_types import Brief, Detail, Project, Quality
from ui.brief_card import UnusableBrief, draw_brief_form
from ui.job_follower import JobFollower
from ui.job_panel import draw_downloads, draw_judgement, draw_outcome, draw_pictures, draw_status, draw_steps
from ui.job_progress import JobProgress
from ui.orders import Order, build, place
from ui.session import UiSession, current_session, errors_as_banner
from ui.wording import plain, shortened

COLUMNS = (5, 7)
REDRAW_EVERY_S = 0.5
PROJECTS_OFFERED = 50
IMAGES_LIMIT = 8
MORE_FORMATS = ("fbx", "obj", "stl", "usdc", "ply")
QUALITIES: dict[Quality, str] = {
    "draft": "Draft: fast and cheap",
    "standard": "Standard: reviewed and mended",
    "high": "High: the most effort",
}
DETAILS: dict[Detail, str] = {
    "as-is": "As I wrote it",
    "concise": "A short brief",
    "moderate": "A brief",
    "comprehensive": "A detailed brief",
}
NOW = {"build": "Now building", "refine": "Now writing the brief", "import": "Now reading the file"}
EXAMPLE = "a red wooden chair next to a round table with two mugs on it"


def show() -> None:
    """Draw the page: the running job alone, or the form with the last job's outcome."""
    session = current_session()
    projects: list[Project] = []
    scene: bytes | None = None
    with errors_as_banner():
        _find_running_job(session)
        projects = _offered_projects(session)
        if session.project_id is not None:
            scene = session.preview(session.project_id)
    following = session.following
    if following is not None and following.live:
        _draw_live_job(scene)
        return
    progress = following.progress() if following is not None else None
    if following is not None and progress is not None and progress.brief and _is_brief_to_read(following, progress):
        _draw_brief(session, following, progress.brief)
        return
    left, right = st.columns(COLUMNS, gap="large")
    with left:
        _draw_form(session, projects)
        if following is not None and progress is not None:
            _draw_ended_job(session, following, progress)
    with right:
        draw_pictures(progress.pictures if progress else [], scene, "Your scene will appear here.")


def _find_running_job(session: UiSession) -> None:
    """After a sign-in or a reload: go on showing the job that runs or waits."""
    if session.looked_for_running_job:
        return
    for state in ("running", "queued"):
        job = next(session.client.list_jobs(state=state), None)
        if job is not None:
            session.follow(job)
            break
    session.looked_for_running_job = True


def _offered_projects(session: UiSession) -> list[Project]:
    """The newest projects, and the chosen one however old it is. One that is gone is chosen no more."""
    projects = list(itertools.islice(session.client.list_projects(), PROJECTS_OFFERED))
    if session.project_id not in {None, *(project["id"] for project in projects)}:
        try:
            projects.insert(0, session.client.get_project(str(session.project_id)))
        except ApiError as error:
            if error.status != 404:
                raise
            session.project_id = None
    return projects


@st.fragment(run_every=REDRAW_EVERY_S)
def _draw_live_job(scene_before: bytes | None) -> None:
    session = current_session()
    following = session.following
    if following is None or not following.live:
        st.rerun()
    progress = following.progress()
    left, right = st.columns(COLUMNS, gap="large")
    with left:
        st.caption(NOW.get(following.job["kind"], "Now exporting"))
        if following.job["prompt"]:
            st.text(shortened(following.job["prompt"], 300))
        draw_status(following.job, progress)
        if st.button("Cancel", icon=":material/stop_circle:", key="cancel"):
            with errors_as_banner():
                session.client.cancel_job(following.job["id"])
                st.toast("Cancelling…")
        draw_judgement(progress)
        draw_steps(following.job, progress.steps)
    with right:
        draw_pictures(progress.pictures, scene_before, "The first picture comes in a moment.")


def _draw_ended_job(session: UiSession, following: JobFollower, progress: JobProgress) -> None:
    st.divider()
    if following.job["prompt"]:
        st.caption(f"“{plain(shortened(following.job['prompt'], 200))}”")
    if following.trouble:
        st.error(plain(following.trouble), icon=":material/cloud_off:")
        if st.button("Follow it again", icon=":material/refresh:", key="follow_again"):
            session.follow(following.job)
            st.rerun()
    draw_outcome(progress)
    draw_judgement(progress)
    with errors_as_banner():
        job_id = following.job["id"]
        draw_downloads(session.client, list(session.client.artifacts(job_id=job_id)), job_id)
    if progress.steps:
        st.caption("How it was built")
        draw_steps(following.job, progress.steps)


def _draw_form(session: UiSession, projects: Sequence[Project]) -> None:
    names = {project["id"]: project["name"] for project in projects}
    offered: list[str | None] = [None, *names]
    with st.form("order", border=False):
        project_id = st.selectbox(
            "Project",
            offered,
            index=offered.index(session.project_id) if session.project_id in names else 0,
            format_func=lambda identifier: "New project" if identifier is None else names[identifier],
        )
        prompt = st.text_area("Your prompt", placeholder=EXAMPLE, height=130, key="prompt")
        left, right = st.columns(2)
        quality = left.selectbox("Quality", list(QUALITIES), 1, format_func=lambda key: QUALITIES[key], key="quality")
        detail = right.selectbox("Refine it into", list(DETAILS), format_func=lambda key: DETAILS[key], key="detail")
        reads_brief = st.checkbox("Show me the brief before it is built", value=True, key="reads_brief")
        with st.expander("Reference images, formats and budget", icon=":material/tune:"):
            images = st.file_uploader(
                f"Reference images, {IMAGES_LIMIT} at most",
                type=["png", "jpg", "jpeg", "webp", "gif"],
                accept_multiple_files=True,
                key="images",
            )
            formats = st.multiselect("Formats besides .blend and .glb", MORE_FORMATS, key="formats")
            max_usd = st.number_input(
                "What it may cost at most, in dollars",
                min_value=0.01,
                value=None,
                step=0.5,
                placeholder="the quality's budget",
                key="max_usd",
            )
        asked = st.form_submit_button("Build", type="primary", icon=":material/play_arrow:", key="build")
    if asked:
        order = Order(
            project_id=project_id,
            prompt=prompt,
            formats=formats,
            images=[image.getvalue() for image in images],
            quality=quality,
            detail=detail,
            reads_brief=reads_brief and detail != "as-is",
            max_usd=max_usd,
        )
        with errors_as_banner():
            _place(session, order)


def _place(session: UiSession, order: Order) -> None:
    """Send the order and show its job. Raises: ClientError."""
    if not order.prompt.strip():
        st.warning("The prompt is empty; say what you want to see built.", icon=":material/edit:")
        return
    if len(order.images) > IMAGES_LIMIT:
        st.warning(f"Give at most {IMAGES_LIMIT} reference images.", icon=":material/image:")
        return
    session.follow(place(session.client, order))
    st.rerun()


def _is_brief_to_read(following: JobFollower, progress: JobProgress) -> bool:
    return following.job["kind"] == "refine" and progress.state == "succeeded"


def _draw_brief(session: UiSession, following: JobFollower, brief: Brief) -> None:
    """The brief in a form, and the build of what stands in it."""
    job = following.job
    st.caption(f"“{plain(shortened(job['prompt'], 200))}”")
    try:
        wanted = draw_brief_form(brief, job["id"])
    except UnusableBrief as error:
        st.warning(plain(str(error)), icon=":material/edit:")
        wanted = None
    if st.button("Write another prompt", icon=":material/arrow_back:", key="drop_brief"):
        session.stop_following()
        st.rerun()
    if wanted is not None:
        with errors_as_banner():
            session.follow(build(session.client, Order.of_job(job), wanted))
            st.rerun()


show()
