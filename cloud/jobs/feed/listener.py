"""The one connection of a process that listens to what the database notifies."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

import psycopg
from psycopg.conninfo import make_conninfo

from cloud.db.engine import libpq_url

EVENTS = "p2m_events"
DELTAS = "p2m_deltas"
_RECONNECT_S = (0.1, 0.5, 1.0)
# A peer that vanished without a word is noticed after half a minute.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4, "connect_timeout": 10}

logger = logging.getLogger(__name__)


async def listen(
    database_url: str, on_connected: Callable[[], None], on_notification: Callable[[str, str], None]
) -> None:
    """Listen until cancelled, through broken connections. `on_notification` gets the channel and the payload.

    `on_connected` is called whenever notifications may have been missed until now.
    """
    address = make_conninfo(libpq_url(database_url), **_KEEPALIVE)
    failures = 0
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(address, autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {EVENTS}")
                await connection.execute(f"LISTEN {DELTAS}")
                failures = 0
                on_connected()
                async with aclosing(connection.notifies()) as notifications:
                    async for notification in notifications:
                        on_notification(notification.channel, notification.payload)
        except psycopg.OperationalError as error:
            wait_s = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
            failures += 1
            logger.warning("event feed lost its connection", extra={"error": str(error), "retry_s": wait_s})
            await asyncio.sleep(wait_s)
