"""Logging for every process of ours: JSON lines, or coloured text on a terminal, always on stderr.

Call `configure_logging` once, at a process's entry; no module does so on import. Log with
`logging.getLogger(__name__)`, a stable event text, and the facts in `extra=`.
"""

import logging
import sys

import structlog


def configure_logging(level: str = "INFO", *, json_lines: bool | None = None) -> None:
    """Send all records to stderr. `json_lines` None: text on a terminal, JSON elsewhere."""
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These tell of every request at INFO; ours say what matters.
    for chatty in ("httpx", "httpx2", "httpcore", "mcp", "procrastinate", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
