"""A runner with everything it needs, as one process runs it."""

import asyncio

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.secrets import Safe
from cloud.agent.access import ModelAccess
from cloud.agent.retries import RetryPolicy
from cloud.db.engine import Database
from cloud.fleet.contract import Fleet
from cloud.jobs.closing.pods import stop_pods_of_nobody
from cloud.jobs.closing.work import Deletions
from cloud.jobs.measured_store import MeasuredStore
from cloud.jobs.pacing.pacer import DatabasePace
from cloud.jobs.retention.cleanup import retention_forever
from cloud.jobs.runner import Runner
from cloud.jobs.watching import watch_model
from cloud.jobs.work import Services
from cloud.settings import Settings
from cloud.telemetry.pulse import Pulse


async def serve_jobs(settings: Settings, fleet: Fleet, pulse: Pulse) -> None:
    """Run jobs on the fleet's pods until SIGTERM or SIGINT; `pulse` hears that we live."""
    keys = ModelKeys(Safe.of_setting(settings.secret_keys.get_secret_value()) if settings.secret_keys else None)
    database = Database.connect(settings.database_url, pool_size=4 + settings.runner_concurrency)
    try:
        async with ModelAccess.open(
            default_model=settings.model,
            api_key=settings.system_key,
            base_url=settings.anthropic_base_url,
            retry=RetryPolicy(total_wait_s=settings.model_wait_limit_s),
            stall_s=settings.model_stall_s,
            pace_of=lambda pool: DatabasePace(database, pool),
            watch_calls=watch_model,
        ) as models:
            store = MeasuredStore.of_settings(settings)
            services = Services(settings, database, store, fleet, models, keys)
            runner = Runner(
                services, concurrency=settings.runner_concurrency, grace_s=settings.runner_grace_s, pulse=pulse
            )
            side = {
                asyncio.create_task(retention_forever(database, store, settings), name="retention"),
                asyncio.create_task(Deletions(database, store).run_forever(), name="deletions"),
                asyncio.create_task(stop_pods_of_nobody(database, fleet), name="pods of nobody"),
            }
            try:
                await runner.run()
            finally:
                for task in side:
                    task.cancel()
                await asyncio.wait(side)
    finally:
        await database.aclose()
