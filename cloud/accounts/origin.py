"""Where a request came from, as sign-ins and the audit log keep it."""

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
