"""The settings of the fleet of Blender pods, a part of `Settings`."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class FleetSettings(BaseSettings):
    """Where users' Blenders run; all but the first hold for Kubernetes alone."""

    fleet: Literal["local", "kubernetes"] = Field(
        default="local",
        description="Where users' Blenders run: as processes of the runner's machine, or as pods.",
    )
    pod_namespace: str = Field(default="prompt2mesh-blender", description="The namespace of the Blender pods.")
    pod_signing_key: SecretStr | None = Field(
        default=None,
        description="The Ed25519 private key (PEM, from `prompt2mesh pod-keys`) of the tokens that open the pods. The "
        "pods have its public half.",
    )
    pod_idle_s: float = Field(default=900.0, gt=0, description="A user's pod that no job uses is ended after so long.")
    pod_start_limit_s: float = Field(
        default=600.0, gt=0, description="How long a job waits for a pod, while the cluster makes one, or has no room."
    )
    pod_lifetime_s: float = Field(
        default=24 * 3600.0, gt=0, description="No pod is older; a job that it falls upon goes on in another."
    )
    max_pods: int = Field(default=0, ge=0, description="Users' pods in the whole cluster; 0: no limit.")
    warm_pods_min: int = Field(default=1, ge=0, description="Spare pods at least, whatever the demand.")
    warm_pods_max: int = Field(default=20, ge=0, description="Spare pods at most, whatever the demand.")
    warm_pods_share: float = Field(
        default=0.98, gt=0, lt=1, description="The part of users who shall find a spare pod ready: sizes the pool."
    )

    @field_validator("pod_signing_key")
    @classmethod
    def _is_given_key(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty variable is none at all."""
        return value if value and value.get_secret_value().strip() else None
