"""What the API tells of itself: its numbers, on a port of their own, and its part of each trace."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager

from cloud.api.dependencies import Services
from cloud.jobs.backlog.gauges import BacklogGauges
from cloud.settings import Settings
from cloud.start import version
from cloud.telemetry.endpoint import serve_telemetry
from cloud.telemetry.exporting import open_tracing
from cloud.telemetry.metrics import EVENT_STREAMS


def telemetry_of(services: Services) -> AbstractAsyncContextManager[int]:
    """The API's numbers, for as long as the block runs, on the port of the settings."""
    settings, backlog = services.settings, BacklogGauges(services.database)
    EVENT_STREAMS.set_function(lambda: services.feed.followers)
    return serve_telemetry(
        settings.metrics_host, settings.metrics_port, part="api", version=version(), refresh=backlog.refresh
    )


def tracing_of(settings: Settings, part: str) -> AbstractContextManager[None]:
    """The spans of this process go where the settings say, for as long as the block runs."""
    return open_tracing(settings.otlp_endpoint, part=part, version=version(), share=settings.trace_share)
