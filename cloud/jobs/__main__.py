"""`python -m cloud.jobs`: one job runner, with the fleet of Blender pods that the settings name."""

import asyncio
import importlib
import sys

from cloud.errors import Prompt2MeshError
from cloud.jobs.fleet_choice import start_fleet
from cloud.redaction import mask
from cloud.settings import Settings
from cloud.start import begin_process, settings_at_start, version
from cloud.storage.start import demand_usable
from cloud.telemetry.endpoint import serve_telemetry
from cloud.telemetry.exporting import open_tracing
from cloud.telemetry.metrics import RUNNER_HEARTBEAT_AGE_S
from cloud.telemetry.pulse import Pulse

# Above all that passes by itself: a write waits 120 s for a database that is away. What a job takes is not in it.
_SILENCE_LIMIT_S = 180.0


async def run_jobs(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises: StoreRefused: the artifact store is set up wrongly."""
    await demand_usable(settings)
    fleet = await start_fleet(settings)
    pulse = Pulse(_SILENCE_LIMIT_S)
    RUNNER_HEARTBEAT_AGE_S.set_function(lambda: pulse.age_s)
    port = settings.metrics_port
    try:
        async with serve_telemetry(settings.metrics_host, port, part="runner", version=version(), health=pulse.trouble):
            # In a thread: the imports take 2 s, in which the first pod comes up.
            service = await asyncio.to_thread(importlib.import_module, "cloud.jobs.service")
            await service.serve_jobs(settings, fleet, pulse)
    finally:
        await fleet.aclose()


def main() -> int:
    """The process's entry. Returns: its exit code."""
    try:
        settings = settings_at_start()
        begin_process(settings)
        share = settings.trace_share
        with open_tracing(settings.otlp_endpoint, part="runner", version=version(), share=share):
            asyncio.run(run_jobs(settings))
    except Prompt2MeshError as error:
        sys.stderr.write(f"{mask(str(error))}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
