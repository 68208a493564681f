"""What messages and events add up to: the state that a panel draws."""

from pathlib import Path
from typing import Any

import pytest

from addon.core import messages as m
from addon.core.problems import BadAnswer
from addon.core.progress import Progress, age_of
from addon.core.state import PICTURES_KEPT, AddonState
from addon.core.types import Card, History, Job, JobView, User
from tests.addon.core.hostile import CARD, JOB, PICTURE, PROJECT, RUNNING, USER

VIEW = JobView(JOB, PROJECT, "build", "a table", state="running")


def progress_of(*events: tuple[str, dict[str, Any]]) -> Progress:
    progress = Progress(Job.of(RUNNING), now_s=100.0, age_s=40.0)
    for kind, data in events:
        progress.apply(kind, data, 110.0)
    return progress


def test_the_bar_never_goes_back_though_a_mend_builds_again() -> None:
    stages = ("prepare", "build", "review", "mend", "build", "review", "deliver")
    progress, seen = progress_of(), []
    for stage in stages:
        progress.apply("stage", {"stage": stage}, 110.0)
        seen.append(progress.view.fraction)
    assert seen == sorted(seen)
    assert progress.view.stage_words == "Making the files"
    assert progress.view.elapsed_s(110.0) == 50.0


def test_a_wait_is_over_with_the_next_event() -> None:
    progress = progress_of(("waiting", {"reason": "overloaded"}))
    assert "overloaded" in progress.view.doing
    progress.apply("step.started", {"step": 1, "tool": "look", "title": ""}, 110.0)
    assert (progress.view.waiting, progress.view.doing) == ("", "Looking at the scene")
    progress.apply("a kind of tomorrow", {"x": object()}, 110.0)
    assert progress.view.step_title == "Looking at the scene"


def test_pieces_of_text_change_the_view_once() -> None:
    progress = progress_of(("job.started", {"model": "claude-x", "attempt": 1}), ("text.delta", {"kind": "text"}))
    view = progress.view
    assert view.doing == "Claude is writing"
    progress.apply("text.delta", {"kind": "text", "text": "more"}, 111.0)
    assert progress.view == view


def test_an_event_of_wrong_types_changes_nothing() -> None:
    progress = progress_of(("stage", {"stage": "build"}))
    before = progress.view
    for kind, data in (("stage", {"stage": 1}), ("picture", {}), ("job.finished", {"state": "melted"})):
        with pytest.raises(BadAnswer):
            progress.apply(kind, data, 110.0)
        assert progress.view == before


def test_nothing_changes_a_job_that_has_ended() -> None:
    progress = progress_of(("job.finished", {"state": "failed", "error": {"code": "x", "message": "It broke."}}))
    assert progress.view.error is not None
    assert (progress.view.stage_words, progress.view.error.sentence) == ("Failed", "It broke.")
    progress.apply("stage", {"stage": "build"}, 120.0)
    progress.cancelling()
    assert progress.view.state == "failed"
    assert not progress.view.cancel_requested


@pytest.mark.parametrize(("told", "age"), [("", None), ("yesterday", 0.0), ("9999-12-31T23:59:59Z", 0.0)])
def test_a_time_that_is_none_is_no_age(told: str, age: float | None) -> None:
    assert age_of(told, None) == age


def filled() -> AddonState:
    state = AddonState()
    messages: list[m.Message] = [
        m.ConnectionChanged("signed_in", "", "https://x", User.of(USER)),
        m.ProjectsListed((Card.of(CARD),), False),
        m.ProjectOpened(History(Card.of(CARD))),
        m.JobFollowed(VIEW),
        m.PictureReady(PICTURE, Path("x.png"), JOB),
        m.DownloadChanged(7, 5, 10),
    ]
    for message in messages:
        assert state.apply(message)
    return state


def test_signing_out_forgets_all_that_was_the_users() -> None:
    state = filled()
    assert state.busy
    assert state.job_picture == Path("x.png")
    state.apply(m.ConnectionChanged("signed_out"))
    empty = AddonState(revision=state.revision)
    assert state == empty


def test_an_order_that_was_dropped_is_no_error_and_a_new_try_clears_the_last_one() -> None:
    state = filled()
    state.apply(m.Failed(7, "Download", "Stopped.", "user", "stopped"))
    assert (state.trouble, state.downloads) == (None, {})
    state.apply(m.Failed(8, "Build", "No room.", "user", "quota"))
    assert state.trouble is not None
    state.apply(m.Working(9, "ListProjects", True))
    assert state.trouble is not None
    state.apply(m.Working(10, "Build", True))
    assert state.trouble is None


def test_what_is_of_another_job_or_no_message_changes_nothing() -> None:
    state = filled()
    state.apply(m.JobChanged(JobView(PROJECT, PROJECT, "build", "other")))
    assert state.job == VIEW
    revision = state.revision
    assert not state.apply("hello")
    assert state.revision == revision


def test_pictures_are_bounded() -> None:
    state = AddonState()
    for number in range(PICTURES_KEPT + 50):
        state.apply(m.PictureReady(str(number), Path("x.png")))
    assert len(state.pictures) == PICTURES_KEPT
    assert "0" not in state.pictures
