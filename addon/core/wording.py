"""Sentences for what goes wrong on the way to the server, and for what it refuses."""

import ssl
from collections.abc import Iterator
from typing import Any

from . import fields
from .address import Address
from .lines import NameUnknown
from .problems import BadAnswer, Kind, NotAllowed, Refused, Unreachable

CUT_SHORT = "The server's answer ended in the middle; try again in a moment."
_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, 62  # OpenSSL's X509_V_ERR_…
_NOT_REACHED = frozenset({"NameUnknown", "NewConnectionError", "ConnectTimeoutError", "ConnectionRefusedError"})
_AGAIN = frozenset({408, 425, 429, 502, 503, 504})
_OPERATOR = frozenset({500, 501, 505, 507})


def broken(address: Address, error: BaseException, *, late: bool, by_proxy: bool) -> Unreachable:
    """Why no whole answer came from the server."""
    host = address.host
    certificate = next((each for each in _causes(error) if isinstance(each, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return _NotTrusted(_about_certificate(host, certificate))
    if any(type(each).__name__ == "CertificateError" for each in _causes(error)):  # urllib3 1.26 looks by itself
        return _NotTrusted(f"The certificate of {host} is another server's; check the server's address.")
    if any(isinstance(each, ssl.SSLError) for each in _causes(error)) or "SSL" in type(error).__name__:
        return _NotTrusted(
            f"The encrypted connection to {host} cannot be made; check the server's address and the proxy."
        )
    names = {type(each).__name__ for each in _causes(error)}
    if by_proxy and names & _NOT_REACHED:
        return Unreachable("The proxy does not answer; check the proxy in the add-on's preferences, and your network.")
    if "ProxyError" in names:
        return Unreachable("The proxy does not let the add-on through; check the proxy in the add-on's preferences.")
    if late or names & {"ReadTimeout", "ReadTimeoutError"}:
        return Unreachable(f"{host} did not answer in time; try again in a moment.")
    if any(isinstance(each, NameUnknown) for each in _causes(error)):
        return Unreachable(f"No server called {host} was found; check the address and your network.")
    if names & _NOT_REACHED:
        return Unreachable(f"Nothing answers at {address.origin}; check the address, your network and the server.")
    if "IncompleteRead" in names:
        return Unreachable(CUT_SHORT)
    return Unreachable(f"The connection to {host} broke; try again in a moment.")


class _NotTrusted(Unreachable):
    """The certificate is wrong: the same again would be so, too."""

    code, kind = "not_trusted", "operator"


def moved(address: Address, location: str | None) -> NotAllowed:
    """The server wants us elsewhere, and the token goes nowhere else."""
    where = fields.clean(" ".join((location or "").split()), 120)
    to = f" to {where}" if where else ""
    return NotAllowed(
        f"{address.host} sends the add-on on{to}, where it does not follow; check the server's address in the "
        "preferences."
    )


def refusal(address: Address, status: int, reason: str, body: Any, retry_after: str | None) -> Refused:
    """The error for an answer of 400 and more; `body` is its JSON, None where it has none."""
    wait_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    kind: Kind = "again" if status in _AGAIN else "operator" if status in _OPERATOR else "user"
    try:
        document = fields.mapping(body, "the error")
        if isinstance(document.get("error"), str):  # OAuth's form
            code = fields.line(document, "error", 80)
            sentence = fields.line(document, "error_description", fields.LINE_CHARS, code)
        else:
            code = fields.line(document, "code", 80)
            sentence = fields.line(document, "detail", fields.LINE_CHARS)
    except BadAnswer:
        said = f"{status} {fields.clean(reason, 60)}".strip()
        advice = "try again in a moment" if kind == "again" else "check the server's address"
        return Refused(status, "not_a_problem", f"{address.origin} answered {said}; {advice}.", kind, wait_s)
    if status == 401:
        sentence = "Your sign-in has ended; sign in again."
    return Refused(status, code, sentence, kind, wait_s)


def _about_certificate(host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return f"The certificate of {host} has expired; tell its operator, and check this computer's date."
    if error.verify_code == _NOT_YET:
        return f"The certificate of {host} is not valid yet; check this computer's date and time."
    if error.verify_code == _OTHER_NAME or "match" in error.verify_message:
        return f"The certificate of {host} is another server's; check the server's address."
    return (
        f"The certificate of {host} is signed by nobody whom this computer trusts; for an authority of your own "
        "set REQUESTS_CA_BUNDLE to its file before you start Blender."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from: also what libraries hide in `args` and `reason`."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        waiting += [found for found in inner if isinstance(found, BaseException)]
