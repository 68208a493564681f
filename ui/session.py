"""What one browser session holds, in `st.session_state`: who is signed in and what they are at.

Who is signed in outlives the page in a cookie (`ui.server.cookie`); the rest lives in the server's memory for as long
as the page is open. Running jobs do not mind; they are found again by listing.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from ui.api_client import ApiClient, ApiError, ClientError
from ui.api_types import Session, User
from ui.server.cookie import TICKETS, fingerprint_of, token_in
from ui.wording import moment, plain

FORGET = "forget"
"""The ticket that asks for no cookie any more."""

_KEY = "ui_session"


@dataclass
class UiSession:
    """`project_id`: the project that the next prompt goes to, None for a new one. `notice`: a sentence for the next
    sign-in. `ticket`: what the page's script fetches the cookie with, `FORGET` to have it taken back. `fingerprint`: of
    the token whose cookie this is about. `left_token`: of a session that was left, which the cookie that the page was
    opened with still names.
    """

    client: ApiClient
    user: User | None = None
    project_id: str | None = None
    notice: str = ""
    ticket: str = ""
    fingerprint: str = ""
    left_token: str = ""
    looked_for_running_job: bool = False

    def forget_project(self, project_id: str) -> None:
        """The project is gone: do not go back to it."""
        if self.project_id == project_id:
            self.project_id = None


def begin_session(api_url: str) -> UiSession:
    """This browser's session, made at its first use: of whoever its cookie names, if that session is good.

    Raises: ClientError: `api_url` is no address, or the API does not say whose cookie it is; nobody is signed in then.
    """
    if _KEY not in st.session_state:
        st.session_state[_KEY] = UiSession(ApiClient(api_url, headers=_headers_of_browser()))
    session: UiSession = st.session_state[_KEY]
    token = _token_of_browser()
    if session.user is None and token and token != session.left_token:
        session.client.token = token
        session.fingerprint = fingerprint_of(token)
        try:
            session.user = session.client.me()
        except ApiError as error:
            session.client.token = None
            if error.status != 401:
                raise
            session.left_token = token
            session.ticket = FORGET
    return session


def _token_of_browser() -> str:
    """What its cookie held when it opened the page; "" where there is none, or no browser (in tests of pages)."""
    found = token_in(st.context.cookies)
    return found if isinstance(found, str) else ""


def _headers_of_browser() -> dict[str, str]:
    """What lets the API know the browser behind us: the list of sessions and the limits on sign-ins go by it.

    The API believes the address only if it trusts ours (`P2M_TRUSTED_PROXIES`).
    """
    asked = st.context.headers
    way = [each for each in (asked.get("X-Forwarded-For"), st.context.ip_address) if isinstance(each, str) and each]
    found = {"User-Agent": asked.get("User-Agent"), "X-Forwarded-For": ", ".join(way)}
    return {name: value for name, value in found.items() if isinstance(value, str) and value and _is_plain(value)}


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def current_session() -> UiSession:
    """The session that `begin_session` has begun."""
    return st.session_state[_KEY]


def sign_in(username: str, password: str) -> None:
    """Sign in. Raises: ClientError."""
    session = current_session()
    begun = session.client.log_in(username, password, client="web")
    enter(begun)


def enter(begun: Session) -> None:
    """Go on as the user of a session that has just begun, and keep it in the browser's cookie."""
    session = current_session()
    session.user = begun["user"]
    session.fingerprint = fingerprint_of(begun["token"])
    session.ticket = TICKETS.issue(begun["token"], moment(begun["ends_at"] or begun["expires_at"]))
    session.notice = ""


def sign_out() -> None:
    """Revoke the token and forget everything of this user."""
    client = current_session().client
    with contextlib.suppress(ClientError):  # an unreachable API must not keep anyone signed in here
        client.log_out()
    forget_user()


def forget_user(notice: str = "") -> None:
    """Begin a new session in this browser, with nobody signed in."""
    session = current_session()
    session.client.close()
    st.session_state.clear()
    left = UiSession(ApiClient(session.client.base_url, headers=_headers_of_browser()))
    left.notice, left.ticket, left.left_token = notice, FORGET, _token_of_browser()
    left.fingerprint = session.fingerprint
    st.session_state[_KEY] = left


@contextlib.contextmanager
def errors_as_banner() -> Iterator[None]:
    """Whatever the API refuses inside becomes one sentence on the page; a token that ended leads to the sign-in."""
    try:
        yield
    except ApiError as error:
        if error.status == 401 and current_session().user is not None:
            forget_user("Your session has ended; sign in again.")
            st.rerun()
        st.error(plain(str(error)), icon=":material/error:")
    except ClientError as error:
        st.error(plain(str(error)), icon=":material/cloud_off:")
