"""Files and pictures that come here."""

import logging

from .. import messages as m
from .. import pictures
from ..downloads import FOLDER, bring, find_blend
from ..files import drop_leftovers, drop_own
from ..inner import ShowPicture, TidyUp
from ..problems import BadAnswer, CoreError, Refused, Stopped
from .at import At

log = logging.getLogger(__name__)


def download(at: At, order: m.Download) -> None:
    """Bring the scene's `.blend`."""
    calls = at.calls
    at.say(m.DownloadChanged(order.order_id, 0, 0))
    card = calls.card(order.project_id)
    step, wanted = find_blend(calls, order.project_id, order.snapshot_id)
    path = bring(
        calls,
        wanted,
        at.desk.home.cache,
        lambda got, total: at.say(m.DownloadChanged(order.order_id, got, total)),
    )
    at.say(m.DownloadFinished(order.order_id, path, card.id, card.name, step, wanted.size))


def drop_file(at: At, order: m.DropFile) -> None:
    """Delete what was downloaded."""
    drop_own(order.path, at.desk.home.cache)


def show_picture(at: At, order: ShowPicture) -> None:
    """One picture; one that cannot be had is left out, and told only where the server is to blame."""
    try:
        path = pictures.fetch_picture(at.calls, order.artifact_id, at.desk.home.cache)
    except Stopped:
        raise
    except CoreError as error:
        ended = isinstance(error, Refused) and error.status == 401
        if ended or (order.job_id is not None and isinstance(error, BadAnswer)):
            raise
        log.info("a picture was left out", extra={"code": error.code})
        return
    at.say(m.PictureReady(order.artifact_id, path, order.job_id))


def tidy_up(at: At, order: TidyUp) -> None:
    """Delete what earlier sessions have left."""
    drop_leftovers(at.desk.home.cache / FOLDER)
    drop_leftovers(at.desk.home.cache / pictures.FOLDER)
    pictures.prune(at.desk.home.cache)
