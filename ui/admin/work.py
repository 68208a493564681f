"""What is queued and what runs, of all users."""

import streamlit as st

from ui.oversight_types import Claim
from ui.session import current_session, errors_as_banner
from ui.table import draw_table
from ui.wording import ago, count, duration

_SHOWN_AT_MOST = 100
_QUIET_S = 10.0


def show_work() -> None:
    """Draw both lists."""
    client = current_session().client
    with errors_as_banner():
        with st.container(border=True):
            st.header("Running", anchor=False)
            claims = client.claims()
            if claims:
                draw_table([_claim(claim) for claim in claims], "Jobs that run")
            else:
                st.caption("Nothing runs.")
        with st.container(border=True):
            st.header("Waiting", anchor=False)
            waiting = []
            for job in client.unfinished_jobs("queued"):
                waiting.append({"User": job["username"], "Kind": job["kind"], "Sent": ago(job["created_at"])})
                if len(waiting) == _SHOWN_AT_MOST:
                    break
            if waiting:
                draw_table(waiting, "Jobs that wait")
                if len(waiting) == _SHOWN_AT_MOST:
                    st.caption(f"The newest {count(_SHOWN_AT_MOST, 'job')}.")
            else:
                st.caption("Nothing waits.")
    st.button("Look again", icon=":material/refresh:", key="work_again")


def _claim(claim: Claim) -> dict[str, str]:
    silent_s = claim["silent_s"]
    said = "no sign of life yet" if silent_s is None else f"last sign of life {duration(silent_s)} ago"
    if not claim["is_held"]:
        said = "its runner is gone; another takes it up"
    elif silent_s is not None and silent_s < _QUIET_S:
        said = "at work"
    began = ago(claim["started_at"]) if claim["started_at"] else "not yet"
    return {
        "User": claim["username"],
        "Kind": claim["kind"],
        "Began": began,
        "Attempt": str(claim["attempt"]),
        "Runner": said,
    }
