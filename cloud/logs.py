"""Logging for every process of ours: JSON lines, or coloured text on a terminal, always on stderr, without secrets.

Call `configure_logging` once, at a process's entry; no module does so on import. Log with
`logging.getLogger(__name__)`, a stable event text, and the facts in `extra=`; `log_fields` adds the ids of what is
being done. Every record, of libraries too, is masked here (`cloud.redaction`): its message, its fields and its
traceback, which never shows local variables.
"""

import logging
import sys
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, TextIO

import structlog

from cloud.redaction import keep_secret, mask, mask_fields

SHOWN_ON_PURPOSE = "shown_on_purpose"
"""`extra={SHOWN_ON_PURPOSE: True}`: the message tells a secret that whoever reads the log is meant to use."""

# Ours, written by the processors above: nothing of a secret's shape is in them.
_OWN_FIELDS = frozenset({"level", "logger", "timestamp"})
_UNSHORTENED = frozenset({"event", "exception", "stack"})

log = logging.getLogger(__name__)


def configure_logging(level: str = "INFO", *, json_lines: bool | None = None, secrets: Iterable[str] = ()) -> None:
    """Send all records to stderr, masked. `json_lines` None: text on a terminal, JSON elsewhere.

    `secrets`: what this process knows that nobody may read.
    """
    keep_secret(*secrets)
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = _MaskedStream(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These tell of every request at INFO; ours say what matters.
    for chatty in ("httpx", "httpx2", "httpcore", "httpcore2", "mcp", "procrastinate", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def log_uncaught() -> None:
    """From now on what nobody catches, in any thread, and every warning goes to the log: masked, as all else there.

    For a process's entry; not for one that runs the user's code, whose own output these are.
    """
    logging.captureWarnings(True)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread else ""
            log.error("uncaught exception in a thread", exc_info=args.exc_value, extra={"thread_name": name})

    def in_main(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("uncaught exception", exc_info=(kind, error, trace))

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        extra = {"where": args.err_msg or ""}
        log.error("exception that could not be raised", exc_info=args.exc_value, extra=extra)

    sys.excepthook, threading.excepthook, sys.unraisablehook = in_main, in_thread, unraisable


def log_fields(**fields: str | None) -> AbstractContextManager[None]:
    """Every record of the block, and of tasks begun in it, has these fields besides its own; None: not that one.

    For the ids of what is being done: `request_id`, `job_id`, `trace_id`.
    """
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in fields.items() if value})


def log_field(name: str) -> str | None:
    """What `log_fields` says of this now."""
    return structlog.contextvars.get_contextvars().get(name)


def mask_event(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """A structlog processor: the event, with every text of it masked."""
    is_shown = event.pop(SHOWN_ON_PURPOSE, False)
    return {
        name: value if name in _OWN_FIELDS or (is_shown and name == "event") else _masked(name, value)
        for name, value in event.items()
    }


def _masked(name: str, value: Any) -> Any:
    return mask(str(value)) if name in _UNSHORTENED else mask_fields(value, name)


class _MaskedStream(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Tell that a record could not be written; the standard library would print its arguments as they are."""
        error = sys.exc_info()[1]
        try:
            self.stream.write(f"a log record of {record.name}:{record.lineno} was lost: {type(error).__name__}\n")
        except (OSError, ValueError):
            return  # stderr is gone: there is nobody to tell
