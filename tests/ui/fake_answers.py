"""What the stand-in of the API answers with."""

import datetime as dt
from typing import Any

from starlette.responses import JSONResponse, Response


def now(days: float = 0) -> str:
    """The time, or another so many days from now."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).isoformat()


def problem(status: int, code: str, detail: str) -> Response:
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(body, status, media_type="application/problem+json")


def page(items: list[dict[str, Any]]) -> Response:
    return JSONResponse({"items": list(reversed(items)), "next_cursor": None})
