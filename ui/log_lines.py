"""The web UI's log: one JSON object a line where nobody reads along, with the id of the request to the API."""

import json
import logging
import sys
import time
from typing import Any

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """As `cloud.logs` writes them: `event`, `level`, `logger`, `timestamp`, and what was given in `extra=`."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        told: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
        }
        told |= {name: value for name, value in vars(record).items() if name not in _KNOWN}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def configure_log(*, json_lines: bool | None = None) -> None:
    """For the entry of the UI's process. None: JSON unless stderr is a terminal. Streamlit's own lines, too."""
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    if not as_json:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpx2", "httpcore", "httpcore2", "watchdog", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for name in ("streamlit", "uvicorn", "uvicorn.error"):
        own = logging.getLogger(name)
        own.handlers[:], own.propagate = [], True
