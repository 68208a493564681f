"""Sessions in cookies, for web pages: scripts never see the token, and other sites cannot use it.

The browser sends the cookie with whatever any page asks of us. So a call that changes something and shows the cookie
must also show a token that only a page of ours can read (`X-CSRF-Token`), and come from a page of ours. Calls with
`Authorization` need neither: no browser adds that header by itself.
"""

import datetime as dt
import hashlib
import hmac

from fastapi import Request, Response

from cloud.api.origins import require_own_page
from cloud.errors import Forbidden
from cloud.settings import Settings

CSRF_HEADER = "X-CSRF-Token"
_READS = ("GET", "HEAD", "OPTIONS")
_SESSION = "p2m_session"
_CSRF = "p2m_csrf"
# Browsers take a cookie of this prefix over https alone, for this host alone, and let no subdomain overwrite it.
_HOST = "__Host-"


class CsrfTokenWrong(Forbidden):
    """The call is made with a cookie, and does not show that a page of ours makes it."""

    code = "csrf_token_wrong"

    def __init__(self) -> None:
        super().__init__(
            f"A call with a session cookie that changes something needs the header {CSRF_HEADER} with the value of the "
            f"cookie {_CSRF} (over https {_HOST}{_CSRF}); reload the page and try again."
        )


def csrf_token_of(session_token: str) -> str:
    """What a page shows with each call that changes something. Only who has the session's token can make it."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


def session_token_in(request: Request, settings: Settings) -> str | None:
    """The session's token from the cookie; None: there is no cookie.

    Raises: ForeignOrigin, CsrfTokenWrong: the call changes something, and is not from a page of ours.
    """
    token = request.cookies.get(_name(request, _SESSION))
    if not token:
        return None
    if request.method not in _READS:
        require_own_page(request.scope, settings)
        shown = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(shown.encode(), csrf_token_of(token).encode()):
            raise CsrfTokenWrong
    return token


def set_session(request: Request, response: Response, token: str, *, ends_at: dt.datetime) -> str:
    """Give the browser the session's token until `ends_at`. Returns: the CSRF token.

    Who signs people in calls `require_own_page` first: nobody may be signed in as another unasked.
    """
    csrf = csrf_token_of(token)
    max_age_s = max(int((ends_at - dt.datetime.now(dt.UTC)).total_seconds()), 0)
    for name, value in ((_SESSION, token), (_CSRF, csrf)):
        response.set_cookie(
            _name(request, name),
            value,
            max_age=max_age_s,
            path="/",
            secure=_is_https(request),
            httponly=name == _SESSION,
            samesite="lax",
        )
    return csrf


def clear_session(request: Request, response: Response) -> None:
    """Take the cookies back, if the browser sent any."""
    for name in (_name(request, _SESSION), _name(request, _CSRF)):
        if name in request.cookies:
            response.delete_cookie(name, path="/", secure=_is_https(request), samesite="lax")


def _name(request: Request, name: str) -> str:
    return f"{_HOST}{name}" if _is_https(request) else name


def _is_https(request: Request) -> bool:
    """By the request's scheme, which a proxy that P2M_TRUSTED_PROXIES names tells."""
    return request.url.scheme == "https"
