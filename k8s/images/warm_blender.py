"""Makes, while the image is built, what a Blender makes once for a machine: `python warm_blender.py FOLDER`.

A pod takes it over from there with `--cache-seed FOLDER`: the API index always, the shaders on a processor like this.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from cloud.blender.cache import PodCache, cache_folder
from cloud.blender.ground import Ground
from cloud.blender.isolation.sandbox import Folders
from cloud.blender.process import BlenderProcess


async def warm(target: Path) -> None:
    """Fill `target`. Nobody's code runs here, so the child needs no walls."""
    cache = PodCache(cache_folder(target))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MESA_SHADER_CACHE_DIR"] = f"{folder}/shaders"  # passed on to a child without walls
        child = await BlenderProcess.start(Ground(Folders(Path(folder), Path(folder), cache.folder), guarded=False))
        try:
            warmed = await child.ask("warm_up", {"shader_cache": True, "checks": True})
            index = await child.ask("build_api_index", {})
        finally:
            await child.kill()
    cache.keep_shaders(warmed.blobs[0])
    cache.keep_api_index(index.blobs[0])


if __name__ == "__main__":
    asyncio.run(warm(Path(sys.argv[1])))
