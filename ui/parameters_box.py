"""The parameters of a project's scene: a field for each number, colour, count and switch that its code names.

A change runs the scene's code again, without a model. One change is at work at a time; values that are set meanwhile
go next, the newest of each.
"""

import itertools
from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.api_types import Parameter, Project
from ui.parameter_fields import draw_field
from ui.parameter_state import ParameterState
from ui.parameter_values import Value
from ui.session import current_session, errors_as_banner
from ui.ticker import draw_ticker
from ui.timeline_state import BUSY_KINDS, ENDED
from ui.wording import count, plain, shortened

JOBS_READ = 20
LOOKS_EVERY_S = 0.35
SEARCHED_FROM = 12
SHOWN_AT_ONCE = 40
_NO_SCENE = "The values of the scene will stand here to be changed; the first prompt makes the first scene."


def draw_parameters(project: Project | None) -> None:
    """Draw them. When a change has been applied the page is drawn anew, with the new scene. None: a new project."""
    if project is None:
        _draw_nothing(_NO_SCENE)
        return
    state = _state_of(project["id"])
    with errors_as_banner():
        client = current_session().client
        blocked = _find_work(state)
        state.read(client, client.get_project(project["id"]) if state.busy else project)
        if state.head is None:
            _draw_nothing(_NO_SCENE)
        elif not state.items:
            _draw_nothing("The code of this scene names no values that could be changed here; ask for it in a prompt.")
        else:
            _draw(project["id"], blocked)


def _state_of(project_id: str) -> ParameterState:
    key = f"parameters-{project_id}"
    if key not in st.session_state:
        st.session_state[key] = ParameterState(project_id)
    return st.session_state[key]


def _find_work(state: ParameterState) -> bool:
    """Whether another job is at work on the scene. A change of its parameters is followed. Raises: ClientError."""
    jobs = itertools.islice(current_session().client.list_jobs(project_id=state.project_id), JOBS_READ)
    at_work = [job for job in jobs if job["state"] not in ENDED and job["kind"] in BUSY_KINDS]
    for job in at_work:
        if job["kind"] == "parameters":
            state.adopt(job)
    return any(job["kind"] != "parameters" for job in at_work)


def _draw_nothing(words: str) -> None:
    with st.container(border=True, horizontal_alignment="center", key="parameters-empty"):
        st.caption(words, width="content")


@st.fragment
def _draw(project_id: str, blocked: bool) -> None:
    state = _state_of(project_id)
    wanted = partial(_want, project_id)
    if blocked:
        st.info("A job is at work on this scene; its values can be changed when it has ended.", icon=":material/lock:")
    else:
        _draw_status(project_id)
    shown = state.items
    if len(state.items) > SEARCHED_FROM:
        words = st.text_input(
            "Find a value",
            key=f"parameters-search-{project_id}",
            placeholder="such as seat, colour or count",
            icon=":material/search:",
            autocomplete="off",
        )
        shown = [item for item in state.items if _fits(item, words)]
        if not shown:
            st.caption("No value has these words in its name, its description or its step.")
    _draw_groups(state, shown, wanted, disabled=blocked)
    if len(shown) > SHOWN_AT_ONCE:
        st.caption(f"{count(len(shown) - SHOWN_AT_ONCE, 'more value')}: search to find them.")


def _draw_groups(state: ParameterState, shown: Sequence[Parameter], wanted: partial[None], *, disabled: bool) -> None:
    groups = itertools.groupby(shown[:SHOWN_AT_ONCE], key=lambda item: (item["step"], item["step_title"]))
    for place, ((step, title), items) in enumerate(groups):
        name = plain(shortened(title, 60)) if title else f"Step {step}"
        with st.expander(name, expanded=place == 0 or len(shown) <= SEARCHED_FROM, key=f"parameters-step-{step}"):
            for item in items:
                draw_field(state, item, wanted, disabled=disabled)


def _fits(item: Parameter, words: str) -> bool:
    said = f"{item['label']} {item['name']} {item['description']} {item['step_title']}".lower()
    return all(word in said for word in words.lower().split())


@st.fragment
def _draw_status(project_id: str) -> None:
    """How the change stands. This alone is drawn again and again while one is at work."""
    state, client = _state_of(project_id), current_session().client
    with errors_as_banner():
        if state.busy and state.go_on(client):
            st.rerun()
    with st.container(key="parameters-status"):
        if state.job is not None:
            st.progress(state.fraction, text=f"Applying {plain(state.applying)} · {state.seconds:.1f} s")
        elif state.trouble:
            st.error(plain(state.trouble), icon=":material/error:")
        elif state.notice:
            st.caption(f":material/check: {plain(state.notice)}")
        else:
            st.caption("A change runs the scene's code again; no model is asked, and undo takes it back.")
        _draw_ways_back(state)
    draw_ticker(f"parameters-ticker-{project_id}", LOOKS_EVERY_S if state.busy else None)


def _draw_ways_back(state: ParameterState) -> None:
    changed = sum(state.is_changed(item) for item in state.items)
    with st.container(horizontal=True, gap="small"):
        st.button(
            f"Reset all ({changed})" if changed else "Reset all",
            icon=":material/restart_alt:",
            key="parameters-reset",
            help="Every value back to what it was when this page was opened",
            disabled=not changed,
            on_click=partial(_reset, state.project_id),
        )
        if state.job is not None:
            st.button(
                "Stop", icon=":material/stop_circle:", key="parameters-stop", on_click=_stop, args=(state.project_id,)
            )


def _want(project_id: str, own_id: str, value: Value) -> None:
    _state_of(project_id).want(own_id, value)


def _reset(project_id: str) -> None:
    _state_of(project_id).want_first()


def _stop(project_id: str) -> None:
    with errors_as_banner():
        _state_of(project_id).stop(current_session().client)
