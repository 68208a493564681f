"""Files and pictures of a server that means harm: checked, under names of ours, and gone where they are no good."""

import socket
import struct

import pytest

from addon.core import downloads
from addon.core import messages as m
from tests.addon.core.hostile import (
    BLEND,
    HEAD,
    PICTURE,
    PROJECT,
    TOKEN,
    Hostile,
    Speak,
    answer,
    hostile_server,
    offers,
)
from tests.addon.core.player import Player
from tests.addon.core.sentences import assert_is_one_sentence, files_in


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


def test_a_file_in_the_servers_storage_is_fetched_without_the_token(signed_in: Player, server: Hostile) -> None:
    with hostile_server({"/bucket/ab": answer(raw=BLEND)}) as storage:
        offers(server, BLEND, answer(status="307 Temporary", Location=f"{storage.url}/bucket/ab?X-Amz-Signature=1"))
        signed_in.submit(m.Download(project_id=PROJECT))
        assert signed_in.hear(m.DownloadFinished).path.read_bytes() == BLEND
    assert len(storage.asked) == 1
    said = storage.asked[0].lower()
    assert "authorization" not in said
    assert TOKEN not in said
    assert "x-prompt2mesh" not in said


STORAGES: dict[str, tuple[str, bytes, str]] = {
    "other bytes": ("{storage}/x", answer(raw=BLEND[:-1] + b"x"), "SHA-256 differs"),
    "sends on": ("{storage}/x", answer(status="307 Temporary", Location="https://evil.example.org/"), "307"),
    "refuses": ("{storage}/x", answer(status="403 Forbidden"), "403"),
    "not encrypted": ("http://192.0.2.1/x", b"", "not encrypted"),
    "a file": ("file:///etc/passwd", b"", "no address"),
    "a name and a password": ("https://a:b@192.0.2.1/x", b"", "no address"),
}


@pytest.mark.parametrize("case", STORAGES)
def test_a_storage_that_is_no_good_leaves_nothing(
    case: str, signed_in: Player, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "TRIES", 1)
    location, sent, words = STORAGES[case]
    with hostile_server({"/x": sent}) as storage:
        offers(server, BLEND, answer(status="307 Temporary", Location=location.format(storage=storage.url)))
        signed_in.submit(m.Download(project_id=PROJECT))
        failed = signed_in.hear(m.Failed)
    assert words in failed.sentence
    assert_is_one_sentence(failed.sentence)
    assert files_in(signed_in.home.cache) == []


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
