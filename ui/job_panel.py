"""How a job looks: its state, its steps, its pictures, and what came of it."""

import datetime as dt
from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.api_client import ApiClient
from ui.api_types import Artifact, Job
from ui.brief_card import draw_brief
from ui.job_progress import JobProgress, Picture, Step
from ui.money import money, tokens_used
from ui.review_card import draw_review
from ui.wording import count, duration, file_size, moment, plain

# The .blend is what people came for; the script is for the few.
_ORDER = {"scene.blend": 0, "scene.glb": 1, "preview.png": 8, "script.py": 9}
_STRIP_PICTURES = 6


def draw_status(job: Job, progress: JobProgress) -> None:
    """One line of facts about a job that goes on, and a bar."""
    seconds = (dt.datetime.now(dt.UTC) - moment(job["created_at"])).total_seconds()
    facts = [plain(progress.activity)]
    if progress.steps:
        facts.append(count(len(progress.steps), "step"))
    facts.append(duration(seconds))
    if progress.usage is not None:
        usd = progress.usage["usd"]
        facts += [tokens_used(progress.tokens, progress.token_limit, usd)] if progress.tokens else []
        facts.append(money(usd, progress.usd_limit).replace("$", "\\$"))
    st.progress(progress.fraction, text=" · ".join(facts))


def draw_judgement(progress: JobProgress) -> None:
    """What was to be built, and what the reviewer says of it, as far as either is known."""
    if progress.brief is not None:
        draw_brief(progress.brief)
    if progress.verdict is not None:
        draw_review(progress.verdict, progress.rounds, progress.rolled_back)


def draw_steps(job: Job, steps: Sequence[Step]) -> None:
    """Every step, the newest first, with its code to unfold."""
    for step in reversed(steps):
        _draw_step(job, step)


def _draw_step(job: Job, step: Step) -> None:
    icon = {None: "spinner", True: ":material/check:", False: ":material/error:"}[step.ok]
    label = f"**{step.number}** · {plain(step.title)}"
    if step.seconds:
        label += f" · {step.seconds:.1f} s"
    with st.expander(label, icon=icon, key=f"step-{job['id']}-{step.number}"):
        if step.said:
            st.caption(plain(step.said))
        if step.error:
            st.caption(f":red[{plain(step.error)}]")
        if step.changed:
            st.caption(plain(step.changed))
        if step.code:
            st.code(step.code, language="python", height=320 if step.code.count("\n") > 14 else "content")
        else:
            st.caption("This step runs no code.")


def draw_pictures(pictures: Sequence[Picture], before: bytes | None, hint: str) -> None:
    """The newest picture large, and the earlier ones in a strip.

    Without any: the preview from `before` (PNG), or the hint.
    """
    loaded = [(picture, picture.png) for picture in pictures if picture.png is not None]
    if not loaded:
        if before is None:
            draw_empty_stage(hint)
        else:
            _draw_large(before, "The newest preview")
        return
    newest, png = loaded[-1]
    _draw_large(png, f"The scene: {newest.name}")
    earlier = loaded[:-1][-_STRIP_PICTURES:]
    for column, (picture, small) in zip(st.columns(_STRIP_PICTURES), reversed(earlier), strict=False):
        column.image(small, width="stretch", alt=f"Earlier: {picture.name}")


def _draw_large(png: bytes, alt: str) -> None:
    with st.container(key="newest-picture"):
        st.image(png, width="stretch", alt=alt)


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


def draw_downloads(client: ApiClient, artifacts: Sequence[Artifact], key: str) -> None:
    """A button for each file, the `.blend` first. Bytes are fetched when a button is pressed, not before."""
    files = [artifact for artifact in artifacts if artifact["kind"] in {"scene", "preview", "script"}]
    files.sort(key=lambda artifact: (_ORDER.get(artifact["name"], 5), artifact["name"]))
    with st.container(horizontal=True, gap="small"):
        for artifact in files:
            st.download_button(
                f"{plain(artifact['name'])} · {file_size(artifact['bytes'])}",
                data=partial(client.read_artifact, artifact["id"]),
                file_name=artifact["name"],
                mime=artifact["media_type"],
                type="primary" if artifact["name"].endswith(".blend") else "secondary",
                icon=":material/download:",
                on_click="ignore",
                key=f"download-{key}-{artifact['id']}",
            )
