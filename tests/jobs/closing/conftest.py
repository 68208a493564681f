"""The API with a database of its own."""

from collections.abc import Iterator

import pytest

from tests.conftest import RunningApi
from tests.jobs.planted import serve_with_keys


@pytest.fixture(scope="module")
def api(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with serve_with_keys(database_url, tmp_path_factory.mktemp("data")) as running:
        yield running
