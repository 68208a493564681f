"""Sending prompts, briefs and parameters; cancelling jobs."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from .. import messages as m
from ..calls import Calls, file_name
from ..files import drop_own, file_errors
from ..inner import DropProject, Follow
from ..problems import CoreError, NotAllowed, Refused, Stopped
from ..types import Job
from .at import At

log = logging.getLogger(__name__)

IMAGES_LIMIT = 8
IMAGE_LIMIT_BYTES = 10 * 2**20
SCENE_LIMIT_BYTES = 200 * 2**20
PROMPT_CHARS = 50_000
NAME_CHARS = 60
_PIECE_BYTES = 1 << 16
_TELL_EACH_S = 0.25


def build(at: At, order: m.Build) -> None:
    """Send the prompt with its files, into a new project where none is named; and follow its job."""
    try:
        job = _send(at, order)
    finally:
        for path in order.temporary:
            drop_own(path, at.desk.home.cache)
    at.desk.open_project = job.project_id
    _follow(at, job, order)
    at.desk.pass_on(m.OpenProject(project_id=job.project_id))


def build_brief(at: At, order: m.BuildBrief) -> None:
    """Build what the user has made of the brief."""
    refined, _ = at.calls.job(order.job_id)
    job = at.calls.build_brief(refined.project_id, order.brief, at.calls.job_options(order.job_id))
    _follow(at, job, order)


def change_parameters(at: At, order: m.ChangeParameters) -> None:
    """Make the scene anew with other values."""
    _follow(at, at.calls.change_parameters(order.project_id, order.values, order.expected_head), order)


def cancel_job(at: At, order: m.CancelJob) -> None:
    """One that has ended meanwhile is as good as cancelled."""
    try:
        at.calls.cancel_job(order.job_id)
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return
    at.say(m.JobCancelling(order.job_id))


def _follow(at: At, job: Job, order: m.Order) -> None:
    at.desk.pass_on(Follow(job=job, asked_by=order.order_id))


def _send(at: At, order: m.Build) -> Job:
    """Raises: NotAllowed: a file or the prompt cannot be sent. What Calls do. No project is left that it made."""
    prompt = order.prompt.strip()
    if not prompt:
        raise NotAllowed("The prompt is empty; say what you want to see built.")
    if len(prompt) > PROMPT_CHARS:
        raise NotAllowed(f"The prompt has {len(prompt):,} characters; send at most {PROMPT_CHARS:,}.")
    if len(order.images) > IMAGES_LIMIT:
        raise NotAllowed(f"Send at most {IMAGES_LIMIT} pictures with a prompt.")
    sizes = {path: _checked_size(path, IMAGE_LIMIT_BYTES) for path in order.images}
    if order.scene is not None:
        sizes[order.scene] = _checked_size(order.scene, SCENE_LIMIT_BYTES)
    told = _Told(at, order, sum(sizes.values()))
    project_id = order.project_id or at.calls.create_project(_name_of(prompt)).id
    try:
        image_ids = tuple(_upload(at.calls, project_id, path, told) for path in order.images)
        if order.scene is not None:
            pieces = _pieces(order.scene, sizes[order.scene], told)
            at.calls.import_scene(project_id, pieces, sizes[order.scene], _scene_name(order.scene))
        return at.calls.order(project_id, order, image_ids)
    except CoreError:
        if order.project_id is None:
            at.desk.pass_on(DropProject(project_id=project_id))
        raise


def drop_project(at: At, order: DropProject) -> None:
    """Best effort: what is told is the error of the order that the project was made for."""
    try:
        at.calls.delete_project(order.project_id)
    except Stopped:
        raise
    except CoreError as error:
        log.info("a project without content stays", extra={"code": error.code})


class _Told:
    """Tells how much has been sent, at most 4 times a second."""

    def __init__(self, at: At, order: m.Build, total: int) -> None:
        self._at = at
        self._order_id = order.order_id
        self._total = total
        self._sent = 0
        self._told_s = 0.0

    def add(self, count: int) -> None:
        self._sent += count
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_EACH_S:
            self._told_s = now_s
            self._at.say(m.UploadChanged(self._order_id, self._sent, self._total))


def _upload(calls: Calls, project_id: str, path: Path, told: _Told) -> str:
    with file_errors("A picture cannot be read"):
        content = path.read_bytes()
    told.add(len(content))
    return calls.upload_image(project_id, content, file_name(path))


def _pieces(path: Path, size: int, told: _Told) -> Iterator[bytes]:
    """The file's bytes, read as they are sent; no more than were counted before."""
    left = size
    with file_errors("The scene to send cannot be read"), path.open("rb") as file:
        while left and (piece := file.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
            told.add(len(piece))


def _checked_size(path: Path, limit_bytes: int) -> int:
    """The file's bytes. Raises: NotAllowed: it is too large, empty, or none."""
    with file_errors(f"{file_name(path)} cannot be read"):
        is_file, size = path.is_file(), path.stat().st_size
    if not is_file or not size:
        raise NotAllowed(f"{file_name(path)} is empty or no file; choose another one.")
    if size > limit_bytes:
        raise NotAllowed(
            f"{file_name(path)} has {size / 2**20:,.0f} MiB, and at most {limit_bytes / 2**20:,.0f} can be sent; "
            "choose less or something simpler."
        )
    return size


def _scene_name(path: Path) -> str:
    """What the file is called there: nothing of where it lies here."""
    return f"selection{path.suffix.lower()}"


def _name_of(prompt: str) -> str:
    """The project's name: the beginning of the prompt, ended at a word where that loses little."""
    line = " ".join("".join(each if each.isprintable() else " " for each in prompt).split()) or "Untitled"
    if len(line) <= NAME_CHARS:
        return line
    cut = line[: NAME_CHARS - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > NAME_CHARS // 2 else cut) + "…"
