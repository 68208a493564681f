"""The field at the bottom of the studio's conversation: a prompt, files to go with it, and how it is to be done."""

import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.api_client import ApiClient, ClientError
from ui.api_types import Detail, Job, Project, Quality
from ui.import_calls import IMPORT_FORMATS
from ui.orders import Order, place
from ui.session import UiSession, current_session
from ui.studio_project import show_project
from ui.tracing import click
from ui.turns import is_live
from ui.wording import plain, shortened

IMAGES_LIMIT = 8
IMAGE_FORMATS = ("png", "jpg", "jpeg", "webp", "gif")
MORE_FORMATS = ("fbx", "obj", "stl", "usdc", "ply")
QUALITIES: dict[Quality, str] = {
    "draft": "Draft",
    "standard": "Standard",
    "high": "High",
}
QUALITY_HELP = "Draft is fast and cheap, Standard is reviewed and mended, High takes the most effort."
DETAILS: dict[Detail, str] = {
    "as-is": "As I wrote it",
    "concise": "A short brief",
    "moderate": "A brief",
    "comprehensive": "A detailed brief",
}
EXAMPLE = "a red wooden chair next to a round table with two mugs on it"
_TROUBLE = "prompt_trouble"
_UPLOADS = "prompt_uploads"


def draw_prompt_form(session: UiSession, project: Project | None, turns: list[Job]) -> None:
    """The form. What it sends goes into `project`, or into a new one; a refusal leaves all its fields as they are."""
    busy = any(is_live(job) for job in turns)
    with st.form("order", border=False):
        st.text_area(
            "What should change?" if turns else "Your prompt",
            placeholder=_placeholder(project, busy=busy),
            height=110,
            key="prompt",
        )
        left, right = st.columns(2)
        left.selectbox(
            "Quality", list(QUALITIES), 1, format_func=lambda key: QUALITIES[key], key="quality", help=QUALITY_HELP
        )
        right.selectbox("Refine it into", list(DETAILS), format_func=lambda key: DETAILS[key], key="detail")
        with st.container(horizontal=True, vertical_alignment="center", key="prompt-bar"):
            _draw_attachments()
            _draw_more_options()
            st.form_submit_button(
                "Build after this" if busy else "Build",
                type="primary",
                icon=":material/arrow_upward:",
                key="build",
                on_click=_send,
                args=(project["id"] if project else None,),
            )
    trouble = st.session_state.pop(_TROUBLE, "")
    if trouble:
        st.error(plain(trouble), icon=":material/error:")


def _placeholder(project: Project | None, *, busy: bool) -> str:
    if busy:
        return "Type on: it is built when the running job has ended."
    return EXAMPLE if project is None else "make the legs thicker, and put a lamp on the table"


def _draw_more_options() -> None:
    with st.popover("Options", icon=":material/tune:"):
        st.checkbox("Show me the brief before it is built", value=True, key="reads_brief")
        st.multiselect("Formats besides .blend and .glb", MORE_FORMATS, key="formats")
        st.number_input(
            "What it may cost at most, in dollars",
            min_value=0.01,
            value=None,
            step=0.5,
            placeholder="the quality's budget",
            key="max_usd",
        )


def _draw_attachments() -> None:
    files: list[UploadedFile] = st.session_state.get(_uploads_key()) or []
    with st.popover(f"Attach ({len(files)})" if files else "Attach", icon=":material/attach_file:"):
        st.file_uploader(
            f"Up to {IMAGES_LIMIT} pictures to go by, of 10 MB each, and one 3D file of 200 MB to begin from "
            "(.blend, .glb, .fbx, .obj, .stl, .ply, .usd)",
            type=[*IMAGE_FORMATS, *IMPORT_FORMATS],
            accept_multiple_files=True,
            key=_uploads_key(),
        )


def _uploads_key() -> str:
    """A new one after each prompt that was taken: an uploader is emptied in no other way."""
    return f"attachments-{st.session_state.get(_UPLOADS, 0)}"


def _send(project_id: str | None) -> None:
    """Send what stands in the form. Runs before the page is drawn, so the fields can be emptied."""
    state, session = st.session_state, current_session()
    files: list[UploadedFile] = state.get(_uploads_key()) or []
    images = [file for file in files if _extension(file) in IMAGE_FORMATS]
    scenes = [file for file in files if _extension(file) not in IMAGE_FORMATS]
    state[_TROUBLE] = _amiss(state["prompt"], images, scenes)
    if state[_TROUBLE]:
        return
    order = Order(
        project_id=project_id,
        prompt=state["prompt"],
        formats=state["formats"],
        images=[image.getvalue() for image in images],
        quality=state["quality"],
        detail=state["detail"],
        reads_brief=state["reads_brief"] and state["detail"] != "as-is",
        max_usd=state["max_usd"],
    )
    try:
        with click("send prompt"):
            job = _place(session.client, order, scenes)
    except ClientError as error:
        state[_TROUBLE] = str(error)
        return
    state["prompt"] = ""
    state[_UPLOADS] = state.get(_UPLOADS, 0) + 1
    show_project(session, job["project_id"])


def _amiss(prompt: str, images: list[UploadedFile], scenes: list[UploadedFile]) -> str:
    """Why it cannot be sent, in a sentence; empty: it can."""
    if not prompt.strip() and not scenes:
        return "The prompt is empty; say what you want to see built, or attach a 3D file to begin from."
    if not prompt.strip() and images:
        return "Pictures go with a prompt; say what is to be built of them."
    if len(images) > IMAGES_LIMIT:
        return f"Give at most {IMAGES_LIMIT} reference pictures."
    return "Begin from one 3D file at a time." if len(scenes) > 1 else ""


def _place(client: ApiClient, order: Order, scenes: list[UploadedFile]) -> Job:
    """The file first, for the prompt is about what it brings. Returns: the last job. Raises: ClientError."""
    if not scenes:
        return place(client, order)
    file = scenes[0]
    project_id = order.project_id or client.create_project(shortened(order.prompt or file.name, 60))["id"]
    try:
        job = _import(client, project_id, file)
    except ClientError:
        if order.project_id is None:
            client.delete_project(project_id)
        raise
    if not order.prompt.strip():
        return job
    return place(client, order.inside(project_id))


def _import(client: ApiClient, project_id: str, file: UploadedFile) -> Job:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload.{_extension(file)}"
        path.write_bytes(file.getbuffer())
        return client.start_from_file(project_id, path, name=file.name)


def _extension(file: UploadedFile) -> str:
    return Path(file.name).suffix.lower().removeprefix(".")
