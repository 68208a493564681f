"""The same store in a folder and in a bucket.

- `inside`: what lies in the store, seen past it; its `store` is that of `store` (function, for each kind).
"""

from pathlib import Path

import pytest

from cloud.storage.store import ArtifactStore
from tests.support.stores import InBucket, InFolder, Inside


@pytest.fixture(params=["folder", "bucket"])
def inside(request: pytest.FixtureRequest, tmp_path: Path) -> Inside:
    if request.param == "folder":
        return InFolder(tmp_path / "artifacts")
    return InBucket(request.getfixturevalue("bucket"), tmp_path)


@pytest.fixture
def store(inside: Inside) -> ArtifactStore:
    return inside.store
