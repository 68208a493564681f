"""Links by which a client fetches an object from the bucket itself: presigned with AWS Signature Version 4.

obstore signs links too, but not the parameters that name the file and its type in the answer.
"""

import asyncio
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from cloud.storage.faults import StoreUnavailable
from cloud.storage.s3.credentials import Credentials, CredentialsUnavailable, RenewedCredentials
from cloud.storage.s3.place import Place

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Link:
    """Whoever has `url` gets the object with a GET, or with Range a part of it, until `expires_s` seconds from now."""

    url: str = field(repr=False)
    expires_s: int


class Links:
    """Makes links to the objects of a place."""

    def __init__(
        self,
        place: Place,
        credentials: RenewedCredentials,
        expires_s: int,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._expires_s = expires_s
        self._now = now

    async def link_to(self, key: str, disposition: str, media_type: str) -> Link:
        """A link to the object, whose answer has that Content-Disposition and type. Raises: StoreUnavailable."""
        try:
            held = self._credentials
            found = held.current() if held.are_fresh else await asyncio.to_thread(held.current)
        except CredentialsUnavailable as error:
            raise StoreUnavailable from error
        answered = {
            "response-cache-control": "private, no-store",
            "response-content-disposition": disposition,
            "response-content-type": media_type,
        }
        url = presigned_get(self._place, found, key, answered, expires_s=self._expires_s, now=self._now())
        return Link(url, self._expires_s)


def presigned_get(
    place: Place, credentials: Credentials, key: str, answered: Mapping[str, str], *, expires_s: int, now: dt.datetime
) -> str:
    """The address with its signature. `answered`: parameters `response-…` of the answer. `now` in UTC.

    Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
    """
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{day}/{place.region}/s3/aws4_request"
    parameters = {
        **answered,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        parameters["X-Amz-Security-Token"] = credentials.session_token
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))
    path = place.path_of(key)
    asked = "\n".join(("GET", path, query, f"host:{urlsplit(place.server).netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    signed = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(asked.encode()).hexdigest()))
    secret = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, place.region, "s3", "aws4_request"):
        secret = _hmac(secret, part)
    return f"{place.server}{path}?{query}&X-Amz-Signature={_hmac(secret, signed).hex()}"


def _hmac(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def _quoted(text: str) -> str:
    return quote(text, safe="~-._")
