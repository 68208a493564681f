"""The place in a page where a job is painted, live or as it has been. The painter is `ui/studio/live.js`."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from ui.api_client import ApiError, ClientError
from ui.api_types import Job
from ui.live.follower import LOST
from ui.server.assets import asset_path
from ui.session import current_session
from ui.wording import plain

_STYLE = Path(__file__).parent / "studio" / "live.css"
# The script's address is in the data, so that what is registered with Streamlit is the same for good.
_SCRIPT = """
export default function (component) {
  const script = import(new URL(component.data.script, document.baseURI));
  const ended = script.then(({ mount }) => mount(component));
  return () => { ended.then((end) => end()); };
}
"""
_TROUBLE = "cancel_trouble"
_place = component("p2m_live", css=_STYLE.read_text(), js=_SCRIPT)


def draw_job(job: Job, *, live: bool) -> None:
    """Paint the job's steps. `live`: Python thinks that it goes on, and wants one rerun when it has ended."""
    data = {
        "job": job["id"],
        "project": job["project_id"],
        "url": f"p2m/live/jobs/{job['id']}",
        "script": asset_path("live.js"),
        "live": live,
        "lost": LOST,
    }
    _place(
        key=f"live-{job['id']}", data=data, on_cancel_change=lambda: _cancel(job["id"]), on_ended_change=lambda: None
    )
    trouble = st.session_state.pop(_TROUBLE, "")
    if trouble:
        st.error(plain(trouble), icon=":material/error:")


def _cancel(job_id: str) -> None:
    """Before the page is drawn again, so that it takes no longer than the API does."""
    try:
        current_session().client.cancel_job(job_id)
    except ApiError as error:
        if error.status != 409:  # it has ended already
            st.session_state[_TROUBLE] = str(error)
    except ClientError as error:
        st.session_state[_TROUBLE] = str(error)
