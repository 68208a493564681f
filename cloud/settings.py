"""Every setting of the backend, parsed once from the environment at a process's entry, then frozen.

Names without prefix (`DATABASE_URL`, `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`) are the field's own;
all others start with `P2M_`. The Blender pod does not use this module: it gets arguments only.
"""

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from cloud.fleet_settings import FleetSettings
from cloud.storage_settings import StorageSettings
from cloud.telemetry_settings import TelemetrySettings

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")


def default_data_dir() -> Path:
    """`data/` of the checkout that we run from, else the user's own data folder (XDG base directory)."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "prompt2mesh"


def default_extension_dir() -> Path:
    """Where `scripts/build_extension.py` puts the Blender add-on."""
    return Path(__file__).resolve().parents[1] / "addon" / "dist"


class Settings(FleetSettings, StorageSettings, TelemetrySettings):
    """The backend's configuration. Secrets are masked in `repr`."""

    model_config = SettingsConfigDict(
        env_prefix="P2M_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Everything that is kept: database, artifacts, logs."
    )
    extension_dir: Path = Field(
        default_factory=default_extension_dir,
        description="The built Blender add-on that the API gives. [default: addon/dist]",
    )
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("database_url", "DATABASE_URL"),
        description="SQLAlchemy or libpq address of a PostgreSQL; empty: the stack starts the embedded one.",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("anthropic_api_key", "ANTHROPIC_API_KEY")
    )
    anthropic_base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("anthropic_base_url", "ANTHROPIC_BASE_URL")
    )
    model: str = Field(default="claude-sonnet-5-5", description="Model of a job that names none, with a Claude key.")
    model_stall_s: float = Field(default=120.0, gt=0, description="A model's server that sends nothing so long is cut.")
    model_wait_limit_s: float = Field(
        default=900.0, ge=0, description="How long one model call waits for a server that limits us or is overloaded."
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="What users' Claude keys are encrypted with: 32 random bytes in base64. Several with commas: the "
        "first encrypts, all decrypt. [default on one machine: made at the first start]",
    )
    log_level: str = "INFO"
    public_url: str = Field(
        default="",
        description="The web UI's address as users see it: it goes into links, and onto the screens of devices that "
        "sign in. [default on one machine: that of its web UI; else the API's own address]",
    )
    share_url: str = Field(
        default="",
        description="The API's address as strangers reach it, for the links of shared scenes. [default: the address at "
        "which the request for the link came]",
    )
    session_ttl_s: int = Field(default=30 * 24 * 3600, ge=60, description="A session ends so long after its last use.")
    session_limit_s: int = Field(
        default=180 * 24 * 3600, ge=60, description="A session ends so long after its start, however much it is used."
    )
    sign_up: Literal["open", "invite", "closed"] = Field(
        default="open", description="Who can sign up: everybody, who has an invite, or nobody."
    )
    sign_ups_an_hour: int = Field(default=200, ge=0, description="Sign-ups from one network at most; 0: no limit.")
    password_least_chars: int = Field(default=8, ge=8, le=64, description="Characters of a new password at least.")
    oidc_issuer: str = Field(
        default="",
        description="The OpenID provider whose people may sign in, by the exact name that it calls itself, such as "
        "https://accounts.google.com. Its client id and secret must be set too. [default: none]",
    )
    oidc_client_id: str = Field(default="", description="What the OpenID provider calls this server.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="What it knows this server by.")
    oidc_name: str = Field(
        default="", max_length=40, description="What people call the provider, on the button. [default: its host]"
    )
    oidc_sign_up: Literal["open", "invite", "closed"] | None = Field(
        default=None,
        description="Who of the provider's people gets an account at the first sign-in. [default: as P2M_SIGN_UP]",
    )
    oidc_redirect_url: str = Field(
        default="",
        description="The address …/v1/oidc/callback of this API as browsers reach it, which the provider must know. "
        "[default: below P2M_PUBLIC_URL; on one machine below the API's own address]",
    )
    trusted_proxies: str = Field(
        default="",
        description="Whose X-Forwarded-For is believed: addresses and networks with commas, of the proxies and of the "
        "web UI; `*` believes everybody. Without, a client's address is that of its connection.",
    )
    cors_origins: str = Field(
        default="",
        description="Origins with commas (https://app.example.org) whose web pages may call the API from a browser.",
    )
    prompt_limit_chars: int = Field(default=8_000, ge=1)
    image_limit_bytes: int = Field(default=10 * 2**20, ge=1)
    import_limit_bytes: int = Field(default=200 * 2**20, ge=1, description="An uploaded 3D file at most.")
    body_limit_bytes: int = Field(default=12 * 2**20, ge=1)
    user_storage_mib: int = Field(default=20_480, ge=0, description="What one user may keep; 0 is no limit.")
    storage_mib: int = Field(default=0, ge=0, description="What all users together may keep; 0: no limit.")
    deleted_kept_days: float = Field(
        default=7.0, ge=0, le=36_500, description="How long a deleted project can be brought back."
    )
    max_steps: int = Field(default=120, ge=1, description="Model calls of one job at most, whatever its quality.")
    max_job_usd: float = Field(default=15.0, gt=0, description="Cost of one job at most, whatever its quality.")
    review: bool = Field(default=True, description="Finished scenes are reviewed by a further model call.")
    max_mends: int = Field(default=4, ge=0, description="How often a job mends what its reviews found, at most.")
    allow_ablations: bool = Field(
        default=False, description="Jobs may ask to be built without tools or review: for evaluations."
    )
    max_job_tokens: int = Field(
        default=10_000_000,
        ge=0,
        description="Tokens of one job at most, cached ones too (it also holds where no price is known); 0: no limit.",
    )
    user_month_usd: float = Field(
        default=0.0,
        ge=0,
        description="What one user's jobs may cost in a calendar month (UTC) with the system's key; 0: no limit.",
    )
    user_month_tokens: int = Field(
        default=0, ge=0, description="Tokens of one user's jobs in that month with the system's key; 0: no limit."
    )
    month_usd: float = Field(
        default=0.0, ge=0, description="What all users' jobs together may cost in that month; 0: no limit."
    )
    month_tokens: int = Field(default=0, ge=0, description="Tokens of all users' jobs in that month; 0: no limit.")
    user_day_jobs: int = Field(default=0, ge=0, description="Jobs that one user may send in 24 hours; 0: no limit.")
    day_jobs: int = Field(default=0, ge=0, description="Jobs that all users may send in 24 hours; 0: no limit.")
    user_minute_requests: int = Field(
        default=0, ge=0, description="Requests that one user may make in a minute, of each API process; 0: no limit."
    )
    user_streams: int = Field(
        default=200, ge=0, description="Event streams that one user may hold open, of each API process; 0: no limit."
    )
    job_limit_s: int = Field(default=3600, ge=1, description="Time of one job at most.")
    batch_limit: int = Field(default=500, ge=1, description="Prompts of one batch at most.")
    runner_concurrency: int = Field(default=2, ge=1, description="Jobs that one runner works on at once.")
    max_running_jobs: int = Field(default=0, ge=0, description="Jobs that all runners work on at once; 0: no limit.")
    runner_grace_s: float = Field(
        default=20.0, ge=0, description="How long a runner that is stopped waits for the ends of its jobs' steps."
    )
    runners: int = Field(default=1, ge=1, description="Runners that the stack of one machine starts.")
    pod_isolation: Literal["bubblewrap", "none-and-model-code-gets-my-rights"] = Field(
        default="bubblewrap",
        description="The other choice takes all walls away: model-written code may then do what this process may.",
    )
    pod_memory_mib: int = Field(default=4096, ge=512, description="Memory of a user's Blender.")
    pod_workspace_mib: int = Field(default=1024, ge=64, description="Disk space of the code in a user's Blender.")

    pod_cache_dir: Path | None = Field(
        default=None, description="What is made once for all pods of a machine. [default: below the data folder]"
    )

    @field_validator("anthropic_base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        value = (value or "").strip()
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it must be an address that begins with http:// or https://")
        return value or None

    @field_validator("public_url", "share_url")
    @classmethod
    def _is_page(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it must be an address that begins with http:// or https://")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        origins = [origin.strip().lower().rstrip("/") for origin in value.split(",") if origin.strip()]
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("each must be an exact origin, like https://app.example.org or http://localhost:3000")
        return ",".join(origins)

    @field_validator("anthropic_api_key", "secret_keys", "oidc_client_secret")
    @classmethod
    def _is_given(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty variable is none at all."""
        given = value.get_secret_value().strip() if value else ""
        if not (given.isascii() and given.isprintable()):
            raise ValueError("it holds characters that no key has")
        return SecretStr(given) if given else None

    @property
    def system_key(self) -> str | None:
        """The deployment's own Claude key."""
        return self.anthropic_api_key.get_secret_value() if self.anthropic_api_key else None

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins of others whose pages may call the API, in lower case."""
        return tuple(filter(None, self.cors_origins.split(",")))

    @property
    def public_origin(self) -> str:
        """The origin of `public_url`, in lower case; "" if none is set."""
        parts = urlsplit(self.public_url.lower())
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def pod_options(self) -> tuple[str, ...]:
        """How a local pod is started, for its command line."""
        options = ("--isolation", self.pod_isolation, "--memory-mib", str(self.pod_memory_mib))
        options += ("--workspace-mib", str(self.pod_workspace_mib))
        return (*options, "--cache-dir", str(self.pod_cache_dir.resolve())) if self.pod_cache_dir else options

    @property
    def isolation_note(self) -> str:
        """What whoever starts the stack must be told of the walls around Blender; "" when they stand."""
        if self.pod_isolation == "bubblewrap":
            return ""
        return "NO ISOLATION (P2M_POD_ISOLATION): what the model writes runs with your rights, on your files"

    @property
    def artifacts_dir(self) -> Path:
        """Where the artifact store keeps its objects on one machine."""
        return self.data_dir / "artifacts"
