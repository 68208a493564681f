import asyncio
import threading

import bpy

heights = []
worker = threading.Thread(target=lambda: heights.extend(h / 2 for h in range(5)))
worker.start()
worker.join()


async def place(height):
    await asyncio.sleep(0)
    bpy.ops.object.empty_add(location=(0, 0, height))


async def main():
    await asyncio.gather(*(place(h) for h in heights))


asyncio.run(main())
