"""The settings of the artifact store: a local folder, or a bucket that speaks S3. See `cloud/storage/README.md`.

The variables that start with `AWS_` are those of every AWS tool: on EKS the cluster sets them for the pod's role.
"""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()-]+(?:/[A-Za-z0-9!_.'()-]+)*")


def _aws(name: str) -> AliasChoices:
    return AliasChoices(name, name.upper())


class StorageSettings(BaseSettings):
    """Part of `Settings`."""

    artifacts_url: str = Field(
        default="",
        description="Where artifacts are kept: s3://bucket or s3://bucket/prefix. [default: a local folder]",
    )
    artifacts_region: str = Field(default="", description="The bucket's region. [default: AWS_REGION]")
    artifacts_endpoint: str = Field(
        default="", description="Address of an S3-compatible server without the bucket; empty: AWS itself."
    )
    artifacts_addressing: Literal["auto", "virtual", "path"] = Field(
        default="auto",
        description="Whether the bucket stands in the host's name or in the path. [default: virtual on AWS, else path]",
    )
    artifacts_encryption: Literal["", "AES256", "aws:kms"] = Field(
        default="", description="Server-side encryption that each write asks for; empty: what the bucket itself does."
    )
    artifacts_kms_key: str = Field(
        default="", description="Id or ARN of the key for aws:kms. [default: the account's own key for S3]"
    )
    artifacts_presign: bool | None = Field(
        default=None,
        description="Downloads are sent on to short-lived links of the bucket. [default: on AWS yes, with "
        "P2M_ARTIFACTS_ENDPOINT no, as clients may not reach that]",
    )
    artifacts_presign_s: int = Field(default=60, ge=5, le=300, description="How long such a link can be opened.")
    artifacts_timeout_s: float = Field(default=30.0, gt=0, description="An S3 server that is silent so long is cut.")
    artifacts_retries: int = Field(default=4, ge=0, le=10, description="How often a request to S3 is sent again.")
    aws_region: str = Field(default="", validation_alias=AliasChoices("aws_region", "AWS_REGION", "AWS_DEFAULT_REGION"))
    aws_access_key_id: str = Field(default="", validation_alias=_aws("aws_access_key_id"))
    aws_secret_access_key: SecretStr | None = Field(default=None, validation_alias=_aws("aws_secret_access_key"))
    aws_session_token: SecretStr | None = Field(default=None, validation_alias=_aws("aws_session_token"))
    aws_role_arn: str = Field(default="", validation_alias=_aws("aws_role_arn"))
    aws_web_identity_token_file: str = Field(default="", validation_alias=_aws("aws_web_identity_token_file"))
    aws_endpoint_url_sts: str = Field(default="", validation_alias=_aws("aws_endpoint_url_sts"))
    aws_container_credentials_full_uri: str = Field(
        default="", validation_alias=_aws("aws_container_credentials_full_uri")
    )
    aws_container_authorization_token_file: str = Field(
        default="", validation_alias=_aws("aws_container_authorization_token_file")
    )
    aws_ec2_metadata_service_endpoint: str = Field(
        default="", validation_alias=_aws("aws_ec2_metadata_service_endpoint")
    )

    @field_validator("artifacts_url")
    @classmethod
    def _is_bucket(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        scheme, _, rest = value.partition("://")
        bucket, _, prefix = rest.partition("/")
        if value and not (scheme == "s3" and _BUCKET.fullmatch(bucket) and (not prefix or _PREFIX.fullmatch(prefix))):
            raise ValueError("it must be like s3://bucket or s3://bucket/prefix")
        return value

    @field_validator("artifacts_endpoint")
    @classmethod
    def _is_server(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        parts = urlsplit(value)
        plain = parts.scheme in ("http", "https") and parts.netloc and not (parts.path or parts.query or parts.fragment)
        if value and (not plain or "@" in parts.netloc):
            raise ValueError("it must be an address like https://s3.example.org, without a path")
        return value

    @field_validator("aws_secret_access_key", "aws_session_token")
    @classmethod
    def _is_there(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty variable is none at all."""
        given = value.get_secret_value().strip() if value else ""
        return SecretStr(given) if given else None
