"""The overlays, built as `kubectl apply` would get them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.k8s.manifests import OVERLAYS, Manifests, build


@pytest.fixture(scope="session", params=sorted(OVERLAYS))
def overlay(request: pytest.FixtureRequest, built: Callable[[str], Manifests]) -> Manifests:
    """Each overlay in turn."""
    return built(request.param)


@pytest.fixture(scope="session")
def eks(built: Callable[[str], Manifests]) -> Manifests:
    """The one for AWS."""
    return built("eks")


@pytest.fixture(scope="session")
def local(built: Callable[[str], Manifests]) -> Manifests:
    """The one for a laptop."""
    return built("local")


@pytest.fixture(scope="session")
def built() -> Callable[[str], Manifests]:
    """Builds an overlay by its name, once."""
    kept: dict[str, Manifests] = {}

    def get(name: str) -> Manifests:
        if name not in kept:
            kept[name] = build(OVERLAYS[name])
        return kept[name]

    return get


@pytest.fixture
def k8s_copy(tmp_path: Path) -> Path:
    """A copy of `k8s/` that a test may change."""
    import shutil

    from tests.k8s.manifests import K8S

    return Path(shutil.copytree(K8S, tmp_path / "k8s", ignore=shutil.ignore_patterns(".terraform*")))
