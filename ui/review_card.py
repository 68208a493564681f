"""What the reviewer says of a scene, as a checklist."""

import streamlit as st

from ui.api_types import Verdict
from ui.judgement_words import review_line
from ui.wording import plain

_MARKS = {
    "met": ":green[:material/check_circle:]",
    "partly": ":orange[:material/change_circle:]",
    "not": ":red[:material/cancel:]",
}
_COLOURS = {"critical": "red", "major": "orange", "minor": "gray"}


def draw_review(verdict: Verdict, rounds: int, rolled_back: bool) -> None:
    """A mark for each requirement, then what is wrong, the worst first as it came."""
    passed = verdict["decision"] == "pass"
    label = review_line(verdict, rounds)
    with st.expander(label, icon=":material/verified:" if passed else ":material/rule:", expanded=not passed):
        if verdict["summary"]:
            st.caption(plain(verdict["summary"]))
        lines = []
        for requirement in verdict["requirements"]:
            told = f"{_MARKS.get(requirement['status'], '')} {plain(requirement['text'])}"
            if requirement["status"] != "met" and requirement["evidence"]:
                told += f"  \n:gray[{plain(requirement['evidence'])}]"
            lines.append(told)
        if lines:
            st.markdown("\n\n".join(lines))
        for defect in verdict["defects"]:
            colour = _COLOURS.get(defect["severity"], "gray")
            st.markdown(f":{colour}-badge[{plain(defect['severity'])}] {plain(defect['what'])}")
        if rolled_back:
            st.caption("The scene before the last mend was the better one, and is back.")
