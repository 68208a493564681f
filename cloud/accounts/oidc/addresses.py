"""Which addresses we talk to, and send browsers to: https ones, and http ones of this machine alone."""

import ipaddress
from urllib.parse import urlsplit

CALLBACK = "/v1/oidc/callback"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_trusted(url: str) -> bool:
    """Whether what is sent there stays between us: https, or http on this machine; without a name and a password."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not (parts.hostname and has_port) or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
