"""Signed-in users of the API under test."""

import io
import uuid
from collections.abc import Iterator

import httpx2
import pytest
from PIL import Image

from tests.conftest import RunningApi

PASSWORD = "correct horse battery staple"


def sign_in(api: RunningApi, name: str | None = None) -> httpx2.Client:
    """A client that is signed in as a new user."""
    client = httpx2.Client(base_url=api.url, timeout=20)
    credentials = {"username": name or f"user {uuid.uuid4().hex[:12]}", "password": PASSWORD}
    assert client.post("/v1/users", json=credentials).status_code == 201
    session = client.post("/v1/sessions", json=credentials).json()
    client.headers["Authorization"] = f"Bearer {session['token']}"
    return client


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "Ada")
    yield client
    client.close()


@pytest.fixture(scope="module")
def eve(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "Eve")
    yield client
    client.close()


@pytest.fixture
def anybody(api: RunningApi) -> Iterator[httpx2.Client]:
    """A client without a token."""
    with httpx2.Client(base_url=api.url, timeout=20) as client:
        yield client


@pytest.fixture
def project(ada: httpx2.Client) -> str:
    """The id of a new project of Ada's."""
    return ada.post("/v1/projects", json={"name": "Castle"}).json()["id"]


@pytest.fixture(scope="session")
def png() -> bytes:
    """A small picture with pixels that are all different."""
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize((40, 30)).save(buffer, "PNG")
    return buffer.getvalue()
