"""What was asked in a project and what came of it, the newest last; the running job live."""

import itertools

import streamlit as st

from ui.api_types import Job, Project
from ui.brief_card import UnusableBrief, draw_brief_form
from ui.job_panel import draw_judgement, draw_outcome, draw_status, draw_steps
from ui.job_progress import JobProgress
from ui.orders import Order, build
from ui.session import UiSession, current_session, errors_as_banner
from ui.wording import plain, shortened

KINDS = {"build", "refine", "import"}
ASKED_FOR = 30
SHOWN_AT_FIRST = 6
REDRAW_EVERY_S = 0.5
_DROPPED = "dropped_briefs"


def turns_in_view(session: UiSession, project: Project | None) -> list[Job]:
    """The project's newest prompts and files, oldest first. Raises: ClientError."""
    if project is None:
        return []
    jobs = itertools.islice(session.client.list_jobs(project_id=project["id"]), ASKED_FOR)
    return [job for job in jobs if job["kind"] in KINDS][::-1]


def is_live(job: Job) -> bool:
    """Whether more will come of it."""
    return job["state"] in {"queued", "running"}


def draw_turns(session: UiSession, turns: list[Job]) -> None:
    """Each prompt with its outcome, then what goes on or what it came to, then what waits."""
    ended = [job for job in turns if not is_live(job)]
    live = [job for job in turns if is_live(job)]
    with st.container(key="turns-before"):
        for job in (ended if live else ended[:-1])[-SHOWN_AT_FIRST:]:
            _draw_ended(job)
    with st.container(key="turn-now"):
        if live:
            _draw_live_turn(session, live[0])
        elif ended:
            _draw_newest(session, ended[-1])


def _draw_prompt(job: Job, limit_chars: int = 400) -> None:
    if job["prompt"]:
        with st.container(key=f"said-{job['id']}"):
            st.text(shortened(job["prompt"], limit_chars))


def _draw_ended(job: Job) -> None:
    _draw_prompt(job, 200)
    draw_outcome(JobProgress.of_job(job))


def _draw_newest(session: UiSession, job: Job) -> None:
    progress = JobProgress.of_job(job)
    _draw_prompt(job)
    dropped = st.session_state.setdefault(_DROPPED, set())
    if job["kind"] == "refine" and progress.state == "succeeded" and progress.brief and job["id"] not in dropped:
        _draw_brief_to_read(session, job, progress)
        return
    draw_outcome(progress)
    draw_judgement(progress)


def _draw_brief_to_read(session: UiSession, job: Job, progress: JobProgress) -> None:
    """The brief in a form, and the build of what stands in it."""
    assert progress.brief is not None
    try:
        wanted = draw_brief_form(progress.brief, job["id"])
    except UnusableBrief as error:
        st.warning(plain(str(error)), icon=":material/edit:")
        wanted = None
    if st.button("Write another prompt", icon=":material/arrow_back:", key="drop_brief"):
        st.session_state[_DROPPED].add(job["id"])
        st.rerun()
    if wanted is not None:
        with errors_as_banner():
            build(session.client, Order.of_job(job), wanted)
            st.rerun()


def _draw_live_turn(session: UiSession, job: Job) -> None:
    _draw_prompt(job)
    if session.following is None or session.following.job["id"] != job["id"]:
        session.follow(job)
    _draw_live()


@st.fragment(run_every=REDRAW_EVERY_S)
def _draw_live() -> None:
    session = current_session()
    following = session.following
    if following is None or not following.live:
        st.rerun()
    progress = following.progress()
    draw_status(following.job, progress)
    if st.button("Cancel", icon=":material/stop_circle:", key="cancel"):
        with errors_as_banner():
            session.client.cancel_job(following.job["id"])
            st.toast("Cancelling…")
    draw_judgement(progress)
    draw_steps(following.job, progress.steps)
