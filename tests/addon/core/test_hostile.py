"""Servers that mean harm, or are broken: each is one clear sentence, and nothing is written outside of our folder."""

import gzip
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from addon.core import lines, transport
from addon.core import messages as m
from addon.core.desk import Desk
from addon.core.duties import following
from addon.core.lane import Lane
from tests.addon.core.hostile import (
    HEAD,
    JOB,
    RUNNING,
    TOKEN,
    USER,
    Hostile,
    Speak,
    answer,
    certificate,
    event,
    hostile_server,
    problem,
    stream,
    usual,
)
from tests.addon.core.player import Player
from tests.addon.core.sentences import assert_is_one_sentence


def drip(client: socket.socket) -> None:
    """One byte at a time, for ever: no single read ever times out."""
    client.sendall(HEAD + b"\r\n")
    while True:
        client.sendall(b" ")
        time.sleep(0.02)


def deep() -> bytes:
    return answer(raw=b"[" * 100_000)


ANSWERS: dict[str, tuple[bytes | Speak, str]] = {
    "not json": (answer(raw=b"<html>hello</html>"), "not JSON"),
    "a list": (answer([]), "is no object"),
    "a name that is a number": (answer({**USER, "username": 7}), "username is no text"),
    "an id that is a path": (answer({**USER, "id": "../../etc/passwd"}), "id is no id"),
    "too deep": (deep(), "not JSON"),
    "no number": (answer(raw=b'{"id": NaN}'), "not JSON"),
    "giant by its word": (answer({}, length=1 << 40), "larger than"),
    "giant": (HEAD + b"\r\n" + b" " * (transport.JSON_LIMIT_BYTES + 10), "larger than"),
    "a gzip bomb": (answer(raw=gzip.compress(bytes(50 << 20)), Content_Encoding="gzip"), "compressed"),
    "half a body": (answer({"a": "b"}, length=500), "ended in the middle"),
    "a length that is none": (HEAD + b"Content-Length: -5\r\n\r\n{}", "length is no number"),
    "no http": (b"SSH-2.0-OpenSSH_9.6\r\n", "broke"),
    "nothing": (b"", "broke"),
    "elsewhere": (answer(status="302 Found", Location="https://evil.example.org/v1/me"), "evil.example.org"),
    "elsewhere by 308": (answer(status="308 Permanent", Location="http://127.0.0.1:1/v1/me"), "does not follow"),
    "an error that is none": (answer(raw=b"no", status="418 Teapot"), "418 Teapot"),
    "an error of wrong types": (problem(400, "x", {"a": 1}), "answered 400 No"),
    "an endless error": (HEAD.replace(b"200 OK", b"500 Oh") + b"\r\n" + b"x" * (1 << 20), "answered 500 Oh"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_good_is_one_sentence(
    case: str, player: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RETRY_WAITS_S", ())
    sent, words = ANSWERS[case]
    server.answers["/v1/me"] = sent
    state = player.sign_in(server.url, TOKEN)
    assert state.connection == "signed_out"
    assert words in state.connection_words
    assert_is_one_sentence(state.connection_words)
    assert not (player.home.config / "credentials.json").exists()


def test_a_slow_drip_ends_in_time(player: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RETRY_WAITS_S", ())
    shortened = lines.Line.call
    monkeypatch.setattr(lines.Line, "call", lambda line, limit_s: shortened(line, min(limit_s, 0.3)))
    server.answers["/v1/me"] = drip
    assert "did not answer in time" in player.sign_in(server.url, TOKEN).connection_words


def test_a_token_follows_no_redirect(player: Player, server: Hostile) -> None:
    with hostile_server({}) as other:
        server.answers["/v1/me"] = answer(status="307 Temporary", Location=f"{other.url}/v1/me")
        assert "does not follow" in player.sign_in(server.url, TOKEN).connection_words
        assert other.asked == []


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [("127.0.0.1", -1.0, "has expired"), ("localhost", 9.0, "is another server's"), ("127.0.0.1", 9.0, "by nobody")],
    ids=["expired", "another name", "not trusted"],
)
def test_a_certificate_that_is_no_good_ends_it(
    name: str, days: float, words: str, player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, public = certificate(tmp_path, name=name, ends_in_days=days)
    if "by nobody" not in words:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    with hostile_server(usual(), tls) as server:
        state = player.sign_in(server.url, TOKEN)
        assert words in state.connection_words
        assert_is_one_sentence(state.connection_words)
        assert server.asked == []


def test_an_authority_of_ones_own_is_trusted(player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, public = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    with hostile_server(usual(), tls) as server:
        assert player.sign_in(server.url, TOKEN).signed_in, player.state.connection_words


def test_a_netrc_does_not_take_the_tokens_place(
    player: Player, server: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "addon" / "netrc"
    netrc.parent.mkdir(exist_ok=True)
    netrc.write_text("machine 127.0.0.1 login eve password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert player.sign_in(server.url, TOKEN).signed_in
    assert all(f"Authorization: Bearer {TOKEN}" in head for head in server.asked if "/v1/me" in head)


STREAMS: dict[str, tuple[Speak | bytes, str]] = {
    "no stream": (answer({}), "no event stream"),
    "a giant event": (stream(b"id: 1\nevent: text\ndata: " + b"x" * (2 << 20)), "an event is too large"),
    "giant in small lines": (stream(b"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 50_000), "an event is too large"),
    "not json": (stream(b"id: 1\nevent: stage\ndata: hello\n\n"), "an event is not JSON"),
    "wrong types": (stream(event(1, "usage", usage={"input_tokens": "many"})), "is no whole number"),
    "a path as picture": (stream(event(1, "picture", artifact_id="../x", name="", kind="", step=1)), "is no id"),
    "a number too large": (stream(event(10**12, "stage", stage="build")), "number is too large"),
    "gone": (problem(404, "not_found", "There is no such job."), "no such job"),
}


@pytest.mark.parametrize("case", STREAMS)
def test_a_stream_that_is_no_good_is_one_sentence(case: str, signed_in: Player, server: Hostile) -> None:
    sent, words = STREAMS[case]
    server.answers |= {f"/v1/jobs/{JOB}": answer(RUNNING), f"/v1/jobs/{JOB}/events": sent}
    signed_in.submit(m.Watch(job_id=JOB))
    failed = signed_in.hear(m.Failed)
    assert words in failed.sentence
    assert_is_one_sentence(failed.sentence)
    assert signed_in.job.link == "closed"


def test_a_stream_without_end_is_ended(signed_in: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "STREAM_LIMIT_BYTES", 1 << 20)

    def flood(client: socket.socket) -> None:
        while True:
            client.sendall(b": ping\n\n" * 10_000)

    server.answers |= {f"/v1/jobs/{JOB}": answer(RUNNING), f"/v1/jobs/{JOB}/events": stream(then=flood)}
    signed_in.submit(m.Watch(job_id=JOB))
    assert "do not end" in signed_in.hear(m.Failed).sentence


def test_a_silent_stream_is_tried_again_where_it_was(
    signed_in: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SILENCE_S", 0.3)
    monkeypatch.setattr(following, "RETRY_WAITS_S", (0.01,))
    server.answers |= {
        f"/v1/jobs/{JOB}": answer(RUNNING),
        f"/v1/jobs/{JOB}/events": stream(event(1, "job.started", model="m"), then=server.hang),
    }
    signed_in.submit(m.Watch(job_id=JOB))
    signed_in.until(lambda state: state.job is not None and state.job.link == "lost")
    assert signed_in.job.link_words == "Connection lost, trying again…"
    ended = event(2, "job.finished", state="succeeded", outcome="", error=None, result=None)
    server.answers[f"/v1/jobs/{JOB}/events"] = stream(event(1, "stage", stage="deliver"), ended)
    signed_in.until(lambda state: state.job is not None and state.job.ended)
    assert any("Last-Event-ID: 1" in head for head in server.asked)
    assert signed_in.job.stage == "", "an event that was known came twice"


def test_a_page_that_is_no_page_is_not_opened(player: Player, server: Hostile) -> None:
    server.answers["/v1/device/authorize"] = answer(
        {
            "device_code": "d",
            "user_code": "ABCD-EFGH",
            "verification_uri": "https://x.example.org/device",
            "verification_uri_complete": "file:///etc/passwd",
            "expires_in": 900,
            "interval": 5,
        }
    )
    player.connect(server.url)
    player.submit(m.SignInWithCode())
    assert "no address that can be opened" in player.hear(m.Failed).sentence
    assert player.state.code is None


SICK: dict[str, tuple[dict[str, bytes | Speak], str]] = {
    "a clock that is wrong": ({"/healthz": answer({}, Date="Mon, 23 Nov 2020 10:00:00 GMT")}, "minutes ahead"),
    "a database that is gone": (
        {"/healthz": answer({}), "/readyz": problem(503, "unavailable", "The database does not answer.")},
        "database does not answer",
    ),
    "another version": (
        {"/healthz": answer({}), "/readyz": answer({}), "/v1/version": answer({"version": "0.0.1"})},
        "ask its operator",
    ),
    "a sign-in that has ended": (
        {"/healthz": answer({}), "/readyz": answer({}), "/v1/me": problem(401, "unauthorized", "No.")},
        "sign in again",
    ),
}


@pytest.mark.parametrize("case", SICK)
def test_a_diagnosis_names_what_is_amiss(
    case: str, signed_in: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RETRY_WAITS_S", ())
    answers, words = SICK[case]
    server.answers |= answers
    signed_in.submit(m.Diagnose())
    diagnosed = signed_in.hear(m.Diagnosed)
    assert words in diagnosed.sentence
    assert TOKEN not in diagnosed.report
    assert "127.0.0.1" not in diagnosed.report


def test_orders_given_at_once_wait_for_the_server_to_be_known(
    player: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert player.sign_in(server.url, TOKEN).signed_in
    connect = Desk.connect

    def connect_late(desk: Desk, *what: Any, **how: Any) -> Any:
        threading.Event().wait(0.2)  # so long the other threads could do their orders, if they did not wait
        return connect(desk, *what, **how)

    monkeypatch.setattr(Desk, "connect", connect_late)
    player.submit(m.Connect(server="https://x.example.org"))
    player.submit(m.Watch(job_id=JOB))
    assert "not signed in" in player.hear(m.Failed).sentence
    player.submit(m.Connect(server=server.url))
    player.submit(m.SignOut())
    player.until(lambda state: "still holds" in state.connection_words)
    assert player.state.server == server.url


def test_a_code_is_asked_for_as_slowly_as_the_server_wants(
    player: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "https://x.example.org/device"
    grant = {"device_code": "d", "user_code": "A", "verification_uri": page, "verification_uri_complete": page}
    server.answers["/v1/device/authorize"] = answer({**grant, "expires_in": 900, "interval": 7})
    said = iter(["authorization_pending", "slow_down", "authorization_pending", "unavailable", "access_denied"])

    def refuse(client: socket.socket) -> None:
        code = next(said)
        status = "503 Not now" if code == "unavailable" else "400 Bad"
        client.sendall(answer({"error": code, "error_description": "Turned down."}, status=status))

    server.answers["/v1/device/token"] = refuse
    waited: list[float] = []
    later = Lane.later

    def at_once(lane: Lane, order: m.Order, wait_s: float) -> None:
        waited.append(wait_s)
        later(lane, order, 0.0)

    monkeypatch.setattr(Lane, "later", at_once)
    player.connect(server.url)
    player.submit(m.SignInWithCode())
    player.until(lambda state: state.code)
    player.until(lambda state: state.connection == "signed_out")
    assert waited == [7.0, 7.0, 12.0, 12.0, 24.0]
    assert player.state.connection_words == "Turned down."


def test_a_server_that_is_too_old_or_too_new_is_not_signed_in_to(player: Player, server: Hostile) -> None:
    server.answers["/v1/version"] = answer({"version": "9.0.0", "add_on": {"oldest": "8.0.0"}})
    player.connect(server.url)
    player.submit(m.SignInWithCode())
    assert "needs 8.0.0 or newer" in player.hear(m.Failed).sentence
    assert player.state.version_blocks
    server.answers["/v1/version"] = problem(404, "not_found", "There is nothing at this address.")
    assert player.sign_in(server.url, TOKEN).signed_in
    assert "older than the add-on" in player.state.version_words


def test_a_sentence_of_the_server_is_made_fit_to_draw(signed_in: Player, server: Hostile) -> None:
    detail = "No\x1b[31m\n\u202eroom " + "x" * 5_000
    server.answers["POST /v1/projects"] = problem(403, "quota", detail)
    signed_in.submit(m.Build(prompt="a table"))
    assert_is_one_sentence(signed_in.hear(m.Failed).sentence)
