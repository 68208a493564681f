"""What clients get wrong: one clear sentence, the right status, and a server that goes on."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cloud.api.access import PUBLIC
from cloud.api.app import create_app
from cloud.api.problems import ProblemResponse
from cloud.settings import Settings
from tests.conftest import RunningApi


@pytest.fixture(autouse=True)
def goes_on(ada: httpx2.Client) -> Iterator[None]:
    """After every test the same server still serves."""
    yield
    assert ada.get("/v1/me").status_code == 200
    assert ada.get("/readyz").status_code == 200


def _assert_problem(answer: httpx2.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["code"]
    assert problem["detail"].endswith((".", "`)"))
    for word in words:
        assert word in problem["detail"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", ["The prompt is empty; say what you want to see built."]),
        (" \n\t ", ["The prompt is empty"]),
        ("x" * 100_000, ["100,000", "8,000"]),
        ("a\0b", ["U+0000"]),
        ("a\x1b[31mb", ["U+001B"]),
        ("a\x7fb", ["U+007F"]),
    ],
)
def test_a_prompt_that_cannot_be_used_says_why(ada: httpx2.Client, project: str, prompt: str, words: list[str]) -> None:
    _assert_problem(ada.post(f"/v1/projects/{project}/jobs", json={"prompt": prompt}), 422, *words)


@pytest.mark.parametrize(
    "prompt",
    [
        "  a chair\n\twith arms  ",
        "🏰 with a 👨‍👩‍👧‍👦",
        "一座红色的塔",
        "قلعة",
        "import os; os.system('rm -rf /')\n'; DROP TABLE users; --",
        "x" * 8_000,
    ],
)
def test_a_prompt_in_any_script_is_taken_as_it_is(ada: httpx2.Client, project: str, prompt: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": prompt})

    assert answer.status_code == 202
    assert answer.json()["prompt"] == prompt.strip()


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 422, "JSON object"),
    (b"{", 400, "not valid JSON"),
    (b'{"prompt": "\xff"}', 400, "read"),
    (b"[]", 422, "JSON object"),
    (b"null", 422, "JSON object"),
    (b'"prompt"', 422, "JSON object"),
    (b"{}", 422, "prompt: this field is missing"),
    (b'{"prompt": 7}', 422, "prompt: "),
    (b'{"prompt": NaN}', 422, "prompt: "),
    (b'{"prompt": "a", "promt": "b"}', 422, "promt: there is no such field"),
    (b'{"prompt": "a", "formats": ["dwg"]}', 422, "formats.0: "),
    (b'{"prompt": "a", "image_ids": ["x"]}', 422, "image_ids.0: "),
    (b'{"prompt": "a", "model": "m\\u0000"}', 422, "model: "),
    (b'{"prompt": "a", "model": ""}', 422, "model: "),
    (b'{"prompt": "a", "model": "\\udfff"}', 422, "model: "),
    (b'{"prompt": "\\ud800"}', 422, "U+D800"),
    (b'{"prompt": "a", "\\ud800": 1}', 422, ""),
    (b'{"prompt": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, "read"),
    (b'{"prompt": ' + b"9" * 5_000 + b"}", 400, "read"),
]


@pytest.mark.parametrize(("body", "status", "words"), BODIES, ids=[body[:30].decode("latin-1") for body, *_ in BODIES])
def test_a_body_that_is_no_job_says_what_is_wrong(
    ada: httpx2.Client, project: str, body: bytes, status: int, words: str
) -> None:
    headers = {"Content-Type": "application/json"}

    _assert_problem(ada.post(f"/v1/projects/{project}/jobs", content=body, headers=headers), status, words)


def test_json_without_its_content_type_says_so(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", content=b'{"prompt": "a"}')

    _assert_problem(answer, 422, "Content-Type: application/json")


def test_a_problem_can_be_sent_whatever_its_words() -> None:
    assert json.loads(bytes(ProblemResponse(422, "x", "half of a pair: \ud800").body))["detail"].endswith("\\ud800")


def test_an_error_never_repeats_the_password(anybody: httpx2.Client) -> None:
    answer = anybody.post("/v1/users", json={"username": "x", "password": "secret"})

    _assert_problem(answer, 422, "password")
    assert "secret" not in answer.text.replace("secret_", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/v1/projects/7", 422),
        ("GET", "/v1/projects/%00", 422),
        ("PUT", "/v1/projects", 405),
        ("GET", "/v1/projects?cursor=%00", 422),
        ("GET", "/v1/projects?cursor=bm9uc2Vuc2U", 422),
        ("GET", "/v1/projects?limit=0", 422),
        ("GET", "/v1/projects?limit=101", 422),
        ("GET", "/v1/jobs?state=lost", 422),
        ("GET", "/v1/jobs?project_id=x", 422),
    ],
)
def test_an_address_that_leads_nowhere_is_a_problem(ada: httpx2.Client, method: str, path: str, status: int) -> None:
    _assert_problem(ada.request(method, path), status)


@pytest.mark.parametrize("name", ["", "  ", "a\0", "a\nb", "x" * 201])
def test_a_project_needs_a_readable_name(ada: httpx2.Client, project: str, name: str) -> None:
    _assert_problem(ada.post("/v1/projects", json={"name": name}), 422, "name")
    _assert_problem(ada.patch(f"/v1/projects/{project}", json={"name": name}), 422, "name")


@pytest.mark.parametrize("path", ["/v1/users", "/v1/projects", "/v1/projects/{project}/images"])
def test_a_body_of_50_mb_is_too_large(ada: httpx2.Client, project: str, path: str) -> None:
    address = path.format(project=project)
    headers = {"Content-Type": "application/json"}

    declared = ada.post(address, content=bytes(50 * 2**20), headers=headers)
    _assert_problem(declared, 413, "too large")


def test_a_chunked_body_of_50_mb_is_too_large(ada: httpx2.Client, project: str) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=(bytes(2**20) for _ in range(50)))
    job = ada.post(
        f"/v1/projects/{project}/jobs",
        content=(bytes(2**20) for _ in range(50)),
        headers={"Content-Type": "application/json"},
    )

    _assert_problem(image, 413, "larger than 10 MiB")
    _assert_problem(job, 413, "too large")


def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(api: RunningApi, ada: httpx2.Client) -> None:
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        head = f"POST /v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: {ada.headers['Authorization']}\r\n"
        connection.sendall(head.encode() + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")


def _image(kind: str, size: tuple[int, int] = (20, 10), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, kind, **options)
    return buffer.getvalue()


NO_IMAGES: dict[str, bytes] = {
    "empty": b"",
    "text": b"this is no image",
    "bmp": _image("BMP"),
    "tiff": _image("TIFF"),
    "ppm": _image("PPM"),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "half a png": _image("PNG", (300, 300))[:60],
    "half a jpeg": _image("JPEG", (300, 300))[:400],
    "half a webp": _image("WEBP", (300, 300))[:40],
    "png with a broken checksum": _image("PNG")[:40] + b"XXXX" + _image("PNG")[44:],
}


@pytest.mark.parametrize("content", NO_IMAGES.values(), ids=NO_IMAGES.keys())
def test_what_is_no_image_is_refused(ada: httpx2.Client, project: str, content: bytes) -> None:
    _assert_problem(ada.post(f"/v1/projects/{project}/images", content=content), 422, "image")


@pytest.mark.parametrize("size", [(20_000, 20_000), (8_000, 8_000)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    ada: httpx2.Client, project: str, size: tuple[int, int]
) -> None:
    buffer = io.BytesIO()
    Image.new("1", size).save(buffer, "PNG")

    _assert_problem(ada.post(f"/v1/projects/{project}/images", content=buffer.getvalue()), 422, "pixels")


def test_an_unexpected_exception_tells_nothing_of_itself(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PUBLIC, "GET /broken", "for this test")
    app = create_app(Settings(data_dir=tmp_path, database_url=database_url))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret of the house")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\ud800\udfff\n\x1b🏰"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
BODIES_OF: dict[str, list[str]] = {
    "/v1/projects": ["name"],
    "/v1/projects/{}/jobs": ["prompt", "model", "formats", "image_ids"],
    "/v1/projects/{}/exports": ["format"],
    "/v1/sessions": ["username", "password"],
}


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, Any]:
    """Bodies that are nearly right: the right fields, with texts of any characters or with anything."""
    target = draw(st.sampled_from(sorted(BODIES_OF)))
    fields = {name: draw(TEXT.map(lambda text: text + "padding") | JSON) for name in BODIES_OF[target]}
    return target, draw(st.just(fields) | JSON)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=_requests())
def test_no_json_whatever_makes_a_server_error(ada: httpx2.Client, project: str, sent: tuple[str, Any]) -> None:
    target, body = sent
    content = json.dumps(body).encode()

    answer = ada.post(target.format(project), content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code < 500, answer.text
    assert "detail" not in answer.json() or answer.json()["detail"]
