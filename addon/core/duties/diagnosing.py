"""Looks at everything between the user and a build, and says what is amiss. The report holds no secret, no address and
no name: people paste it into public places, and Blender may keep it in a file."""

import datetime as dt
import getpass
import importlib
import os
import re
import ssl
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .. import messages as m
from .. import versions
from ..calls import server_time
from ..credentials import FILE_NAME
from ..desk import OFFLINE
from ..files import FileTrouble, write_whole
from ..problems import CoreError, NotAllowed, Refused, Stopped
from ..transport import PIECE_BYTES
from .at import At

SKEW_LIMIT_S = 120.0
_TOKEN = re.compile(r"p2m_[a-z]+_[0-9A-Za-z_-]+|[A-Za-z0-9_-]{40,}", re.ASCII)


@dataclass
class _Report:
    lines: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def add(self, name: str, found: str, *, bad: bool = False) -> None:
        self.lines.append(f"{'!! ' if bad else 'ok '} {name}: {found}")
        if bad:
            self.troubles.append(found)

    def check(self, name: str, look: Callable[[], str]) -> bool:
        """One check; whether it went well."""
        try:
            self.add(name, look())
        except Stopped:
            raise
        except CoreError as error:
            self.add(name, error.sentence, bad=True)
            return False
        return True


def diagnose(at: At, order: m.Diagnose) -> None:
    """Every check that can be made, in the order in which they depend on each other."""
    report, home = _Report(), at.desk.home
    report.add("Add-on", f"{home.addon_version}, Blender {home.blender_version or '?'}, {home.system or sys.platform}")
    python = ".".join(map(str, sys.version_info[:3]))
    libraries = f"requests {_version_of('requests')}, urllib3 {_version_of('urllib3')}, {ssl.OPENSSL_VERSION}"
    report.add("Python", f"{python}, {libraries}")
    report.check("Files", lambda: _files(at))
    if not at.standing.online:
        report.add("Online access", OFFLINE, bad=True)
    elif at.standing.address is None:
        report.add("Server", "No server is set, or its address is no good; mend it in the preferences.", bad=True)
    else:
        _ask_server(at, report)
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = "\n".join([f"Prompt2Mesh diagnosis, {now}", *report.lines, ""])
    at.desk.say(m.Diagnosed(_without_secrets(text, at), report.troubles[0] if report.troubles else ""))


def _ask_server(at: At, report: _Report) -> None:
    address = at.address
    where = "this computer" if address.is_loopback else "another computer"
    report.add("Server", f"{address.scheme} on {where}, port {address.port}")
    report.add("Proxy", "from the preferences" if at.standing.proxy.strip() else "as the system says")
    if not report.check("Network and encryption", lambda: _reach(at, report)):
        return
    report.check("Server's health", lambda: _health(at))
    report.check("Version", lambda: _version(at))
    report.check("Sign-in", lambda: _sign_in(at))


def _reach(at: At, report: _Report) -> str:
    began = time.monotonic()
    with at.calls.transport.open("GET", "/healthz", limit_s=20.0) as answer:
        answer.whole(PIECE_BYTES)
        took_ms = (time.monotonic() - began) * 1000
        now = server_time(answer)
    report.check("Clock", lambda: _clock(now))
    return f"answered in {took_ms:.0f} ms"


def _clock(now: dt.datetime | None) -> str:
    if now is None:
        return "the server does not tell its time"
    skew_s = (dt.datetime.now(dt.UTC) - now).total_seconds()
    if abs(skew_s) > SKEW_LIMIT_S:
        ahead = "ahead" if skew_s > 0 else "behind"
        raise NotAllowed(f"This computer's clock is {abs(skew_s) / 60:,.0f} minutes {ahead}; set it right.")
    return f"differs by {abs(skew_s):.0f} s"


def _health(at: At) -> str:
    at.calls.transport.json("GET", "/readyz", limit_s=20.0)
    return "ready"


def _version(at: At) -> str:
    fit = versions.fit_of(at.desk.home.addon_version, at.calls.version())
    if fit.blocks:
        raise NotAllowed(fit.sentence)
    return " ".join(each for each in (fit.server_version, fit.sentence) if each)


def _sign_in(at: At) -> str:
    credential = at.standing.credential
    if credential is None:
        return "nobody is signed in"
    try:
        at.calls.me()
    except Refused as refusal:
        if refusal.status == 401:
            at.desk.sign_in_ended(at.standing)
        raise
    return "signed in with a token" if credential.by_token else "signed in"


def _files(at: At) -> str:
    home = at.desk.home
    for folder in (home.config, home.cache):
        probe = write_whole(folder / f"probe-{os.getpid()}", b"probe")
        try:
            probe.unlink()
        except OSError as error:
            raise FileTrouble("A file cannot be deleted", error) from error
    kept = home.config / FILE_NAME
    if os.name == "posix" and kept.is_file() and stat.S_IMODE(kept.stat().st_mode) & 0o077:
        raise NotAllowed("Others on this computer can read your sign-in; sign out and in again to mend its file.")
    return "can be written"


def _without_secrets(text: str, at: At) -> str:
    """`text` without tokens, addresses, and names of the user or of their folders."""
    hidden = {str(Path.home()): "~"}
    address = at.standing.address
    if address is not None and not address.is_loopback:
        hidden |= {address.origin: "the server", address.host: "the server"}
    for word, instead in hidden.items():
        text = text.replace(word, instead)
    user = _user_name()
    if len(user) > 2:
        text = re.sub(rf"(?<![\w]){re.escape(user)}(?![\w])", "…", text)
    return _TOKEN.sub("…", text)


def _version_of(module: str) -> str:
    """Of a library that Blender brings; Debian's has no metadata to ask."""
    return str(getattr(importlib.import_module(module), "__version__", "?"))


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return ""
