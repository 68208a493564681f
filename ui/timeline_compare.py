"""Two steps of the timeline side by side: their scenes, and what differs, in words."""

import streamlit as st

from ui.api_types import Job, Snapshot
from ui.compare_component import CompareSide, draw_compare
from ui.filmstrip import content_address, name_of
from ui.session import current_session
from ui.step_words import difference_words
from ui.timeline_look import find_model
from ui.timeline_state import ENDED, TimelineState
from ui.wording import plain, shortened

SIDE_CHARS = 40


def draw_comparison(state: TimelineState, first: Snapshot, second: Snapshot) -> bool:
    """Draw both, the older one first. Returns: whether something is still on its way. Raises: ClientError."""
    before, after = sorted((first, second), key=lambda each: each["created_at"])
    with st.container(border=True, key="timeline-compared"):
        st.markdown(f"#### {plain(name_of(before))} → {plain(name_of(after))}")
        job = _comparison_of(state, before["id"], after["id"])
        found = (job["result"] or {}).get("comparison") or {}
        models = [find_model(state, step) for step in (before, after)]
        draw_compare(
            _side(before, found.get("a_picture_id")),
            _side(after, found.get("b_picture_id")),
            f"compare-{state.project_id}",
            height=440,
        )
        words = next((words for _, words in models if words), "")
        if words:
            st.caption(plain(words))
        _draw_difference(job)
        st.button(
            "End the comparison", icon=":material/close:", key="compare-end", on_click=state.look, args=(first["id"],)
        )
    return job["state"] not in ENDED or any(waits for waits, _ in models)


def _side(step: Snapshot, picture_id: str | None) -> CompareSide:
    """`picture_id` is the picture that was taken from the same place as the other's."""
    return CompareSide(
        shortened(name_of(step), SIDE_CHARS),
        model=content_address(step["model_id"]),
        picture=content_address(picture_id or step["thumbnail_id"]),
    )


def _comparison_of(state: TimelineState, before_id: str, after_id: str) -> Job:
    """The job that compares the two, asked for at the first look."""
    client = current_session().client
    job = state.job(client, "compare", before_id, after_id)
    if job is None:
        job = client.compare_snapshots(state.project_id, before_id, after_id)
        state.jobs["compare", before_id, after_id] = job
    return job


def _draw_difference(job: Job) -> None:
    if job["error"] is not None:
        st.error(plain(job["error"]["message"]), icon=":material/error:")
        return
    if job["state"] not in ENDED:
        waits = "It waits for the job before it. " if job["state"] == "queued" else ""
        st.caption(f"{waits}Measuring what differs…")
        return
    changed = ((job["result"] or {}).get("comparison") or {}).get("changed") or {}
    rows = difference_words(changed)
    st.text(changed.get("summary") or "The two are the same.")
    for kind, names in rows:
        st.caption(f"**{plain(kind)}**: {plain(names)}")
