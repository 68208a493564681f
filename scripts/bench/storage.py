"""What the artifact store costs: putting and getting, in a folder and in a bucket, and the memory of a large stream.

    python scripts/bench/storage.py [--json] [--times 20]

The bucket is moto on loopback, in a process of its own: its figures are those of our side and of moto, not of AWS. The
peak is what one process that puts a stream of 200 MiB, and reads it again, holds above what it held before.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.settings import Settings
from cloud.storage.store import ArtifactStore

SIZES = {"1KiB": 1024, "10MiB": 10 * 2**20, "200MiB": 200 * 2**20}
LARGE_BYTES = SIZES["200MiB"]
PIECE_BYTES = 1 << 18


@contextmanager
def s3_on_loopback() -> Iterator[tuple[str, str]]:
    """A bucket's name and its server's address; the server is another process."""
    code = (
        "import sys\nfrom tests.support.s3_server import s3_server\n"
        "with s3_server() as make:\n    bucket = make()\n"
        "    print(bucket.name, bucket.url, flush=True)\n    sys.stdin.read()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        name, url = server.stdout.readline().split()
        yield name, url
    finally:
        server.stdin.close()
        server.wait(timeout=30)


def store_of(where: str, folder: Path, bucket: tuple[str, str]) -> ArtifactStore:
    """A new store, in a folder or in the bucket."""
    if where == "local":
        return ArtifactStore.local(folder)
    name, url = bucket
    return ArtifactStore.of_settings(
        Settings(
            artifacts_url=f"s3://{name}/bench",
            artifacts_endpoint=url,
            aws_access_key_id="AKIA" + "P2MBENCH" * 2,
            aws_secret_access_key="benchmark" * 4,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        )
    )


async def measure(store: ArtifactStore, size_bytes: int, times: int) -> dict[str, float]:
    """Seconds of a put and of a get of new content, medians."""
    puts, gets = [], []
    for _ in range(times):
        content = os.urandom(min(size_bytes, 1 << 20)) * max(size_bytes >> 20, 1)
        began = time.perf_counter()
        stored = await store.put(content)
        put_at = time.perf_counter()
        async for _chunk in store.stream(stored.sha256):
            pass
        puts.append(put_at - began)
        gets.append(time.perf_counter() - put_at)
    return {"put_s_p50": round(statistics.median(puts), 4), "get_s_p50": round(statistics.median(gets), 4)}


async def stream_large(store: ArtifactStore) -> dict[str, float]:
    """Put a stream and read it; what that took of memory in MiB, and seconds."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGE_BYTES // PIECE_BYTES):
            yield os.urandom(PIECE_BYTES)

    await store.check()
    before, began = _peak_mib(), time.perf_counter()
    stored = await store.put(pieces())
    put_at, after_put = time.perf_counter(), _peak_mib()
    async for _ in store.stream(stored.sha256):
        pass
    return {
        "stream_put_s": round(put_at - began, 2),
        "stream_get_s": round(time.perf_counter() - put_at, 2),
        "put_peak_mib": round(after_put - before, 1),
        "peak_mib": round(_peak_mib() - before, 1),
    }


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def in_a_process(where: str, folder: Path, bucket: tuple[str, str]) -> dict[str, float]:
    """`stream_large` where nothing else has used memory before."""
    command = [sys.executable, __file__, "--stream", where, str(folder), *bucket]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--times", type=int, default=20, help="repetitions of the small ones")
    parser.add_argument("--stream", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stream:
        where, folder, name, url = chosen.stream
        print(json.dumps(asyncio.run(stream_large(store_of(where, Path(folder), (name, url))))))
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, s3_on_loopback() as bucket:
        for where in ("local", "s3"):
            store = store_of(where, Path(folder) / "measured", bucket)
            found[where] = {
                size: asyncio.run(measure(store, size_bytes, chosen.times if size_bytes < 2**20 else 3))
                for size, size_bytes in SIZES.items()
            }
            found[where]["stream_200MiB"] = in_a_process(where, Path(folder) / "streamed", bucket)
    if chosen.json:
        print(json.dumps(found))
        return
    for where, sizes in found.items():
        for size, figures in sizes.items():
            print(f"{where:6} {size:14}", "  ".join(f"{name}={value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
