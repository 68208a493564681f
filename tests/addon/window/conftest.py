"""A real stack for the tests with a real Blender window."""

from collections.abc import Iterator

import pytest

from tests.addon.support.stack import RunningStack, running_stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
