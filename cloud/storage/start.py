"""Tells at a process's start what is wrong with its artifact store, if that will not pass by itself."""

import asyncio
import logging
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, UnauthenticatedError

from cloud.storage.faults import NOT_FOUND, StoreRefused, first_line, said
from cloud.storage.names import PROBE
from cloud.storage.s3.credentials import CredentialsUnavailable
from cloud.storage.s3.opening import open_bucket
from cloud.storage.s3.place import place_of
from cloud.storage.s3.sources import source_of

if TYPE_CHECKING:
    from cloud.storage_settings import StorageSettings

_START_PATIENCE_S = 15.0
_OF_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"}
_OF_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "301", "307"}
# obstore, of a redirect that says not where to: S3 keeps that in the body.
_REDIRECTED = "incorrectly configured region"

log = logging.getLogger(__name__)


async def demand_usable(settings: "StorageSettings") -> None:
    """Write once to the bucket of the settings, if there is one. A server that is away may come back: it is waited for
    by whoever needs it.

    Raises: StoreRefused: it will not do, in one sentence that names the setting, and never a secret.
    """
    if not settings.artifacts_url:
        return
    store, _ = open_bucket(settings)
    try:
        async with asyncio.timeout(_START_PATIENCE_S):
            await obstore.put_async(store, PROBE, b"ok")
    except (BaseError, *NOT_FOUND) as error:
        refusal = _refusal(error, settings)
        if refusal:
            raise StoreRefused(refusal) from None
        log.warning("the artifact store does not answer yet", extra={"why": said(error) or first_line(error)})
    except TimeoutError:
        log.warning(
            "the artifact store does not answer yet", extra={"why": f"nothing within {_START_PATIENCE_S:.0f} s"}
        )


def _refusal(error: Exception, settings: "StorageSettings") -> str:
    """What the operator must change; "": perhaps nothing."""
    bucket = settings.artifacts_url.removeprefix("s3://").partition("/")[0]
    code = said(error)
    if isinstance(error, UnauthenticatedError) and not code:
        return _credentials_refusal(settings)
    if isinstance(error, NOT_FOUND):
        return f"There is no bucket {bucket!r}: P2M_ARTIFACTS_URL (or P2M_ARTIFACTS_ENDPOINT) names a wrong one."
    if code in _OF_KEYS:
        return f"S3 does not accept the AWS credentials of this process ({code}): check AWS_ACCESS_KEY_ID or the role."
    if code in ("AccessDenied", "403"):
        return (
            f"The AWS credentials of this process may not write to the bucket {bucket!r} of P2M_ARTIFACTS_URL "
            f"({code}): check the role's policy, the bucket's, and that of its key."
        )
    if code in _OF_REGION or _REDIRECTED in str(error):
        return f"The bucket {bucket!r} is not in the region of P2M_ARTIFACTS_REGION ({code or 301})."
    if code.startswith("KMS."):
        return f"The bucket {bucket!r} does not take P2M_ARTIFACTS_ENCRYPTION or P2M_ARTIFACTS_KMS_KEY ({code})."
    return ""


def _credentials_refusal(settings: "StorageSettings") -> str:
    """obstore wraps what our source has said beyond recognition, so it is asked once more."""
    try:
        source_of(settings, place_of(settings).region)()
    except CredentialsUnavailable as error:
        return str(error) if error.is_final else ""
    return ""
