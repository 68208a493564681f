"""The hunt finds a secret in whatever it is packed, and in whatever form."""

import base64
import gzip
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import zstandard
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cloud.db.engine import libpq_url
from tests.support.secret_hunt import Hunt, descendants_of
from tests.support.stack_processes import wait_for

PLANTED = {"the key": 'sk-ant-plänted+"key"/of the test'}
VALUE = PLANTED["the key"]


def _zip(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/inner.txt", content)
    return file.getvalue()


def _png(text: str) -> bytes:
    facts, file = PngInfo(), io.BytesIO()
    facts.add_text("Comment", text, zip=True)
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=facts)
    return file.getvalue()


WAYS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: f"x{VALUE}y".encode(),
    "url": lambda: quote(VALUE).encode(),
    "json": lambda: json.dumps([VALUE]).encode(),
    "base64": lambda: base64.b64encode(f"header{VALUE}".encode()),
    "hex": lambda: VALUE.encode().hex().encode(),
    "utf-16": lambda: VALUE.encode("utf-16"),
    "gzip": lambda: gzip.compress(VALUE.encode()),
    "zstd in two frames": lambda: zstandard.compress(b"first") + zstandard.compress(VALUE.encode()),
    "zip in zip": lambda: _zip(_zip(VALUE.encode())),
    "picture": lambda: _png(VALUE.encode().decode("latin-1")),
    "picture in a file": lambda: b"glTF...." + _png(VALUE.encode().decode("latin-1")) + b"rest",
    "pod's token": lambda: b"Bearer eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJwb2QifQ.c2ln",
}


@pytest.mark.parametrize("way", WAYS)
def test_secret_is_found(way: str) -> None:
    hunt = Hunt.of(PLANTED)
    hunt.look_at(WAYS[way](), "here")
    assert hunt.finds, "it was not found"


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("the key [masked]")
    (tmp_path / "broken.png").write_bytes(_png("x")[:40])
    (tmp_path / "broken.zip").write_bytes(_zip(b"x")[:20])
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"x" * 99)[:12])
    (tmp_path / "broken.zst").write_bytes(zstandard.compress(b"x" * 99)[:9])
    hunt = Hunt.of(PLANTED)
    hunt.look_into(tmp_path)
    assert hunt.finds == []
    assert hunt.places >= 10


def test_folders_rows_and_processes_are_looked_through(tmp_path: Path, database_url: str) -> None:
    secret = {"key": "a-planted-key-1"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text(secret["key"])
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("INSERT INTO users (id, username) VALUES (gen_random_uuid(), %s)", (secret["key"],))
    hunt = Hunt.of(secret)
    hunt.look_into(tmp_path)
    hunt.look_through_database(libpq_url(database_url))
    child = subprocess.Popen(["sleep", "60"], env={"PATH": os.defpath, "KEY": secret["key"]})
    try:
        wait_for(lambda: "sleep" in descendants_of(os.getpid()).get(child.pid, ""), 10, "the child's start")
        hunt.look_at_process(child.pid, may_know=True)
        assert len(hunt.finds) == 2, hunt.finds
        hunt.look_at_process(child.pid, may_know=False)
    finally:
        child.kill()
        child.wait()
    assert [found.split(" in ")[0] for found in hunt.finds] == ["key"] * 3
    assert "users" in hunt.finds[1]
    assert "environment" in hunt.finds[2]
