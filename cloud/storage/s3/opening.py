"""Opens the bucket of the settings, and tells at a process's start what is wrong with it, if that will not pass."""

import asyncio
import datetime as dt
import logging
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, UnauthenticatedError
from obstore.store import S3Store

from cloud.storage.faults import NOT_FOUND, StoreRefused, first_line, said
from cloud.storage.names import PROBE
from cloud.storage.s3.credentials import CredentialsUnavailable, RenewedCredentials
from cloud.storage.s3.links import Links
from cloud.storage.s3.place import Place, place_of
from cloud.storage.s3.sources import source_of

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

    from cloud.storage_settings import StorageSettings

_CONNECT = dt.timedelta(seconds=3)
# Of a whole request with its body: a download lasts as long as its client takes, so only silence ends it.
_WHOLE = dt.timedelta(hours=6)
_RETRIES_END = dt.timedelta(seconds=45)
_FIRST_WAIT, _LONGEST_WAIT = dt.timedelta(milliseconds=100), dt.timedelta(seconds=5)
_START_PATIENCE_S = 15.0
_OF_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"}
_OF_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "301", "307"}

log = logging.getLogger(__name__)


def open_bucket(settings: "StorageSettings") -> tuple[S3Store, Links | None]:
    """The bucket, and what makes links to it if clients can follow them. Asks nobody yet.

    Raises: StoreRefused: the settings do not go together.
    """
    place = place_of(settings)
    try:
        credentials = RenewedCredentials(source_of(settings, place.region))
    except CredentialsUnavailable as error:
        raise StoreRefused(str(error)) from None
    silence = dt.timedelta(seconds=settings.artifacts_timeout_s)
    client: ClientConfig = {
        "allow_http": place.server.startswith("http://"),
        "connect_timeout": _CONNECT,
        "read_timeout": silence,
        "timeout": _WHOLE,
    }
    retry: RetryConfig = {
        "max_retries": settings.artifacts_retries,
        "retry_timeout": _RETRIES_END,
        "backoff": {"init_backoff": _FIRST_WAIT, "max_backoff": _LONGEST_WAIT},
    }
    store = S3Store(
        place.bucket,
        prefix=place.prefix or None,
        config=_config(place, settings),
        client_options=client,
        retry_config=retry,
        credential_provider=credentials.for_obstore,
    )
    presign = settings.artifacts_presign
    if presign is None:
        presign = not settings.artifacts_endpoint
    return store, Links(place, credentials, settings.artifacts_presign_s) if presign else None


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


def _config(place: Place, settings: "StorageSettings") -> "S3Config":
    config: S3Config = {
        "region": place.region,
        "endpoint": place.server,
        "virtual_hosted_style_request": place.is_virtual,
        # The server compares it with what it has got, and keeps it beside the object.
        "checksum_algorithm": "SHA256",
    }
    if settings.artifacts_encryption:
        config["server_side_encryption"] = settings.artifacts_encryption
    if settings.artifacts_encryption == "aws:kms":
        config["sse_bucket_key_enabled"] = True  # else every object costs a call of KMS
        if settings.artifacts_kms_key:
            config["sse_kms_key_id"] = settings.artifacts_kms_key
    return config


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
    if code in _OF_REGION:
        return f"The bucket {bucket!r} is not in the region of P2M_ARTIFACTS_REGION ({code})."
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
