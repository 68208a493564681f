"""What came of a job: its outcome in words, and what was judged."""

import streamlit as st

from ui.brief_card import draw_brief
from ui.job_progress import JobProgress
from ui.money import money
from ui.review_card import draw_review
from ui.wording import count, duration, plain


def draw_judgement(progress: JobProgress) -> None:
    """What was to be built, and what the reviewer says of it, as far as either is known."""
    if progress.brief is not None:
        draw_brief(progress.brief)
    if progress.verdict is not None:
        draw_review(progress.verdict, progress.rounds, progress.rolled_back)


def draw_empty_stage(hint: str, key: str = "main", height_px: int = 460) -> None:
    """The place where pictures will be. `key`: one of its own for each on a page."""
    with st.container(
        border=True,
        height=height_px,
        horizontal_alignment="center",
        vertical_alignment="center",
        key=f"empty-stage-{key}",
    ):
        st.markdown(":material/view_in_ar:", width="content")
        st.caption(hint, width="content")


def draw_outcome(progress: JobProgress) -> None:
    """How it ended, in words."""
    result, error = progress.result, progress.error
    if progress.state == "cancelled":
        st.info("You cancelled this job.", icon=":material/block:")
    elif error is not None:
        st.error(plain(error["message"]), icon=":material/error:")
    if result is None:
        return
    if progress.state == "failed" and not result["objects"]:
        return  # the error has said it all
    if result["summary"]:
        st.text(result["summary"])
    if result["not_built"]:
        missing = ", ".join(f"“{plain(words)}”" for words in result["not_built"])
        st.warning(f"Not built: {missing}", icon=":material/construction:")
    if not result["objects"] and not result["steps"]:
        return  # a brief
    facts = [count(result["objects"], "object"), count(result["triangles"], "triangle")]
    if result["steps"]:
        facts += [count(result["steps"], "step"), duration(result["seconds"]), plain(result["model"])]
    if (usd := result["usage"]["usd"]) != 0:
        facts.append(money(usd).replace("$", "\\$"))
    st.caption(" · ".join(facts))
