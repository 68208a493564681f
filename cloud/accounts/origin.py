"""Where a request came from, as sign-ins and the audit log keep it."""

import ipaddress
from dataclasses import dataclass

from ua_parser import parse

_LIMIT_CHARS = 500


@dataclass(frozen=True)
class Origin:
    """`address` is the client's IP address, `device` its browser and system in words; "" where unknown."""

    address: str = ""
    device: str = ""


OPERATOR = Origin(device="the server's own command line")


def device_of(user_agent: str) -> str:
    """A `User-Agent` header in words: "Firefox on Windows"; a program that is no browser by its own name."""
    parsed = parse(user_agent[:_LIMIT_CHARS])
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    if not browser:
        name = user_agent.split("/")[0].strip()[:64]
        return name if name.isprintable() else ""
    return f"{browser} on {system}" if system else browser


def network_of(address: str) -> str:
    """Whom an address stands for when attempts are counted: itself, for IPv6 its /64, which one customer has whole."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
