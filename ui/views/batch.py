"""The Batch page: many prompts in one go, read before they are sent, and a grid that fills with their pictures."""

import contextlib
import hashlib
import itertools
import secrets

import streamlit as st

from ui.api_client import ClientError
from ui.api_types import Detail, Quality
from ui.batch.grid import BatchGrid, told
from ui.batch.order import FILE_ENDINGS, BatchOrder, cost_of, media_type_of, rows_of
from ui.batch.painting import GRID, KEY
from ui.batch.table import table_html
from ui.batch_calls import BatchPreview
from ui.painted import asked
from ui.session import UiSession, current_session, errors_as_banner
from ui.wording import ago, count, plain, shortened

EARLIER_SHOWN = 20
FILE_MIB = 10
_INBOX = "batch_inbox"
_GRID = "batch_shown"
_SEND_KEY = "batch_send_key"
_PREVIEW = "batch_preview"
_TITLE_CHARS = 80
_QUALITIES: dict[str, Quality] = {"Draft": "draft", "Standard": "standard", "High": "high"}
_DETAILS: dict[str, Detail] = {
    "As I say it": "as-is",
    "Concise": "concise",
    "Moderate": "moderate",
    "Comprehensive": "comprehensive",
}


def show() -> None:
    """Draw the batch that the address names; without one, the form for a new one and the earlier ones."""
    session = current_session()
    batch_id = st.query_params.get("batch")
    with errors_as_banner():
        if batch_id:
            with st.container(key="batch-links"):
                st.page_link("views/batch.py", label="All batches", icon=":material/arrow_back:")
            _draw_opened(session, batch_id)
        else:
            st.title("Batch", anchor=False)
            _draw_form(session)
            _draw_earlier(session)


def _draw_opened(session: UiSession, batch_id: str) -> None:
    batch = session.client.get_batch(batch_id)
    st.title(plain(shortened(batch["name"], _TITLE_CHARS)), anchor=False)
    st.session_state[_GRID] = BatchGrid(session.client, batch)
    _draw_grid()


@st.fragment
def _draw_grid() -> None:
    """A fragment: its script asks for news as long as the batch runs, and the rest of the page stands still."""
    grid: BatchGrid = st.session_state[_GRID]
    with errors_as_banner():
        for message in st.session_state.pop(_INBOX, []):
            # What is none of ours (an old script in a page that was never reloaded) is left.
            with contextlib.suppress(KeyError):
                grid.act(message)
    GRID.draw(KEY, grid.shown(), on_asked=_hear)


def _hear() -> None:
    st.session_state.setdefault(_INBOX, []).extend(asked(KEY))


def _draw_form(session: UiSession) -> None:
    order = _ask_for_order()
    if order is None:
        st.caption("Each prompt becomes a project of its own. They are built one after the other, also without you.")
        return
    try:
        preview = _preview_of(session, order)
    except ClientError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.html(table_html(rows_of(preview), "The prompts as they were read"))
    st.caption(plain(cost_of(preview, session.client.models())))
    if st.button(
        f"Build {count(preview['total'], 'prompt')}", type="primary", icon=":material/bolt:", key="batch_send"
    ):
        _send(session, order)


def _ask_for_order() -> BatchOrder | None:
    """What the form says by now. None: there is nothing to build yet."""
    typed = st.text_area(
        "Prompts, one a line", key="batch_text", height=180, placeholder="a red chair\na round table\na small lamp"
    )
    label = "Or a file of them: .txt, .csv, .jsonl or .json"
    upload = st.file_uploader(label, FILE_ENDINGS, key="batch_file", max_upload_size=FILE_MIB)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the batch", key="batch_name", max_chars=200, width=280, autocomplete="off")
        quality = st.selectbox("Quality", list(_QUALITIES), index=1, key="batch_quality", width=150)
        detail = st.selectbox("Brief", list(_DETAILS), key="batch_detail", width=180)
    if upload is not None:
        if typed.strip():
            st.info("The file is taken; what is typed above waits until you remove it.", icon=":material/info:")
        content, media_type = upload.getvalue(), media_type_of(upload.name)
    elif typed.strip():
        content, media_type = typed.encode(), "text/plain"
    else:
        return None
    return BatchOrder(content, media_type, name, _QUALITIES[quality], _DETAILS[detail])


def _preview_of(session: UiSession, order: BatchOrder) -> BatchPreview:
    """What the API makes of it; asked once for the same prompts."""
    what = hashlib.sha256(repr((order.media_type, order.quality, order.detail)).encode() + order.content).hexdigest()
    kept: tuple[str, BatchPreview] | None = st.session_state.get(_PREVIEW)
    if kept is None or kept[0] != what:
        kept = st.session_state[_PREVIEW] = (what, order.preview(session.client))
        st.session_state[_SEND_KEY] = secrets.token_urlsafe(16)
    return kept[1]


def _send(session: UiSession, order: BatchOrder) -> None:
    with errors_as_banner():
        batch = order.send(session.client, st.session_state[_SEND_KEY])
        for name in (_PREVIEW, _SEND_KEY, "batch_text", "batch_file", "batch_name"):
            st.session_state.pop(name, None)
        st.query_params["batch"] = batch["id"]
        st.rerun()


def _draw_earlier(session: UiSession) -> None:
    earlier = list(itertools.islice(session.client.list_batches(), EARLIER_SHOWN))
    if not earlier:
        return
    st.header("Earlier batches", anchor=False)
    for number, batch in enumerate(earlier):
        with st.container(key=f"batch-links-{number}", horizontal=True, vertical_alignment="center", gap="medium"):
            label = plain(shortened(batch["name"], _TITLE_CHARS))
            st.page_link("views/batch.py", label=label, query_params={"batch": batch["id"]}, icon=":material/apps:")
            st.caption(plain(f"{told(batch)} · {ago(batch['created_at'])}"), width="content")


show()
