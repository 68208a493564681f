"""The worker against a real stack: everything that a user does, built by a real Blender in the cloud."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from addon.core import messages as m
from tests.addon.core.player import Player
from tests.addon.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.heavy

PROMPT = "a round table with two mugs on it"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("data")) as running:
        yield running


def test_sign_in_by_code_build_change_and_download(stack: RunningStack, player: Player) -> None:
    browser = stack.new_user()
    player.connect(stack.url)
    player.submit(m.SignInWithCode())
    code = player.hear(m.CodeShown)
    browser.approve_device(code.user_code)
    player.until(lambda state: state.signed_in)

    player.submit(m.Build(prompt=PROMPT, quality="draft"))
    player.until(lambda state: state.job is not None and state.job.picture_id and state.job_picture)
    assert player.state.job_picture is not None
    assert player.state.job_picture.is_relative_to(player.home.cache)
    player.until(lambda state: state.job is not None and state.job.ended, 180)
    job = player.job
    assert (job.state, job.error) == ("succeeded", None)
    assert job.result is not None
    assert job.result.objects > 2
    assert job.steps_done > 0

    player.until(lambda state: state.project is not None and state.project.parameters)
    history = player.state.project
    assert history is not None
    assert history.parameters is not None
    assert history.snapshots[0].is_head

    order = player.submit(m.Download(project_id=history.project.id))
    player.until(lambda state: order in state.downloads and state.downloads[order].path)
    path = player.state.downloads[order].path
    assert path is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:32] == path.stem
    assert player.state.downloads[order].snapshot_id == history.project.head_snapshot_id

    number = next(each for each in history.parameters.items if each.type == "number")
    assert isinstance(number.value, float)
    player.submit(m.ChangeParameters(project_id=history.project.id, values={number.id: number.value * 1.1}))
    player.until(lambda state: state.job is not None and state.job.kind == "parameters" and state.job.ended, 120)
    assert player.job.state == "succeeded", player.job.error

    head = player.until(
        lambda state: state.project and state.project.project.head_snapshot_id != history.project.head_snapshot_id
    ).project
    assert head is not None
    player.submit(m.Move(project_id=head.project.id, how="undo"))
    player.until(lambda state: state.project and state.project.project.can_redo)
    player.submit(m.Branch(project_id=head.project.id, snapshot_id=history.snapshots[0].id))
    player.until(lambda state: state.project and state.project.project.id != head.project.id)


def test_a_build_with_brief_picture_and_selection_is_built(stack: RunningStack, player: Player, tmp_path: Path) -> None:
    from tests.support.glb import box_glb

    token = stack.new_user().token
    assert token is not None
    player.sign_in(stack.url, token)
    scene = player.home.cache / "selection.glb"
    scene.parent.mkdir(parents=True, exist_ok=True)
    scene.write_bytes(box_glb())
    order = m.Build(prompt=PROMPT, quality="draft", detail="concise", reads_brief=True, scene=scene, temporary=(scene,))
    player.submit(order)
    player.until(lambda state: state.brief is not None, 180)
    assert player.state.brief is not None
    assert not scene.exists()
    player.submit(m.BuildBrief(job_id=player.state.brief_job_id, brief=player.state.brief))
    player.until(lambda state: state.job is not None and state.job.kind == "build" and state.job.ended, 180)
    assert player.job.state == "succeeded", player.job.error


def test_a_cancelled_build_ends_as_cancelled(stack: RunningStack, player: Player) -> None:
    token = stack.new_user().token
    assert token is not None
    player.sign_in(stack.url, token)
    player.submit(m.Build(prompt=PROMPT, quality="draft"))
    player.until(lambda state: state.job is not None and state.job.state == "running")
    player.submit(m.CancelJob(job_id=player.job.id))
    player.until(lambda state: state.job is not None and state.job.ended, 60)
    assert player.job.state == "cancelled"
