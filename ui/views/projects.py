"""The Projects page: all of one's projects as cards, searched and sorted, each renamed, copied or deleted in place."""

import contextlib

import streamlit as st

from ui.downloads_box import draw_downloads_of
from ui.gallery.painting import GALLERY, KEY
from ui.gallery.shelf import Shelf
from ui.painted import Message, asked
from ui.session import current_session, errors_as_banner
from ui.share_box import show_shares
from ui.wording import plain, shortened

STUDIO = "views/studio.py"
REFRESHED_EVERY_S = 3
_INBOX = "gallery_inbox"
_SHELF = "gallery_shelf"
_TITLE_CHARS = 60


def show() -> None:
    """Draw the page. What it shows is found anew at each visit and kept between the runs of one."""
    st.title("Projects", anchor=False)
    _draw_gallery()
    _draw_box()


@st.fragment
def _draw_gallery() -> None:
    """The cards. A fragment: what is asked of them does not run the rest of the page again."""
    shelf = _shelf()
    with errors_as_banner():
        for message in st.session_state.pop(_INBOX, []):
            _act(shelf, message)
        if not shelf.is_loaded:
            shelf.load()
    GALLERY.draw(KEY, {**shelf.shown(), "refresh_s": REFRESHED_EVERY_S}, on_asked=_hear)
    if shelf.chosen is not None:
        st.session_state["gallery_box"], shelf.chosen = shelf.chosen, None
        st.rerun()
    if shelf.opened is not None:
        opened, shelf.opened = shelf.opened, None
        st.switch_page(STUDIO, query_params={"project": opened})


def _act(shelf: Shelf, message: Message) -> None:
    # What is none of ours (an old script in a page that was never reloaded) is left.
    with contextlib.suppress(KeyError, ValueError):
        shelf.act(message)
    for project_id in shelf.gone:
        current_session().forget_project(project_id)
    shelf.gone.clear()


def _hear() -> None:
    st.session_state.setdefault(_INBOX, []).extend(asked(KEY))


def _shelf() -> Shelf:
    """That of this visit: another page in between begins a new one, with the same search and order."""
    session = current_session()
    kept: Shelf | None = st.session_state.get(_SHELF)
    if kept is None or kept.client is not session.client:
        kept = st.session_state[_SHELF] = Shelf(session.client)
    return kept


def _draw_box() -> None:
    """The dialog with a project's links or files, while one is chosen."""
    if "gallery_box" not in st.session_state:
        return
    project_id, box = st.session_state["gallery_box"]
    title = "Share" if box == "share" else "Downloads"

    @st.dialog(title, width="medium", on_dismiss=_close_box)
    def draw() -> None:
        with errors_as_banner():
            project = current_session().client.get_project(project_id)
            st.markdown(f"**{plain(shortened(project['name'], _TITLE_CHARS))}**")
            if project["head_snapshot_id"] is None:
                st.caption("There is no scene yet: it comes with the first prompt in the studio.")
            elif box == "share":
                show_shares(project)
            else:
                draw_downloads_of(project)

    draw()


def _close_box() -> None:
    st.session_state.pop("gallery_box", None)


show()
