"""Real pictures, for what refuses bytes that only claim to be one."""

import base64
import io
from typing import Any

from PIL import Image


def picture_block(file_format: str = "PNG", size_px: int = 8) -> dict[str, Any]:
    """A plain square as an image block of the Messages API."""
    written = io.BytesIO()
    Image.new("RGB", (size_px, size_px), (160, 30, 30)).save(written, file_format)
    data = base64.b64encode(written.getvalue()).decode()
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": f"image/{file_format.lower()}", "data": data},
    }
