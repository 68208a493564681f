"""What the API tells of itself: its port for Prometheus."""

from contextlib import AbstractAsyncContextManager

from cloud.api.dependencies import Services
from cloud.jobs.backlog.gauges import BacklogGauges
from cloud.start import version
from cloud.telemetry.endpoint import serve_telemetry
from cloud.telemetry.metrics import EVENT_STREAMS


def telemetry_of(services: Services) -> AbstractAsyncContextManager[int]:
    """The API's numbers, for as long as the block runs, on the port of the settings."""
    settings, backlog = services.settings, BacklogGauges(services.database)
    EVENT_STREAMS.set_function(lambda: services.feed.followers)
    return serve_telemetry(
        settings.metrics_host, settings.metrics_port, part="api", version=version(), refresh=backlog.refresh
    )
