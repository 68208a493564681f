"""The flood of `sign_in.py`: `login_flood.py PORT ATTEMPTS AT_ONCE NAME {one,many}`; a JSON object on stdout at the end.

Half of the attempts are for NAME with wrong passwords, half for random names; `many`: each from an address of its own,
as a proxy would report it. Plain sockets, so that the flood takes little of the machine that it is to load.
"""

import asyncio
import collections
import json
import secrets
import sys
import time

_TIMEOUT_S = 120


async def _attempt(port: int, number: int, name: str, many: bool) -> str:
    """Returns: the status, or what went wrong."""
    tried = name if number % 2 else f"nobody {secrets.token_hex(6)}"
    body = json.dumps({"username": tried, "password": secrets.token_hex(8)})
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" if many else "203.0.113.7"
    head = (
        f"POST /v1/sessions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head.encode())
                status = (await reader.readline()).split()
                await reader.read()
            finally:
                writer.close()
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return type(error).__name__
    return status[1].decode() if len(status) > 1 else "no answer"


async def _flood(port: int, attempts: int, at_once: int, name: str, many: bool) -> dict[str, object]:
    answers: collections.Counter[str] = collections.Counter()
    numbers = iter(range(1, attempts + 1))

    async def work() -> None:
        for number in numbers:
            answers[await _attempt(port, number, name, many)] += 1

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return {"seconds": time.monotonic() - began, "answers": dict(answers)}


if __name__ == "__main__":
    port, attempts, at_once, name, where = sys.argv[1:]
    print(json.dumps(asyncio.run(_flood(int(port), int(attempts), int(at_once), name, where == "many"))))
