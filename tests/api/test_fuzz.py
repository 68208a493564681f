"""Nonsense to what takes bytes and to what streams: never a server error, and the API goes on."""

import io
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from cloud.errors import InvalidInput
from cloud.projects.images import clean_image
from cloud.projects.uploads import MEDIA_TYPES
from tests.api.rows import finish_job
from tests.conftest import RunningApi

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MANY = settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SOME = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def goes_on(ada: httpx2.Client) -> Iterator[None]:
    """After every test the same server still serves."""
    yield
    assert ada.get("/v1/me").status_code == 200


def _picture(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize(size).save(buffer, kind)
    return buffer.getvalue()


PICTURES = {kind: _picture(kind) for kind in FORMATS}
BEGINNINGS = {
    **{kind: content[:64] for kind, content in PICTURES.items()},
    "blend": b"BLENDER-v405REND",
    "glb": b"glTF\x02\0\0\0\xff\xff\xff\x7f\x10\0\0\0JSON{}",
    "fbx": b"Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0",
    "usdc": b"PXR-USDC\0\x08\0\0\0\0\0\0",
    "usda": b"#usda 1.0\n(\n)\n",
    "zip": b"PK\x03\x04\x14\0\0\0\x08\0",
    "ply": b"ply\nformat ascii 1.0\nelement vertex 99999999999\n",
    "gltf": b'{"asset": {"version": "2.0"}, "buffers": [{"uri": "file:///etc/passwd"}]}',
    "obj": b"v 0 0 0\nmtllib /etc/passwd\nf 1/1/1 -99999999 0\n",
    "stl": b"solid x\nfacet normal nan inf 1e999\n",
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n",
    "pickle": b"\x80\x04\x95",
}


@st.composite
def mutations(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with bytes changed, cut out, doubled or its end missing."""
    broken = bytearray(whole)
    for _ in range(draw(st.integers(1, 12))):
        place = draw(st.integers(0, max(len(broken) - 1, 0)))
        match draw(st.sampled_from(("set", "number", "cut", "double", "end"))):
            case "set":
                broken[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case "number":
                number = draw(st.sampled_from((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)))
                broken[place : place + 4] = number.to_bytes(4, draw(st.sampled_from(("little", "big"))))
            case "cut":
                del broken[place : place + draw(st.integers(1, 64))]
            case "double":
                broken[place:place] = broken[place : place + draw(st.integers(1, 64))]
            case "end":
                del broken[max(place, 1) :]
    return bytes(broken)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", FORMATS)
@MANY
@given(data=st.data())
def test_a_damaged_picture_is_clean_or_refused(data: st.DataObject, kind: str) -> None:
    content = data.draw(mutations(PICTURES[kind]))
    with suppress(InvalidInput):
        Image.open(io.BytesIO(clean_image(content).content)).load()


def _problem_or(answer: httpx2.Response, *statuses: int) -> None:
    assert answer.status_code in (*statuses, 413, 415, 422), answer.text
    if answer.status_code not in statuses:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert len(answer.json()["detail"]) < 1_000


NAMES = st.text(max_size=30) | st.builds("{}.{}".format, st.text(max_size=10), st.sampled_from(sorted(MEDIA_TYPES)))
FILES = (
    st.binary(max_size=300)
    | st.builds(bytes.__add__, st.sampled_from(list(BEGINNINGS.values())), st.binary(max_size=300))
    | st.sampled_from(list(PICTURES.values())).flatmap(mutations)
)
TYPES = st.sampled_from(
    ["", "image/png", "image/svg+xml", "application/json", "multipart/form-data; boundary=x", "text/html", "a/b;c=\xff"]
)


@pytest.mark.heavy
@SOME
@given(content=FILES, name=NAMES, media_type=TYPES)
@example(content=b"", name="", media_type="")
def test_an_image_upload_of_anything_is_a_picture_or_refused(
    ada: httpx2.Client, project: str, content: bytes, name: str, media_type: str
) -> None:
    answer = ada.post(
        f"/v1/projects/{project}/images",
        params={"name": name},
        content=content,
        headers=[(b"Content-Type", media_type.encode("latin-1"))],
    )

    _problem_or(answer, 201)
    if answer.status_code == 201:
        kept = ada.get(f"/v1/artifacts/{answer.json()['id']}/content")
        assert kept.headers["Content-Type"].startswith("image/")
        assert kept.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.heavy
@SOME
@given(content=FILES, name=NAMES, media_type=TYPES, scale=st.floats() | st.none())
@example(content=b"", name="x.glb", media_type="", scale=float("nan"))
def test_an_import_of_anything_is_queued_or_refused(
    ada: httpx2.Client, project: str, content: bytes, name: str, media_type: str, scale: float | None
) -> None:
    answer = ada.post(
        f"/v1/projects/{project}/imports",
        params={"name": name} | ({"scale": str(scale)} if scale is not None else {}),
        content=content,
        headers=[(b"Content-Type", media_type.encode("latin-1"))],
    )

    _problem_or(answer, 202)


def _bomb(kind: str) -> bytes:
    """A small file that would be a large picture, or a large text."""
    buffer = io.BytesIO()
    if kind == "text":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", "x" * 40_000_000, zip=True)
        Image.new("1", (64, 64)).save(buffer, "PNG", pnginfo=notes)
    elif kind == "profile":
        Image.new("RGB", (64, 64)).save(buffer, "PNG", icc_profile=b"\0" * 60_000_000)
    elif kind == "frames":
        frames = [Image.new("L", (4_000, 4_000), number) for number in range(30)]
        frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    else:
        Image.new("L", (30_000, 30_000)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "text", "profile", "frames"])
def test_a_bomb_is_refused_or_taken_in_little_time(ada: httpx2.Client, project: str, kind: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/images", content=_bomb(kind), timeout=60)

    _problem_or(answer, 201)


@pytest.mark.parametrize("inner", ["html", "zip", "pdf", "blend"])
@pytest.mark.parametrize("kind", FORMATS)
def test_of_a_file_that_is_two_things_only_the_picture_is_kept(
    ada: httpx2.Client, project: str, kind: str, inner: str
) -> None:
    smuggled = BEGINNINGS[inner] + b"MARK OF THE OTHER FILE"
    answer = ada.post(f"/v1/projects/{project}/images", content=PICTURES[kind] + smuggled)

    assert answer.status_code == 201, answer.text
    kept = ada.get(f"/v1/artifacts/{answer.json()['id']}/content").content
    assert b"MARK OF THE OTHER FILE" not in kept


def test_a_body_that_claims_to_be_compressed_is_not_unpacked(ada: httpx2.Client, project: str) -> None:
    packed = zlib.compress(b"\0" * 50_000_000)
    answer = ada.post(
        f"/v1/projects/{project}/images", content=packed, headers={"Content-Encoding": "deflate"}, timeout=30
    )

    _problem_or(answer)


HEADERS = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["jobs", "projects"])
@SOME
@given(last=HEADERS | st.integers().map(str), accept=HEADERS, after=st.text(max_size=20) | st.none())
@example(last="0", accept="application/json", after=None)
@example(last="", accept="", after="latest")
def test_a_stream_asked_for_in_any_way_answers(
    ada: httpx2.Client, ended: dict[str, str], kind: str, last: str, accept: str, after: str | None
) -> None:
    headers = [(b"Last-Event-ID", last.encode("latin-1")), (b"Accept", accept.encode("latin-1"))]
    params = {"after": after} if after is not None else {}
    with ada.stream("GET", f"/v1/{kind}/{ended[kind]}/events", headers=headers, params=params) as answer:
        assert answer.status_code in (200, 409, 422)
        assert answer.headers["Content-Type"].startswith(
            "text/event-stream" if answer.status_code == 200 else "application/problem+json"
        )


@pytest.fixture
async def ended(ada: httpx2.Client, project: str, database: Any) -> dict[str, str]:
    """A job that has ended, and its project."""
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    await finish_job(database, job)
    return {"jobs": job, "projects": project}


@pytest.mark.heavy
def test_a_storm_of_clients_that_come_and_go_leaves_nothing_behind(
    api: RunningApi, ada: httpx2.Client, project: str
) -> None:
    """Some hang up at once, some in the middle of their request, some never read."""
    host, port = api.url.removeprefix("http://").split(":")
    request = (
        f"GET /v1/projects/{project}/events HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {ada.headers['Authorization']}\r\n\r\n"
    ).encode()

    def hang_up(number: int) -> None:
        for turn in range(25):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(request[: len(request) if turn % 3 else number * 7 % len(request)])
                if turn % 2:
                    connection.settimeout(0.2)
                    try:
                        connection.recv(200)
                    except TimeoutError:
                        continue

    threads = [threading.Thread(target=hang_up, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    with ada.stream("GET", f"/v1/projects/{project}/events") as answer:
        deadline = time.monotonic() + 60
        job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
        for line in answer.iter_lines():
            if job in line:
                break
            assert time.monotonic() < deadline
