"""The audit log: what was done, by whom, from where."""

from itertools import islice
from urllib.parse import urlencode

import streamlit as st

from ui.audit_calls import AuditEntry
from ui.file_link import draw_file_link
from ui.session import current_session, errors_as_banner
from ui.table import draw_table
from ui.wording import count, moment

_SHOWN_AT_MOST = 100


def show_audit() -> None:
    """Draw the filter, the newest entries, and the way to take them home."""
    with st.container(border=True):
        st.header("Audit log", anchor=False)
        action, subject, since = st.columns(3)
        asked = {
            "action": action.text_input("Action", key="audit_action", placeholder="token. or session.created"),
            "subject": subject.text_input("Done to", key="audit_subject", placeholder="user:…"),
        }
        day = since.date_input("Since", value=None, key="audit_since", format="YYYY-MM-DD")
        wanted = {name: text.strip() for name, text in asked.items() if text.strip()}
        wanted |= {"since": day.isoformat()} if day else {}
        with errors_as_banner():
            entries = list(islice(current_session().client.audit(wanted), _SHOWN_AT_MOST))
            if entries:
                draw_table([_row(entry) for entry in entries], "Entries, newest first")
            else:
                st.caption("No entry fits.")
            if len(entries) == _SHOWN_AT_MOST:
                st.caption(f"The newest {count(_SHOWN_AT_MOST, 'entry', 'entries')}; the files hold all that fit.")
        with st.container(horizontal=True):
            for form, label in (("csv", "All as CSV"), ("jsonl", "All as JSON lines")):
                asked_for = urlencode({**wanted, "format": form})
                draw_file_link(label, f"p2m/api/v1/admin/audit?{asked_for}", key=f"audit-{form}")


def _row(entry: AuditEntry) -> dict[str, str]:
    details = ", ".join(f"{name} {value}" for name, value in entry["details"].items())
    return {
        "When (UTC)": f"{moment(entry['at']):%Y-%m-%d %H:%M:%S}",
        "Who": entry["actor_name"] or "–",
        "Did": entry["action"],
        "To": entry["subject"],
        "From": " · ".join(each for each in (entry["address"], entry["device"]) if each),
        "More": details,
    }
