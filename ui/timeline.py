"""The timeline of a project: the filmstrip of its steps, undo and redo, and below it the step that is looked at."""

import itertools
from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.api_client import ClientError
from ui.api_types import Job, Project, Snapshot
from ui.filmstrip import lay_out
from ui.painted import Painted, asked
from ui.session import current_session, errors_as_banner
from ui.ticker import draw_ticker
from ui.timeline_compare import draw_comparison
from ui.timeline_look import draw_step
from ui.timeline_state import BUSY_KINDS, ENDED, TimelineState
from ui.wording import plain

JOBS_READ = 100
STEPS_SHOWN = 600
GROWS_EVERY_S = 1.0
MANY_STEPS, MANY_GROW_EVERY_S = 100, 3.0

_STRIP = Painted("p2m_filmstrip", script="filmstrip.js", styles=["filmstrip.css"])


def draw_timeline(project: Project | None) -> None:
    """Draw it; None: a new project has none. It follows the project by itself while a job runs; what moves the scene
    draws the page anew."""
    if project is None:
        return
    state = _state_of(project["id"])
    state.moved = False
    _draw(project["id"])


def _state_of(project_id: str) -> TimelineState:
    key = f"timeline-{project_id}"
    if key not in st.session_state:
        st.session_state[key] = TimelineState(project_id)
    return st.session_state[key]


@st.fragment
def _draw(project_id: str) -> None:
    state, client = _state_of(project_id), current_session().client
    if state.moved:
        st.rerun()
    with errors_as_banner():
        project = client.get_project(project_id)
        steps = list(itertools.islice(client.snapshots(project_id), STEPS_SHOWN))
        jobs = list(itertools.islice(client.list_jobs(project_id=project_id), JOBS_READ))
        state.head = project["head_snapshot_id"]
        busy = _is_busy(jobs)
        _draw_moves(project, state, busy)
        if not steps:
            _draw_empty(busy)
        else:
            _draw_strip(state, steps, jobs)
        waits = _draw_below(project, state, steps, jobs)
        if len(steps) == STEPS_SHOWN:
            st.caption(f"These are the newest {STEPS_SHOWN} steps; older ones are in the command line's history.")
        every_s = MANY_GROW_EVERY_S if len(steps) > MANY_STEPS else GROWS_EVERY_S
        followed = None if waits else project_id
        draw_ticker(f"timeline-ticker-{project_id}", every_s if busy or waits else None, followed)


def _is_busy(jobs: Sequence[Job]) -> bool:
    return any(job["state"] not in ENDED and job["kind"] in BUSY_KINDS for job in jobs)


def _draw_moves(project: Project, state: TimelineState, busy: bool) -> None:
    """Undo and redo, and what the last of them came to."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="timeline-moves"):
        for what, label, icon, keys in (
            ("undo", "Undo", ":material/undo:", "Ctrl+Z"),
            ("redo", "Redo", ":material/redo:", "Ctrl+Shift+Z or Ctrl+Y"),
        ):
            st.button(
                label,
                icon=icon,
                key=f"timeline-{what}",
                help="A job is at work on the scene; wait for its end." if busy else keys,
                disabled=busy or not (project["can_undo"] if what == "undo" else project["can_redo"]),
                on_click=partial(_hear, project["id"], what),
            )
        if state.trouble:
            st.markdown(f":red[:material/error: {plain(state.trouble)}]", width="content")
        elif state.notice:
            st.caption(plain(state.notice), width="content")


def _draw_empty(busy: bool) -> None:
    with st.container(border=True, horizontal_alignment="center", key="timeline-empty"):
        st.caption(
            "The first step comes in a moment."
            if busy
            else "Every step of the build will stand here: look at it, compare it, or go back to it.",
            width="content",
        )


def _draw_strip(state: TimelineState, steps: Sequence[Snapshot], jobs: Sequence[Job]) -> None:
    key = f"filmstrip-{state.project_id}"
    data = {
        "frames": lay_out(steps, {job["id"]: job["prompt"] for job in jobs}),
        "selected": state.selected,
        "second": state.second,
        "choosing": state.choosing,
        "notice": state.trouble or state.notice,
    }
    _STRIP.draw(key, data, partial(_hear, state.project_id))


def _draw_below(project: Project, state: TimelineState, steps: Sequence[Snapshot], jobs: Sequence[Job]) -> bool:
    """The step that is looked at, or two of them. Returns: whether something is on its way that will change it."""
    known = {snapshot["id"]: snapshot for snapshot in steps}
    first, second = known.get(state.selected or ""), known.get(state.second or "")
    if first is None:
        return False
    if second is not None:
        return draw_comparison(state, first, second)
    prompt = next((job["prompt"] for job in jobs if job["id"] == first["job_id"]), "")
    return draw_step(project, state, first, prompt)


def _hear(project_id: str, what: str = "") -> None:
    """What the filmstrip has asked for, or a button."""
    state = _state_of(project_id)
    messages = [{"what": what}] if what else asked(f"filmstrip-{project_id}")
    try:
        state.hear(current_session().client, messages)
    except ClientError as error:
        state.trouble = str(error)
