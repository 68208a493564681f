"""What can be wrong with the artifact store, and how the errors of obstore become ours."""

import contextlib
import logging
import re
from collections.abc import Iterator

from obstore.exceptions import BaseError, NotFoundError

from cloud.errors import InvalidInput, Prompt2MeshError, Unavailable
from cloud.redaction import mask

NOT_FOUND = (NotFoundError, FileNotFoundError)
_CODE = re.compile(r"<Code>([\w.]{1,64})</Code>")
_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_NO_BUCKET = "NoSuchBucket"

log = logging.getLogger(__name__)


class ArtifactMissing(Prompt2MeshError):
    """A row names an object that the store does not have, or whose content is not what its name says."""

    code, http_status = "artifact_missing", 410

    def __init__(self, sha256: str, why: str = "is not in the artifact store") -> None:
        super().__init__(f"The content {sha256[:12]}… {why}; it has to be made again.")


class StoreUnavailable(Unavailable):
    """The artifact store does not answer or cannot be written."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("The artifact store does not answer; try again in a moment.")


class StoreRefused(InvalidInput):
    """The store cannot be used as it is configured, however long one waits: no such bucket, credentials refused."""

    code = "store_refused"


@contextlib.contextmanager
def as_unavailable() -> Iterator[None]:
    """Has every error of the store be StoreUnavailable, whose cause goes to the log; nothing is "not found" here."""
    try:
        yield
    except (BaseError, *NOT_FOUND) as error:
        raise unavailable(error) from error


@contextlib.contextmanager
def as_missing(sha256: str) -> Iterator[None]:
    """The same where an object may be missing. Raises: ArtifactMissing, StoreUnavailable."""
    try:
        yield
    except NOT_FOUND as error:
        raise ArtifactMissing(sha256) from error
    except BaseError as error:
        raise unavailable(error) from error


@contextlib.contextmanager
def gone_is_fine() -> Iterator[None]:
    """The same where it does not matter whether the object is there. Raises: StoreUnavailable."""
    try:
        yield
    except NOT_FOUND as error:
        if said(error) == _NO_BUCKET:
            raise unavailable(error) from error
    except BaseError as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> StoreUnavailable:
    """StoreUnavailable; why goes to the log in one masked line, as whoever asks is told nothing of our servers."""
    log.warning("the artifact store failed", extra={"why": said(error) or first_line(error)})
    return StoreUnavailable()


def said(error: BaseException) -> str:
    """What an S3 server calls its error (`AccessDenied`, `NoSuchBucket`), else the HTTP status; "": neither."""
    text = str(error)
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1] if found else ""


def first_line(error: BaseException) -> str:
    """What obstore says without the structures that it shows below, masked."""
    return mask((str(error).splitlines() or [""])[0][:300])
