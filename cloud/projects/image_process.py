"""`clean_image` in a process of its own: a picture of a few bytes can unfold to a gigabyte, and decoders have holes.

The process has no secret in its environment, little memory and little time; at most two are at work at once.
"""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path

from cloud.errors import InvalidInput
from cloud.projects.images import CleanImage, clean_image

AT_ONCE = 2
_MEMORY_BYTES = 1536 * 2**20
_PROCESSOR_S = 40
_LIMIT_S = 120.0
_TOO_MUCH = "The image unfolds to more than can be worked with; scale it down, or save it as a plain JPEG or PNG."
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class ImageProcesses:
    """Cleans pictures outside of this process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def clean(self, content: bytes) -> CleanImage:
        """As `clean_image`. Raises: InvalidInput."""
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", __name__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": os.defpath, "PYTHONPATH": str(_PACKAGE_ROOT), "OMP_NUM_THREADS": "1"},
            )
            try:
                async with asyncio.timeout(_LIMIT_S):
                    answer, _ = await process.communicate(content)
            except TimeoutError as error:
                raise InvalidInput(_TOO_MUCH) from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return _read(answer)


def _read(answer: bytes) -> CleanImage:
    head, _, content = answer.partition(b"\n")
    if not head:  # it was ended: too much memory or time, or a decoder that broke
        raise InvalidInput(_TOO_MUCH)
    told = json.loads(head)
    if "refused" in told:
        raise InvalidInput(told["refused"])
    return CleanImage(content, told["media_type"], told["extension"])


def main() -> None:
    """Read a picture from stdin; write one line of JSON, then the clean picture."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes have no size
    try:
        image = clean_image(sys.stdin.buffer.read())
    except InvalidInput as refusal:
        told, content = {"refused": str(refusal)}, b""
    except MemoryError:
        told, content = {"refused": _TOO_MUCH}, b""
    else:
        told, content = {"media_type": image.media_type, "extension": image.extension}, image.content
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + content)


if __name__ == "__main__":
    main()
