"""One step of the timeline, looked at: its scene to turn, what it changed, its cost, and what can be done with it."""

from functools import partial

import streamlit as st

from ui.api_client import ClientError
from ui.api_types import Project, Snapshot
from ui.file_link import draw_file_link
from ui.filmstrip import content_address, name_of
from ui.session import current_session
from ui.step_words import cost_words
from ui.studio_project import show_project
from ui.timeline_state import ENDED, TimelineState
from ui.viewer_component import draw_viewer
from ui.wording import ago, duration, file_size, plain, shortened

LABEL_CHARS = 80
NAME_CHARS = 200
PROMPT_CHARS = 300


def draw_step(project: Project, state: TimelineState, step: Snapshot, prompt: str) -> bool:
    """Draw it. Returns: whether its 3D model is being made. Raises: ClientError."""
    with st.container(border=True, key="timeline-look"):
        left, right = st.columns([7, 5], gap="medium")
        with left:
            waits, words = find_model(state, step)
            draw_viewer(
                content_address(step["model_id"]),
                content_address(step["thumbnail_id"]),
                f"look-{state.project_id}",
                title=name_of(step),
                height=400,
            )
            if words:
                st.caption(plain(words))
        with right:
            _draw_facts(step, prompt)
            _draw_actions(project, state, step)
        _draw_code(state, step)
    return waits


def find_model(state: TimelineState, step: Snapshot) -> tuple[bool, str]:
    """Have the step's 3D model made where there is none. Returns: whether it is on its way, and what to say.

    Raises: ClientError.
    """
    if step["model_id"] is not None:
        return False, ""
    client = current_session().client
    job = state.job(client, "model", step["id"])
    if job is None:
        made = client.make_step_model(state.project_id, step["id"])["job"]
        if made is None:
            return True, ""  # it has come since the steps were listed
        job = state.jobs["model", step["id"]] = made
    if job["state"] not in ENDED:
        return True, "The 3D model of this step is being made…"
    if job["error"] is not None:
        return False, f"There is no 3D model of this step: {job['error']['message']}"
    return job["state"] == "succeeded", ""


def _draw_facts(step: Snapshot, prompt: str) -> None:
    st.markdown(f"#### {plain(name_of(step))}")
    facts = [ago(step["created_at"]).capitalize(), f"took {_seconds(step['seconds'])}", file_size(step["bytes"])]
    st.caption(" · ".join(plain(fact) for fact in facts))
    if step["label"] and step["title"]:
        st.caption(plain(step["title"]))
    if step["changed"]:
        st.text(step["changed"])
    if prompt:
        st.caption(f"For “{plain(shortened(prompt, PROMPT_CHARS))}”")
    st.caption(cost_words(step["cost"]).replace("$", "\\$"))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


def _draw_actions(project: Project, state: TimelineState, step: Snapshot) -> None:
    here, project_id = step["id"], project["id"]
    with st.container(horizontal=True, gap="small", key="timeline-actions"):
        st.button(
            "The scene now" if step["is_head"] else "Restore",
            icon=":material/history:",
            type="primary",
            key="timeline-restore",
            disabled=step["is_head"],
            help="Make this the scene again. What came after it stays in the timeline.",
            on_click=partial(_restore, state, here),
        )
        st.button(
            "Compare with…", icon=":material/compare:", key="timeline-compare", on_click=_begin_choosing, args=(state,)
        )
        with st.popover("Branch", icon=":material/fork_right:", key="timeline-branch"):
            _draw_branch_form(project, step)
        with st.popover("Rename", icon=":material/edit:", key="timeline-rename"):
            _draw_label_form(state, step)
        address = f"p2m/api/v1/projects/{project_id}/snapshots/{here}"
        draw_file_link("Download .blend", f"{address}/content", key="blend")
        draw_file_link("Script up to here", f"{address}/script", key="script")
        st.button("Close", icon=":material/close:", key="timeline-close", on_click=state.look, args=(None,))
    if state.choosing:
        st.info("Now click the step to compare it with, in the strip above.", icon=":material/compare:")


def _restore(state: TimelineState, snapshot_id: str) -> None:
    try:
        state.restore(current_session().client, snapshot_id)
    except ClientError as error:
        state.trouble = str(error)


def _draw_branch_form(project: Project, step: Snapshot) -> None:
    with st.form(f"branch-{step['id']}", border=False):
        st.caption("A new project that begins with this step's scene and its history.")
        usual = shortened(f"{project['name']} (branch)", NAME_CHARS)
        name = st.text_input("Name", value=usual, max_chars=NAME_CHARS, key=f"branch-name-{step['id']}")
        sent = st.form_submit_button("Branch off", type="primary", key="timeline-branch-off")
    if sent:
        session = current_session()
        made = session.client.branch_project(project["id"], step["id"], name.strip() or None)
        show_project(session, made["id"])
        st.rerun()


def _draw_label_form(state: TimelineState, step: Snapshot) -> None:
    key = f"label-words-{step['id']}"
    with st.form(f"label-{step['id']}", border=False):
        st.text_input(
            "Name of this step", value=step["label"], placeholder=step["title"], max_chars=LABEL_CHARS, key=key
        )
        st.form_submit_button(
            "Rename", type="primary", key="timeline-label", on_click=partial(_rename, state, step["id"], key)
        )


def _rename(state: TimelineState, snapshot_id: str, key: str) -> None:
    try:
        current_session().client.label_snapshot(state.project_id, snapshot_id, st.session_state[key].strip())
    except ClientError as error:
        state.trouble = str(error)


def _begin_choosing(state: TimelineState) -> None:
    state.choosing = True


def _draw_code(state: TimelineState, step: Snapshot) -> None:
    """The step's code, where one wants to see it: it is fetched then, and for each step while it stays wanted."""
    if st.toggle("Show the code of this step", key=f"timeline-code-{state.project_id}"):
        code = current_session().client.get_snapshot(state.project_id, step["id"])["code"]
        if code:
            st.code(code, language="python", height=360 if code.count("\n") > 16 else "content")
        else:
            st.caption("This step ran no code.")
