"""Opens the bucket of the settings."""

import datetime as dt
from typing import TYPE_CHECKING

from obstore.store import S3Store

from cloud.storage.faults import StoreRefused
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
