"""The real API and the real web UI behind the real nginx, as k8s/nginx configures it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.conftest import RunningApi, new_database, serve_api
from tests.support.real_nginx import RunningNginx, real_nginx
from tests.ui.ui_process import ui_process

__all__ = ["api", "nginx", "project", "ui_url", "user"]


@pytest.fixture(scope="package")
def api(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=new_database(postgres_url),
        trusted_proxies="127.0.0.1",
    )
    with serve_api(settings) as running:
        yield running


@pytest.fixture(scope="package")
def ui_url(api: RunningApi) -> Iterator[str]:
    with ui_process(api.url) as (url, _):
        yield url


@pytest.fixture(scope="package")
def nginx(api: RunningApi, ui_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNginx]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    with real_nginx(folder, address_of(api.url), address_of(ui_url)) as running:
        yield running


@pytest.fixture(scope="package")
def user(api: RunningApi) -> Iterator[httpx2.Client]:
    """Signed in, directly at the API."""
    client = sign_in(api, "Ada")
    yield client
    client.close()


@pytest.fixture
def project(user: httpx2.Client) -> str:
    return user.post("/v1/projects", json={"name": "Castle"}).json()["id"]


def address_of(url: str) -> str:
    """`host:port`."""
    return url.partition("://")[2]
