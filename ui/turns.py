"""What was asked in a project and what came of it, the newest last; the running job live."""

import itertools

import streamlit as st

from ui.api_types import Job, Project
from ui.brief_card import UnusableBrief, draw_brief_form
from ui.job_panel import draw_judgement, draw_outcome
from ui.job_progress import JobProgress
from ui.live_component import draw_job
from ui.orders import Order, build
from ui.session import UiSession, errors_as_banner
from ui.tracing import click
from ui.wording import plain, shortened

KINDS = {"build", "refine", "import"}
ASKED_FOR = 30
SHOWN_AT_FIRST = 6
_DROPPED = "dropped_briefs"
_SHOWN = "turns_shown"


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
        _draw_earlier(ended if live else ended[:-1])
    with st.container(key="turn-now"):
        # The place of the painter is the same before and after the job's end, so that nothing is drawn anew.
        if live:
            _draw_now(session, live[0])
        elif ended:
            _draw_now(session, ended[-1])
    with st.container(key="turns-after"):
        for job in live[1:]:
            _draw_waiting(session, job)


def _draw_earlier(jobs: list[Job]) -> None:
    shown = st.session_state.setdefault(_SHOWN, SHOWN_AT_FIRST)
    if len(jobs) > shown:
        st.button("Earlier prompts", icon=":material/expand_less:", type="tertiary", key="earlier", on_click=_show_more)
    for job in jobs[-shown:]:
        with st.container(key=f"turn-{job['id']}"):
            _draw_prompt(job, 200)
            draw_outcome(JobProgress.of_job(job))
            steps = st.expander("How it was built", key=f"steps-of-{job['id']}", type="compact", on_change="rerun")
            if steps.open:
                with steps:
                    draw_job(job, live=False)


def _show_more() -> None:
    st.session_state[_SHOWN] = ASKED_FOR


def _draw_waiting(session: UiSession, job: Job) -> None:
    """A job that is sent and waits for the one before it."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"next-{job['id']}"):
        st.badge("Next", icon=":material/schedule:")
        st.text(shortened(job["prompt"], 200))
        if st.button("Take back", key=f"take-back-{job['id']}"):
            with errors_as_banner():
                session.client.cancel_job(job["id"])
                st.rerun()


def _draw_prompt(job: Job, limit_chars: int = 400) -> None:
    if job["prompt"]:
        with st.container(key=f"said-{job['id']}"):
            st.text(shortened(job["prompt"], limit_chars))


def _draw_now(session: UiSession, job: Job) -> None:
    _draw_prompt(job)
    draw_job(job, live=is_live(job))
    if is_live(job):
        return
    progress = JobProgress.of_job(job)
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
            with click("build brief"):
                build(session.client, Order.of_job(job), wanted)
            st.rerun()
