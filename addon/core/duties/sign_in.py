"""Connecting, signing in by a code (RFC 8628) or a token, signing out."""

import contextlib
import random
import time

from .. import messages as m
from .. import pictures, versions
from ..address import Address, checked_proxy
from ..credentials import Credential, checked_token, is_token
from ..desk import OFFLINE, Standing
from ..inner import AskForToken, FindJobs, Reconnect
from ..problems import BadAnswer, CoreError, NotAllowed, Refused, Unreachable
from .at import At

RECONNECT_WAITS_S = (2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_SLOWER_BY_S = 5.0
_LONGEST_INTERVAL_S = 60.0
_NOBODY = "Nobody confirmed the code in time; sign in again for a new one."


def connect(at: At, order: m.Connect) -> None:
    """Take another server, or the same anew."""
    if not order.online:
        at.desk.disconnect(online=False)
        at.desk.say(m.ConnectionChanged("offline", OFFLINE))
        return
    try:
        address = Address.of(order.server)
        checked_proxy(order.proxy, address)
        at.standing = at.desk.connect(address, order.proxy, online=True)
    except CoreError as error:
        at.desk.disconnect(online=True)
        at.desk.say(m.ConnectionChanged("signed_out", error.sentence))
        return
    at.desk.settled.set()
    if at.standing.credential is None:
        at.say(m.ConnectionChanged("signed_out", "", address.origin))
        return
    at.say(m.ConnectionChanged("signing_in", "", address.origin))
    enter(at, tries=0)


def reconnect(at: At, order: Reconnect) -> None:
    """The server did not answer; perhaps it does now."""
    enter(at, order.tries)


def enter(at: At, tries: int) -> None:
    """See who the token is, and what there is; tried again later where no answer comes."""
    server = at.address.origin
    try:
        check_version(at)
        user = at.calls.me()
    except (Unreachable, BadAnswer, NotAllowed, Refused) as error:
        if isinstance(error, Refused) and error.status == 401:
            at.desk.sign_in_ended(at.standing)
            return
        again = error.kind == "again"
        more = " It is tried again by itself." if again else ""
        at.say(m.ConnectionChanged("offline", error.sentence + more, server))
        if again:
            wait_s = RECONNECT_WAITS_S[min(tries, len(RECONNECT_WAITS_S) - 1)]
            at.lane.later(Reconnect(tries=tries + 1), wait_s * random.uniform(0.75, 1.25))
        return
    by_token = at.standing.credential is not None and at.standing.credential.by_token
    at.say(m.ConnectionChanged("signed_in", "", server, user, by_token))
    at.desk.pass_on(FindJobs())
    at.desk.pass_on(m.ListProjects())


def check_version(at: At) -> None:
    """Tell how add-on and server go together. Raises: NotAllowed: they do not. What Calls do."""
    fit = versions.fit_of(at.desk.home.addon_version, at.calls.version())
    at.say(m.VersionChecked(fit.server_version, fit.sentence, fit.blocks))
    if fit.blocks:
        raise NotAllowed(fit.sentence)


def begin_with_code(at: At, order: m.SignInWithCode) -> None:
    """Show a code."""
    _demand_nobody(at.standing)
    check_version(at)
    home = at.desk.home
    grant = at.calls.begin_device_sign_in(f"Blender {home.blender_version} {home.system}".strip())
    until_s = time.monotonic() + grant.lasts_s
    at.say(m.CodeShown(grant.user_code, grant.page_with_code, grant.page, until_s))
    at.lane.later(AskForToken(grant=grant, interval_s=grant.interval_s, until_s=until_s), grant.interval_s)


def ask_for_token(at: At, order: AskForToken) -> None:
    """One poll; the next one comes as slowly as the server wants it."""
    if time.monotonic() > order.until_s:
        at.say(m.ConnectionChanged("signed_out", _NOBODY, at.address.origin))
        return
    interval_s, wait_s = order.interval_s, order.interval_s
    try:
        token = at.calls.ask_for_device_token(order.grant.device_code)
    except CoreError as error:
        if error.code == "slow_down":
            interval_s = wait_s = min(interval_s + _SLOWER_BY_S, _LONGEST_INTERVAL_S)
        elif error.kind == "again":
            wait_s = min(interval_s * 2, _LONGEST_INTERVAL_S)
        elif error.code != "authorization_pending":
            sentence = _NOBODY if error.code == "expired_token" else error.sentence
            at.say(m.ConnectionChanged("signed_out", sentence, at.address.origin))
            return
        at.lane.later(AskForToken(grant=order.grant, interval_s=interval_s, until_s=order.until_s), wait_s)
        return
    _begin_session(at, token, by_token=False)


def use_token(at: At, order: m.SignInWithToken) -> None:
    """Sign in with a token that the user has."""
    _demand_nobody(at.standing)
    token = checked_token(order.token)
    at.say(m.ConnectionChanged("signing_in", "", at.address.origin))
    try:
        calls = at.calls_as(token)
        with contextlib.closing(calls.transport):
            calls.me()
    except CoreError as error:
        unknown = isinstance(error, Refused) and error.status == 401
        sentence = (
            "The server does not know this token; make a new one on your account page." if unknown else str(error)
        )
        at.say(m.ConnectionChanged("signed_out", sentence, at.address.origin))
        return
    _begin_session(at, token, by_token=True)


def give_up(at: At, order: m.CancelSignIn) -> None:
    """The user waits for the code no more; the worker has dropped the next question."""
    if at.standing.credential is None:
        server = at.standing.address.origin if at.standing.address else ""
        at.say(m.ConnectionChanged("signed_out", "", server))


def sign_out(at: At, order: m.SignOut) -> None:
    """Forget the token here, whatever the server says; then have it revoked."""
    standing, server = at.standing, at.standing.address.origin if at.standing.address else ""
    if not at.desk.sign_out(standing):
        at.desk.say(m.ConnectionChanged("signed_out", "", server))
        return
    pictures.forget_all(at.desk.home.cache)
    at.desk.say(m.ConnectionChanged("signed_out", "", server))
    sentence = _revoke(at) if standing.online else "You are signed out here; the session itself goes on."
    if sentence:
        at.desk.say(m.ConnectionChanged("signed_out", sentence, server))


def _revoke(at: At) -> str:
    """End the session on the server. Returns: what is left to do, or ""."""
    if at.standing.credential is not None and at.standing.credential.by_token:
        return "You are signed out here; the token itself still holds: revoke it on your account page."
    try:
        at.calls.end_session()
    except CoreError as error:
        if isinstance(error, Refused) and error.status == 401:
            return ""
        return "You are signed out here, but the server could not be told; end the session on your account page."
    return ""


def _begin_session(at: At, token: str, *, by_token: bool) -> None:
    if not is_token(token):
        raise BadAnswer("it gave a token that is none")
    standing = at.desk.sign_in(at.standing, Credential(token, by_token))
    if standing is not None:
        at.standing = standing
        enter(at, tries=0)


def _demand_nobody(standing: Standing) -> None:
    if standing.credential is not None:
        raise NotAllowed("You are signed in; sign out first.")
