"""The settings of what is measured: see `cloud.telemetry`."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class TelemetrySettings(BaseSettings):
    """A part of `cloud.settings.Settings`."""

    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Where a process tells Prometheus its numbers and whether it lives: a port of its own, never "
        "the public one; 0: nowhere. On one machine the API takes it and the runners the ports behind it.",
    )
    metrics_host: str = Field(
        default="", description="The address of that port; for nobody but this machine 127.0.0.1. [default: all]"
    )
    otlp_endpoint: str = Field(
        default="",
        description="The OpenTelemetry collector that gets traces by OTLP over HTTP, like http://collector:4318. "
        "[default: no traces]",
    )
    trace_share: float = Field(
        default=1.0, ge=0, le=1, description="The share of the prompts that is traced, where their sender says nothing."
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_collector(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it must be an address that begins with http:// or https://")
        return value
