"""Which addresses the add-on talks to: https anywhere, plain http only to this very machine."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from .problems import BadAnswer, NotAllowed

ADDRESS_CHARS = 500
LINK_CHARS = 8000  # it carries a signature, and a session's token
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A server: one way to write it (`origin`), so that a token goes to no other."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this very machine."""
        return is_loopback(self.host)

    @classmethod
    def of(cls, typed: str) -> "Address":
        """The server that the user typed. Raises: NotAllowed: it is none, or one that is not safe."""
        written = typed.strip()
        if not written:
            raise NotAllowed("No server is set; give its address in the add-on's preferences.")
        parts = _split(written if "://" in written else f"https://{written}")
        if parts is None or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise NotAllowed(
                f"{_shown(written)} is no server's address; give one like https://prompt2mesh.example.org."
            )
        if parts.username is not None or parts.password is not None:
            raise NotAllowed("The server's address holds a name or a password; leave them out and sign in instead.")
        address = cls(parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme])
        if address.scheme == "http" and not address.is_loopback:
            raise NotAllowed(f"{_shown(address.origin)} is not encrypted; use https, or a server on this computer.")
        return address


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this very machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_proxy(typed: str, server: Address) -> str | None:
    """The proxy's address, or None where there is to be none.

    The token goes in clear to a server on this machine, so never by a proxy on another one. Raises: NotAllowed.
    """
    written = typed.strip()
    if not written:
        return None
    parts = _split(written if "://" in written else f"http://{written}")
    if parts is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise NotAllowed(
            "The proxy in the add-on's preferences is no address; give one like http://proxy.example.org:3128."
        )
    if server.scheme == "http" and not is_loopback(parts.hostname or ""):
        return None
    return f"{parts.scheme}://{parts.netloc}"


def checked_page(told: str, server: Address) -> str:
    """A page that the server wants to have opened in the browser. Raises: BadAnswer: it is none that may be."""
    parts = _split(told)
    if parts is None or not told.isascii() or not told.isprintable() or parts.username is not None:
        raise BadAnswer("the page for signing in has no address that can be opened")
    if parts.scheme == "http" and not (is_loopback(parts.hostname or "") and server.is_loopback):
        raise BadAnswer("the page for signing in is not encrypted")
    return told


def checked_link(told: str, server: Address) -> str:
    """Where the server has a file fetched from, without the token. Raises: BadAnswer: that is nowhere safe."""
    parts = _split(told, LINK_CHARS)
    if parts is None or not told.isascii() or parts.username is not None or parts.fragment:
        raise BadAnswer("the link to a file has no address that can be opened")
    if parts.scheme == "http" and not (is_loopback(parts.hostname or "") and server.is_loopback):
        raise BadAnswer("the link to a file is not encrypted")
    return told


def _split(written: str, limit_chars: int = ADDRESS_CHARS) -> SplitResult | None:
    """The parts of an http or https address; None: it is none."""
    if len(written) > limit_chars or any(each.isspace() or not each.isprintable() for each in written):
        return None
    try:
        parts = urlsplit(written)
        good = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError):
        return None
    return parts if good and "\\" not in written and "%" not in parts.netloc.rpartition("@")[2] else None


def _shown(written: str) -> str:
    return written if len(written) <= 80 else written[:79] + "…"
