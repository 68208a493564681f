"""What the accounts' part of the app is started with."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloud.accounts import password_rules
from cloud.accounts.links.links import announce_first_admin
from cloud.accounts.sign_in import AccountRules
from cloud.db.engine import DATABASE_ERRORS, Database
from cloud.settings import Settings

log = logging.getLogger(__name__)
_RETRY_S = 5.0


def account_rules(settings: Settings) -> AccountRules:
    """What the settings say of accounts."""
    return AccountRules(
        session_ttl_s=settings.session_ttl_s,
        session_limit_s=settings.session_limit_s,
        sign_up=settings.sign_up,
        password_least_chars=settings.password_least_chars,
        sign_ups_an_hour=settings.sign_ups_an_hour,
    )


@asynccontextmanager
async def first_admin_announced(database: Database, public_url: str) -> AsyncIterator[None]:
    """For the block a task that writes the first admin's link to the log, as soon as the database answers."""
    task = asyncio.create_task(_announce(database, public_url), name="first admin")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _announce(database: Database, public_url: str) -> None:
    await asyncio.to_thread(password_rules.warm_up)
    while True:
        try:
            async with database.sessions.begin() as session:
                await announce_first_admin(session, public_url)
            return
        except DATABASE_ERRORS as error:
            log.info("the first admin's link waits for the database", extra={"error": type(error).__name__})
        await asyncio.sleep(_RETRY_S)
