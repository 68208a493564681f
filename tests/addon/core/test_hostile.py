"""Servers that mean harm, or are broken: each is one clear sentence, and nothing is written outside of our folder."""

import gzip
import hashlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from addon.core import downloads, lines, transport
from addon.core import messages as m
from addon.core.duties import following
from tests.addon.core.hostile import (
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
from tests.addon.core.player import Player, player_in

TOKEN = f"p2m_pat_{'a' * 49}"
PROJECT = "11111111-1111-4111-8111-111111111111"
STEP = "22222222-2222-4222-8222-222222222222"
JOB = "33333333-3333-4333-8333-333333333333"
PICTURE = "44444444-4444-4444-8444-444444444444"
BLEND = b"BLENDER-v405" + bytes(5_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CARD = {"id": PROJECT, "name": "../../Castle", "updated_at": "", "head_snapshot_id": STEP, "thumbnail_id": None}
RUNNING = {
    "id": JOB,
    "project_id": PROJECT,
    "kind": "build",
    "prompt": "a table",
    "state": "running",
    "created_at": "2026-11-23T10:00:00Z",
    "started_at": "2026-11-23T10:00:00Z",
    "cancel_requested": False,
    "error": None,
    "result": None,
}


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    with player_in(tmp_path / "addon") as somebody:
        yield somebody
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(tmp_path / "addon")]
    assert left in ([], [tmp_path / "server.key", tmp_path / "server.pem"]), "something was written elsewhere"


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server(usual()) as running:
        yield running


@pytest.fixture
def signed_in(player: Player, server: Hostile) -> Player:
    assert player.sign_in(server.url, TOKEN).signed_in, player.state.connection_words
    player.until(lambda state: not state.working)
    return player


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


def offers(server: Hostile, content: bytes, sent: bytes | Speak | None = None, **told: object) -> None:
    """The server has this .blend, and sends `sent` for it."""
    facts = {"id": PICTURE, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **told}
    file = {"name": "../../../../tmp/evil.blend", "url": "https://evil.example.org/", "artifact_id": PICTURE}
    offer = {"kind": "scene", "state": "ready", "files": [file]}
    server.answers |= {
        f"/v1/projects/{PROJECT}/card": answer(CARD),
        f"/v1/projects/{PROJECT}/downloads": answer({"snapshot_id": STEP, "items": [offer]}),
        f"/v1/artifacts/{PICTURE}": answer(facts),
        f"/v1/artifacts/{PICTURE}/content": answer(raw=content) if sent is None else sent,
    }


def test_a_file_is_kept_under_a_name_of_ours(signed_in: Player, server: Hostile) -> None:
    offers(server, BLEND)
    signed_in.submit(m.Download(project_id=PROJECT))
    finished = signed_in.hear(m.DownloadFinished)
    assert finished.path.read_bytes() == BLEND
    assert finished.path.parent == signed_in.home.cache / downloads.FOLDER
    assert finished.path.stem.isalnum()
    assert finished.path.stat().st_mode & 0o077 == 0
    signed_in.submit(m.DropFile(path=finished.path))
    signed_in.submit(m.Diagnose())
    signed_in.hear(m.Diagnosed)
    assert not finished.path.exists()


DOWNLOADS: dict[str, tuple[bytes, bytes | Speak | None, dict[str, object], str]] = {
    "too large by its word": (BLEND, None, {"bytes": 1 << 40}, "takes at most"),
    "larger than said": (BLEND, HEAD + b"\r\n" + BLEND * 3, {}, "larger than was said"),
    "another length": (BLEND, answer(raw=BLEND + b"x"), {}, "another size"),
    "other bytes": (BLEND, answer(raw=BLEND[:-1] + b"x"), {}, "SHA-256 differs"),
    "no blend": (b"#!/bin/sh\n" * 9, None, {}, "is no .blend"),
    "no sum": (BLEND, None, {"sha256": None}, "no SHA-256"),
    "a sum that is a path": (BLEND, None, {"sha256": "../../x"}, "is no SHA-256"),
    "elsewhere": (BLEND, answer(status="302 Found", Location="https://evil.example.org/x"), {}, "evil.example.org"),
    "always half": (BLEND, answer(raw=BLEND[:100], length=len(BLEND)), {}, "ended in the middle"),
}


@pytest.mark.parametrize("case", DOWNLOADS)
def test_a_download_that_fails_leaves_nothing(
    case: str, signed_in: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "TRIES", 2)
    content, sent, told, words = DOWNLOADS[case]
    offers(server, content, sent, **told)
    signed_in.submit(m.Download(project_id=PROJECT))
    failed = signed_in.hear(m.Failed)
    assert words in failed.sentence
    assert_is_one_sentence(failed.sentence)
    assert files_in(signed_in.home.cache) == []
    assert signed_in.state.downloads == {}


def test_a_broken_download_goes_on_where_it_was(signed_in: Player, server: Hostile) -> None:
    rest = answer(raw=BLEND[1000:], status="206 Partial", Content_Range=f"bytes 1000-{len(BLEND) - 1}/{len(BLEND)}")

    def first_half_then_rest(client: socket.socket) -> None:
        server.answers[f"/v1/artifacts/{PICTURE}/content"] = rest
        client.sendall(answer(raw=BLEND[:1000], length=len(BLEND)))

    offers(server, BLEND, first_half_then_rest)
    signed_in.submit(m.Download(project_id=PROJECT))
    assert signed_in.hear(m.DownloadFinished).path.read_bytes() == BLEND
    assert any("Range: bytes=1000-" in head for head in server.asked)


def test_a_cancelled_download_leaves_nothing(signed_in: Player, server: Hostile) -> None:
    def slow(client: socket.socket) -> None:
        client.sendall(answer(raw=BLEND[:1000], length=len(BLEND)))
        server.hang(client)

    offers(server, BLEND, slow)
    order = signed_in.submit(m.Download(project_id=PROJECT))
    server.until_asked(f"GET /v1/artifacts/{PICTURE}/content")
    signed_in.submit(m.CancelDownload(download=order))
    assert signed_in.hear(m.Failed).code == "stopped"
    assert signed_in.state.trouble is None
    assert files_in(signed_in.home.cache) == []


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(50)


@pytest.mark.parametrize(
    "content", [b"<svg/>" * 20, png(60_000, 60_000), png(0, 5), b"\xff\xd8\xff" + b"\xff" * 99, b"RIFF1234WEBPVP8 "]
)
def test_a_picture_that_blender_should_not_read_is_left_out(content: bytes, signed_in: Player, server: Hostile) -> None:
    server.answers[f"/v1/artifacts/{PICTURE}/content"] = answer(raw=content)
    other = PICTURE.replace("4", "5")
    server.answers[f"/v1/artifacts/{other}/content"] = answer(raw=png(64, 64))
    signed_in.submit(m.FetchPictures(artifact_ids=(PICTURE, other)))
    ready = signed_in.hear(m.PictureReady)
    assert ready.artifact_id == other
    assert files_in(signed_in.home.cache) == [ready.path]


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


def assert_is_one_sentence(sentence: str) -> None:
    assert sentence
    assert sentence.isprintable()
    assert len(sentence) <= 700
    assert TOKEN not in sentence
    assert "Traceback" not in sentence
    assert "object at 0x" not in sentence


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
