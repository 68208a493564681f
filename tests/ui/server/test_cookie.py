"""The session's cookie: what it says to browsers, and the ticket that fetches it."""

import datetime as dt

import httpx2
import pytest

from tests.ui.server.conftest import TOKEN
from ui.server import cookie
from ui.server.cookie import TICKETS, Tickets, fingerprint_of, token_in, without_plain_cookie

HTTPS = {"X-Forwarded-Proto": "https"}


def ticket(lasts: dt.timedelta = dt.timedelta(days=30)) -> str:
    return TICKETS.issue(TOKEN, dt.datetime.now(dt.UTC) + lasts)


def attributes(answer: httpx2.Response) -> dict[str, str]:
    """Of the cookie that is set, by their names in small letters; the first is the cookie itself."""
    pairs = [each.strip().partition("=") for each in answer.headers["set-cookie"].split(";")]
    return {name.lower(): value for name, _, value in pairs}


def test_ticket_gets_a_cookie_that_no_script_and_no_other_site_sees(visitor: httpx2.Client) -> None:
    answer = visitor.post("/p2m/session", content=ticket())
    said = attributes(answer)
    assert answer.status_code == 204
    assert said["p2m_web"] == TOKEN
    assert said["path"] == "/"
    assert said["samesite"] == "lax"
    assert "httponly" in said
    assert "secure" not in said
    assert "domain" not in said
    assert 29 * 86400 < int(said["max-age"]) <= 30 * 86400
    assert answer.headers["cache-control"] == "no-store"


def test_behind_https_the_cookie_is_secure_and_of_this_host_alone(visitor: httpx2.Client) -> None:
    said = attributes(visitor.post("/p2m/session", content=ticket(), headers=HTTPS))
    assert said["__host-p2m_web"] == TOKEN
    assert "secure" in said
    assert said["path"] == "/"
    assert "domain" not in said


def test_ticket_works_once(visitor: httpx2.Client) -> None:
    one = ticket()
    assert visitor.post("/p2m/session", content=one).status_code == 204
    again = visitor.post("/p2m/session", content=one)
    assert again.status_code == 404
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("text", [b"", b"x" * 43, b"\xff" * 20, b"y" * 100_000], ids=["none", "wrong", "bytes", "long"])
def test_what_is_no_ticket_gets_nothing(visitor: httpx2.Client, text: bytes) -> None:
    answer = visitor.post("/p2m/session", content=text)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


def test_ticket_that_nobody_fetched_in_time_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    tickets = Tickets()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    monkeypatch.setattr(cookie, "_TICKET_LASTS", dt.timedelta(seconds=-1))
    assert tickets.redeem(tickets.issue(TOKEN, ends)) is None


def test_tickets_that_nobody_fetches_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookie, "_TICKETS_KEPT", 3)
    tickets = Tickets()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    issued = [tickets.issue(f"token {number}", ends) for number in range(5)]
    assert [tickets.redeem(one) is not None for one in issued] == [False, False, True, True, True]


def test_sign_out_takes_the_cookie_back(ada: httpx2.Client) -> None:
    said = attributes(ada.request("DELETE", "/p2m/session", content=fingerprint_of(TOKEN)))
    assert said["p2m_web"] in {"", '""'}
    assert said["max-age"] == "0"


def test_a_page_that_is_left_does_not_take_the_cookie_of_a_newer_sign_in(ada: httpx2.Client) -> None:
    answer = ada.request("DELETE", "/p2m/session", content=fingerprint_of("p2m_ses_older"))
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers


def test_over_https_a_cookie_that_http_may_have_planted_is_not_seen() -> None:
    sent = [
        (b"host", b"x"),
        (b"Cookie", b"a=1; p2m_web=planted; __Host-p2m_web=ours;b=2"),
        (b"cookie", b"p2m_web=more"),
    ]
    kept = without_plain_cookie(sent)
    assert kept == [(b"host", b"x"), (b"Cookie", b"a=1; __Host-p2m_web=ours;b=2")]
    assert token_in({"__Host-p2m_web": "ours", "p2m_web": "planted"}) == "ours"
