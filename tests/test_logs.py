"""No secret reaches the log: in messages, fields, tracebacks, other libraries' records, or what is uncaught."""

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio, logging, sys, threading, warnings
from cloud.logs import SHOWN_ON_PURPOSE, configure_logging, log_uncaught
secret, pat = sys.argv[1], "p2m_pat_" + "Ab3" * 16 + "x"
configure_logging("DEBUG", json_lines=sys.argv[2] == "json", secrets=[secret])
log_uncaught()
log = logging.getLogger("ours")
def fails(key):
    local = key
    raise ValueError(f"refused {local}")

log.info("message with %s", secret)
log.info("fields", extra={"key": secret, "nested": {"password": "hunter2x", "list": [secret]}, "thing": {secret: 1}})
try:
    try:
        fails(secret)
    except ValueError as first:
        raise RuntimeError(f"because of Bearer {pat}") from first
except RuntimeError:
    log.exception("failed")
log.info("where", stack_info=True)
for name in ("httpx", "anthropic", "mcp", "sqlalchemy.engine", "uvicorn.error", "procrastinate", "psycopg"):
    logging.getLogger(name).error("GET /v1/x?token=%s", secret)
log.info("bad arguments %d", secret)
log.warning("whoever uses %s is admin", pat, extra={SHOWN_ON_PURPOSE: True})
warnings.warn(f"a warning of {secret}")
thread = threading.Thread(target=fails, args=(secret,), name="worker")
thread.start(); thread.join()
async def never_awaited():
    task = asyncio.create_task(asyncio.to_thread(fails, secret))
    await asyncio.wait([task]); del task
asyncio.run(never_awaited())
class Unraisable:
    def __del__(self): raise ValueError(secret)
Unraisable()
print("END", file=sys.stderr)
fails(secret)
"""
SECRET = "planted-Secret/of+the test"


@pytest.mark.parametrize("form", ["json", "text"])
def test_secret_reaches_no_line_of_the_log(form: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, SECRET, form], capture_output=True, text=True, timeout=60, check=False
    )
    told = ran.stderr
    assert ran.returncode == 1
    assert "END" in told, told
    assert SECRET not in told
    assert "planted-Secret" not in told
    assert "hunter2x" not in told
    assert told.count("p2m_pat_Ab3") == 1, "the link that is shown on purpose, and nothing else"
    for said in (
        "message with [masked]",
        "because of",
        "refused [masked]",
        "a log record of ours:",
        "a warning of [masked]",
        "uncaught exception in a thread",
        "exception was never retrieved",
        "exception that could not be raised",
        "uncaught exception",
        "sqlalchemy.engine",
    ):
        assert said in told, f"{said!r} is not in {told}"
    assert "local = " not in told.replace("local = key", ""), "local variables are shown"
    if form == "json":
        for line in told.splitlines():
            if line.startswith("{"):
                json.loads(line)
