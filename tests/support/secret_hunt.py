"""Looks for planted secrets in every byte that a run has left: files, what is packed in them, rows, processes."""

import contextlib
import gzip
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import zstandard
from psycopg import sql

from cloud.redaction import forms_of

_DEPTH_LIMIT = 4
_UNPACKED_LIMIT = 256 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_ZSTD = b"\x28\xb5\x2f\xfd"
# A pod's token is signed anew for each call, so it is known by its shape alone: an Ed25519 JWT's header.
_POD_TOKEN = re.compile(rb"eyJhbGciOiJFZERTQSI[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{10,}")


@dataclass(frozen=True)
class Secret:
    """A planted secret, and all forms in which it is looked for."""

    name: str
    forms: tuple[bytes, ...]

    @classmethod
    def of(cls, name: str, value: str) -> "Secret":
        """In UTF-8 and, as some file formats have it, in UTF-16."""
        forms = {form.encode() for form in forms_of(value)} | {value.encode("utf-16-le")}
        return cls(name, tuple(sorted(forms)))


@dataclass
class Hunt:
    """What has been found where, in `finds`; `read_bytes` and `places` tell how much was looked at."""

    secrets: list[Secret]
    finds: list[str] = field(default_factory=list)
    places: int = 0
    read_bytes: int = 0
    _seen: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, planted: Mapping[str, str]) -> "Hunt":
        """For these secrets by name."""
        return cls([Secret.of(name, value) for name, value in planted.items()])

    def look_at(self, data: bytes, where: str) -> None:
        """Look through the bytes, and through whatever is packed in them."""
        digest = hashlib.sha256(data).digest()
        if digest in self._seen:
            return
        before = len(self.finds)
        for place, content in _unpacked(data, where, 0):
            self.places += 1
            self.read_bytes += len(content)
            for secret in self.secrets:
                if any(form in content for form in secret.forms):
                    self.finds.append(f"{secret.name} in {place}")
            if _POD_TOKEN.search(content):
                self.finds.append(f"a pod's token in {place}")
        if len(self.finds) == before:
            self._seen.add(digest)

    def look_into(self, folder: Path, is_left_out: Callable[[Path], bool] = lambda path: False) -> None:
        """Look through every file below the folder, and its name."""
        for path in sorted(folder.rglob("*")):
            if is_left_out(path):
                continue
            self.look_at(os.fsencode(path.name), f"the name of {path}")
            with contextlib.suppress(OSError):  # it is gone by now, or is a socket
                if path.is_file() and not path.is_symlink():
                    self.look_at(path.read_bytes(), str(path))

    def look_through_database(self, url: str) -> None:
        """Look through every row of every table, as PostgreSQL writes it."""
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(
                    sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(schema, table))
                ).fetchall()
                for number, (row,) in enumerate(rows):
                    self.look_at(row.encode(), f"row {number} of {table}")

    def look_at_process(self, pid: int, *, may_know: bool) -> None:
        """Look at its command line, and, unless it may know secrets, at its environment."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = b"" if may_know else Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return  # it has just ended
        name = command.replace(b"\0", b" ").decode(errors="replace")[:200]
        self.look_at(command, f"the command line of {pid}")
        self.look_at(environment, f"the environment of {pid} ({name})")


def descendants_of(pid: int) -> dict[int, str]:
    """Command lines by pid of the living processes that come from this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found, latest = set(), {pid}
    while latest:
        latest = {child for child, parent in parents.items() if parent in latest} - found
        found |= latest
    lines = {}
    for each in found:
        with contextlib.suppress(OSError):
            lines[each] = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return lines


def has_a_root_of_its_own(pid: int) -> bool:
    """Whether the process sees other files than we do: it lives within walls."""
    try:
        theirs, ours = Path(f"/proc/{pid}/root/").stat(), Path("/").stat()
    except OSError:
        return False  # it has ended
    return (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino)


def _unpacked(data: bytes, where: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """The data itself, then what is packed in it, with what is packed in that."""
    yield where, data
    if depth >= _DEPTH_LIMIT:
        return
    for name, content in _members_of(data):
        yield from _unpacked(content, f"{where} > {name}", depth + 1)


def _members_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"\x1f\x8b"):
        with contextlib.suppress(OSError, EOFError):
            yield "gzip", gzip.decompress(data)
    elif data.startswith(_ZSTD):
        with contextlib.suppress(zstandard.ZstdError):
            yield "zstd", _of_zstd(data)
    elif data.startswith(_PNG):
        yield from _chunks_of_png(data)
    elif data.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                yield entry.filename, archive.read(entry)
    elif _PNG in data[:_UNPACKED_LIMIT]:  # a .glb or .blend with pictures in it
        for number, start in enumerate(found.start() for found in re.finditer(re.escape(_PNG), data)):
            yield f"picture {number}", data[start:]


def _of_zstd(data: bytes) -> bytes:
    """All frames: Blender writes many, and a seek table at the end."""
    parts = []
    while data.startswith(_ZSTD):
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts.append(frame.decompress(data))
        data = frame.unused_data
    return b"".join(parts)


def _chunks_of_png(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The chunks in which text is compressed (zTXt, iTXt, iCCP); plain ones are read with the file."""
    at = len(_PNG)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        at += length + 12
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for start in (found.start() for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", body)):
                with contextlib.suppress(zlib.error):
                    yield kind.decode(), zlib.decompressobj().decompress(body[start:], _UNPACKED_LIMIT)
        if kind == b"IEND":
            return
