"""`python -m cloud.jobs`: one job runner, with a local fleet of Blender pods."""

import asyncio
import sys

from cloud.agent.access import ModelAccess
from cloud.db.engine import Database
from cloud.fleet.local import LocalFleet
from cloud.jobs.runner import Runner
from cloud.jobs.work import Services
from cloud.logs import configure_logging
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore


async def run_jobs(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT."""
    fleet = LocalFleet(settings.data_dir / "pods", spares=1)
    database = Database.connect(settings.database_url, pool_size=5 * settings.runner_concurrency)
    key = settings.anthropic_api_key
    await fleet.start()
    try:
        async with ModelAccess.open(
            default_model=settings.model,
            api_key=key.get_secret_value() if key else None,
            base_url=settings.anthropic_base_url,
        ) as models:
            store = ArtifactStore.local(settings.artifacts_dir)
            services = Services(settings, database, store, fleet, models)
            await Runner(services, concurrency=settings.runner_concurrency).run()
    finally:
        await fleet.aclose()
        await database.aclose()


def main() -> int:
    """The process's entry. Returns: its exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    asyncio.run(run_jobs(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
