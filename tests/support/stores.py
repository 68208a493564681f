"""A folder's store and a bucket's, each with a way to see past it."""

import datetime as dt
import os
from pathlib import Path
from typing import Protocol

from cloud.storage.store import ArtifactStore
from tests.support.s3_server import Bucket

PREFIX = "some/where/"


class Inside(Protocol):
    """The store's own objects by their keys."""

    store: ArtifactStore

    def keys(self) -> list[str]: ...
    def write(self, key: str, content: bytes) -> None: ...
    def read(self, key: str) -> bytes: ...
    def set_time(self, key: str, moment: dt.datetime) -> None: ...


class InFolder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = ArtifactStore.local(folder)

    def keys(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def write(self, key: str, content: bytes) -> None:
        (self.folder / key).parent.mkdir(exist_ok=True, parents=True)
        (self.folder / key).write_bytes(content)

    def read(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def set_time(self, key: str, moment: dt.datetime) -> None:
        os.utime(self.folder / key, (moment.timestamp(), moment.timestamp()))


class InBucket:
    def __init__(self, bucket: Bucket, data_dir: Path) -> None:
        self.bucket = bucket
        self.store = ArtifactStore.of_settings(bucket.settings(data_dir))

    def keys(self) -> list[str]:
        keys = self.bucket.names()
        assert all(key.startswith(PREFIX) for key in keys)
        return sorted(key.removeprefix(PREFIX) for key in keys)

    def write(self, key: str, content: bytes) -> None:
        self.bucket.client.put_object(Bucket=self.bucket.name, Key=PREFIX + key, Body=content)

    def read(self, key: str) -> bytes:
        return self.bucket.client.get_object(Bucket=self.bucket.name, Key=PREFIX + key)["Body"].read()

    def set_time(self, key: str, moment: dt.datetime) -> None:
        self.bucket.set_time(PREFIX + key, moment)
