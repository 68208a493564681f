"""A runner with everything it needs, as one process runs it."""

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.fleet.contract import Fleet
from cloud.jobs.runner import Runner
from cloud.jobs.work import Services
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore


async def serve_jobs(settings: Settings, fleet: Fleet) -> None:
    """Run jobs on the fleet's pods until SIGTERM or SIGINT."""
    key = settings.anthropic_api_key
    database = Database.connect(settings.database_url, pool_size=4 + settings.runner_concurrency)
    try:
        async with ModelAccess.open(
            default_model=settings.model,
            api_key=key.get_secret_value() if key else None,
            base_url=settings.anthropic_base_url,
        ) as models:
            store = ArtifactStore.local(settings.artifacts_dir)
            services = Services(settings, database, store, fleet, models)
            runner = Runner(services, concurrency=settings.runner_concurrency, grace_s=settings.runner_grace_s)
            await runner.run()
    finally:
        await database.aclose()
