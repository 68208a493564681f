"""Whether two snapshots hold the same scene, object by object, whatever their bytes."""

import asyncio
import concurrent.futures
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from cloud.storage.store import ArtifactMissing, ArtifactStore
from scripts.bench.third_party import BareBlender

Pair = tuple[str, str]


def compare_scenes(artifacts: Path, pairs: Sequence[Pair], folder: Path) -> dict[Pair, list[str]]:
    """What differs between the two of each pair of hashes; each pair is looked at once. Writes into `folder`."""
    wanted = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
    files = asyncio.run(_fetch(artifacts, sorted({sha256 for pair in wanted for sha256 in pair}), folder))
    found: dict[Pair, list[str]] = {pair: [] for pair in pairs}
    with ExitStack() as stack:
        blenders: SimpleQueue[BareBlender] = SimpleQueue()
        count = max(1, min(2, os.cpu_count() or 1))
        for _ in range(count):
            blenders.put(stack.enter_context(BareBlender.started()))

        def compare(pair: Pair) -> list[str]:
            missing = [sha256[:12] for sha256 in pair if sha256 not in files]
            if missing:
                return [f"the store does not hold {' and '.join(missing)}"]
            blender = blenders.get()
            try:
                return blender.ask(compare=[str(files[sha256]) for sha256 in pair])["differences"]
            finally:
                blenders.put(blender)

        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            found |= dict(zip(wanted, pool.map(compare, wanted), strict=True))
    return found


async def _fetch(artifacts: Path, hashes: Sequence[str], folder: Path) -> dict[str, Path]:
    store = ArtifactStore.local(artifacts)
    files: dict[str, Path] = {}
    for sha256 in hashes:
        try:
            content = await store.get(sha256)
        except ArtifactMissing:
            continue
        files[sha256] = folder / f"{sha256}.blend"
        files[sha256].write_bytes(content)
    return files
