"""Pictures are cleaned outside of the API's process, which a bomb then does not reach."""

import asyncio
import io

import pytest
from PIL import Image

from cloud.errors import InvalidInput
from cloud.projects import image_process
from cloud.projects.image_process import ImageProcesses


def _picture(kind: str, wide: int, high: int, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (wide, high), 1).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_picture_comes_out_clean(kind: str) -> None:
    cleaned = await ImageProcesses().clean(_picture(kind, 3000, 2000))

    with Image.open(io.BytesIO(cleaned.content)) as picture:
        assert picture.size == (1568, 1045)
    assert cleaned.media_type.startswith("image/")


async def test_a_refusal_has_its_sentence() -> None:
    with pytest.raises(InvalidInput, match="PDF document"):
        await ImageProcesses().clean(b"%PDF-1.7\n")


async def test_what_needs_too_much_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_process, "_LIMIT_S", 0.0)
    with pytest.raises(InvalidInput, match="unfolds"):
        await ImageProcesses().clean(_picture("PNG", 100, 100))


async def test_only_some_are_at_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0
    start = asyncio.create_subprocess_exec

    async def counted(*command: str, **options: object) -> asyncio.subprocess.Process:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        process = await start(*command, **options)  # type: ignore[arg-type]
        wait = process.communicate

        async def communicate(content: bytes) -> tuple[bytes, bytes]:
            nonlocal at_work
            try:
                return await wait(content)
            finally:
                at_work -= 1

        process.communicate = communicate  # type: ignore[method-assign,assignment]
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)
    desk = ImageProcesses()
    await asyncio.gather(*(desk.clean(_picture("PNG", 60, 60)) for _ in range(6)))

    assert most == image_process.AT_ONCE


@pytest.mark.heavy
async def test_the_largest_pictures_fit_into_the_memory_that_there_is() -> None:
    for kind, mode in (("WEBP", "RGBA"), ("PNG", "I;16"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P")):
        assert (await ImageProcesses().clean(_picture(kind, 7_700, 7_700, mode))).content
