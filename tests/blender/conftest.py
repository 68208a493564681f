"""One pod for all tests of the pod: each test starts from the empty scene."""

from collections.abc import Iterator

import pytest

from tests.blender.pod_process import RunningPod, running_pod


@pytest.fixture(scope="session")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPod]:
    """A real pod with a warm Blender."""
    with running_pod(tmp_path_factory.mktemp("pod")) as running:
        yield running
