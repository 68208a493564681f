"""The backlog as Prometheus gauges, asked of the database when somebody asks us, and not more often than needed."""

import logging
import time

from cloud.db.engine import DATABASE_ERRORS, Database
from cloud.jobs.backlog.queries import backlog
from cloud.telemetry.metrics import JOBS, JOBS_WAITING, QUEUE_ASKED, QUEUE_OLDEST_S

# Every process asks for itself, whoever scrapes it and however often: N of them ask N times in so many seconds.
_KNOWN_FOR_S = 10.0

logger = logging.getLogger(__name__)


class BacklogGauges:
    """Keeps the gauges of the queue. While the database is away they stay as they were, and their age grows."""

    def __init__(self, database: Database, known_for_s: float = _KNOWN_FOR_S) -> None:
        self._database = database
        self._known_for_s = known_for_s
        self._asked_at: float | None = None

    async def refresh(self) -> None:
        """Ask, unless we know. Never raises."""
        if self._asked_at is not None and time.monotonic() - self._asked_at < self._known_for_s:
            return
        try:
            async with self._database.sessions() as session:
                now = await backlog(session)
        except DATABASE_ERRORS as error:
            logger.warning("the backlog is not known", extra={"error": type(error).__name__})
            return
        self._asked_at = time.monotonic()
        JOBS.labels(state="queued").set(now.queued)
        JOBS.labels(state="running").set(now.running)
        JOBS_WAITING.set(now.waiting)
        QUEUE_OLDEST_S.set(now.oldest_s)
        QUEUE_ASKED.set_to_current_time()
