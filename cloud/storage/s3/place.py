"""Which bucket, and by which address: what requests and links to it share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from cloud.storage.faults import StoreRefused

if TYPE_CHECKING:
    from cloud.storage_settings import StorageSettings


@dataclass(frozen=True)
class Place:
    """A bucket as a client addresses it. `server` is scheme and host; its host holds the bucket if `is_virtual`."""

    bucket: str
    prefix: str
    region: str
    server: str
    is_virtual: bool

    def path_of(self, key: str) -> str:
        """The path of an object's address on `server`, quoted as Signature Version 4 wants it."""
        parts = [part for part in ("" if self.is_virtual else self.bucket, self.prefix, key) if part]
        return "/" + quote("/".join(parts), safe="/~-._")


def place_of(settings: "StorageSettings") -> Place:
    """The bucket of `artifacts_url`. Raises: StoreRefused: no region is known."""
    bucket, _, prefix = settings.artifacts_url.removeprefix("s3://").partition("/")
    region = settings.artifacts_region or settings.aws_region
    if not region:
        if not settings.artifacts_endpoint:
            raise StoreRefused("P2M_ARTIFACTS_URL names a bucket, and no region is known: set P2M_ARTIFACTS_REGION.")
        region = "us-east-1"  # what servers that are not AWS take for granted
    # A dot in the name would be one label too many for the certificate of *.s3.….
    virtual = settings.artifacts_addressing == "virtual"
    if settings.artifacts_addressing == "auto":
        virtual = not settings.artifacts_endpoint and "." not in bucket
    server = settings.artifacts_endpoint or f"https://s3.{region}.{_domain(region)}"
    if virtual:
        parts = urlsplit(server)
        server = f"{parts.scheme}://{bucket}.{parts.netloc}"
    return Place(bucket, prefix, region, server, virtual)


def sts_of(settings: "StorageSettings", region: str) -> str:
    """Where a web identity is exchanged for credentials."""
    return settings.aws_endpoint_url_sts or f"https://sts.{region}.{_domain(region)}"


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
