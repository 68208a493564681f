"""What a runner hears from the database: that the queue has changed, and which of its jobs are to end."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from uuid import UUID

import psycopg

from cloud.db.engine import libpq_url
from cloud.jobs.claims.queries import CHANNEL, QUEUE_CHANNEL, RUNNER

_RECONNECT_S = (0.1, 0.2, 0.5, 1.0)

logger = logging.getLogger(__name__)


async def listen_forever(database_url: str, on_change: Callable[[], None], on_cancel: Callable[[UUID], None]) -> None:
    """Call these for what is told, until cancelled. Nothing is told while the database is away: see the heartbeat."""
    failures = 0
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                libpq_url(database_url), autocommit=True, connect_timeout=5, application_name=RUNNER
            )
            async with connection:
                for channel in (CHANNEL, QUEUE_CHANNEL):
                    await connection.execute(f'LISTEN "{channel}"'.encode())
                failures = 0
                on_change()
                async with aclosing(connection.notifies()) as notifications:
                    async for notification in notifications:
                        what, _, job_id = notification.payload.partition(":")
                        if notification.channel == CHANNEL and what == "cancel":
                            on_cancel(UUID(job_id))
                        else:
                            on_change()
        except psycopg.OperationalError as error:
            wait_s = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
            failures += 1
            logger.warning("runner lost its ear at the database", extra={"error": str(error), "retry_s": wait_s})
            await asyncio.sleep(wait_s)
