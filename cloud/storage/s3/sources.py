"""Where AWS credentials come from, as every AWS tool looks for them; the first of these that is set up is taken:

1. `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (and `AWS_SESSION_TOKEN`): as they are, never renewed.
2. `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`: IAM roles for service accounts (IRSA); asks STS.
3. `AWS_CONTAINER_CREDENTIALS_FULL_URI` (and `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`): EKS Pod Identity; asks
   its agent.
4. The machine's own role: asks the instance metadata service, version 2.

Profiles in `~/.aws` are not read.
"""

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from cloud.storage.s3.credentials import Credentials, CredentialsUnavailable, Source
from cloud.storage.s3.place import sts_of

if TYPE_CHECKING:
    from cloud.storage_settings import StorageSettings

# They are on the same machine, or in the same region; obstore's thread waits meanwhile.
_TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
_TRIES = 3
_ANSWER_LIMIT_BYTES = 1 << 20
_SESSION = "prompt2mesh"
_METADATA = "http://169.254.169.254"
_ROLES = "/latest/meta-data/iam/security-credentials/"
# The agents of EKS and ECS; to others a pod's token goes only over TLS.
_AGENTS = frozenset({"169.254.170.23", "169.254.170.2", "fd00:ec2::23", "127.0.0.1", "::1", "localhost"})


def source_of(settings: "StorageSettings", region: str) -> Source:
    """The first source that is set up. Raises: CredentialsUnavailable: it is set up only half."""
    secret = settings.aws_secret_access_key
    if bool(settings.aws_access_key_id) != bool(secret):
        missing = "AWS_SECRET_ACCESS_KEY" if settings.aws_access_key_id else "AWS_ACCESS_KEY_ID"
        raise CredentialsUnavailable(f"{missing} is not set, and its other half is", is_final=True)
    if secret:
        token = settings.aws_session_token
        fixed = Credentials(
            settings.aws_access_key_id, secret.get_secret_value(), token.get_secret_value() if token else None
        )
        return lambda: fixed
    if settings.aws_web_identity_token_file:
        if not settings.aws_role_arn:
            raise CredentialsUnavailable("AWS_ROLE_ARN is not set, and AWS_WEB_IDENTITY_TOKEN_FILE is", is_final=True)
        server, role = sts_of(settings, region), settings.aws_role_arn
        return lambda: of_web_identity(server, role, Path(settings.aws_web_identity_token_file))
    if settings.aws_container_credentials_full_uri:
        file = settings.aws_container_authorization_token_file
        return lambda: of_container(settings.aws_container_credentials_full_uri, Path(file) if file else None)
    metadata = settings.aws_ec2_metadata_service_endpoint.rstrip("/") or _METADATA
    return lambda: of_instance(metadata)


def of_web_identity(sts: str, role_arn: str, token_file: Path) -> Credentials:
    """Those of a role that trusts the cluster's service account. Raises: CredentialsUnavailable."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role_arn,
        "RoleSessionName": _SESSION,
        "WebIdentityToken": _token_in(token_file, "AWS_WEB_IDENTITY_TOKEN_FILE"),
    }
    # The public Internet lies between, perhaps with a proxy.
    text = _asked("STS", "POST", sts, data=form, trust_env=True).text
    found = dict(re.findall(r"<(AccessKeyId|SecretAccessKey|SessionToken|Expiration)>([^<]+)</", text))
    return _credentials_in(found | {"Token": found.get("SessionToken")}, "STS")


def of_container(address: str, token_file: Path | None) -> Credentials:
    """Those that the node's agent has for this pod. Raises: CredentialsUnavailable."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _AGENTS:
        raise CredentialsUnavailable("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address of an agent", is_final=True)
    token = _token_in(token_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") if token_file else None
    headers = {"Authorization": token} if token else {}
    return _credentials_in(_json_of(_asked("the agent of EKS Pod Identity", "GET", address, headers=headers)), "agent")


def of_instance(metadata: str) -> Credentials:
    """Those of the role of the machine that we run on. Raises: CredentialsUnavailable."""
    name = "the instance metadata service (no AWS_ variable names another source)"
    asked = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    session = {"X-aws-ec2-metadata-token": _asked(name, "PUT", f"{metadata}/latest/api/token", headers=asked).text}
    roles = _asked(name, "GET", metadata + _ROLES, headers=session).text.split()
    if not roles:
        raise CredentialsUnavailable("this machine has no role", is_final=True)
    return _credentials_in(_json_of(_asked(name, "GET", metadata + _ROLES + roles[0], headers=session)), name)


def _asked(whom: str, method: str, address: str, *, trust_env: bool = False, **request: Any) -> httpx2.Response:
    """The answer, if it is a good one; a server that does not answer or is in trouble is asked again at once."""
    why = ""
    for _ in range(_TRIES):
        try:
            with httpx2.Client(timeout=_TIMEOUT, trust_env=trust_env) as client:
                answer = client.request(method, address, **request)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            why = f"{whom} does not answer ({type(error).__name__})"
            continue
        if answer.status_code == 200 and len(answer.content) <= _ANSWER_LIMIT_BYTES:
            return answer
        code = re.search(r"<Code>(\w{1,64})</Code>", answer.text)
        why = f"{whom} answered {answer.status_code}" + (f" {code[1]}" if code else "")
        if answer.status_code < 500 and answer.status_code != 429:
            raise CredentialsUnavailable(why, is_final=True)
    raise CredentialsUnavailable(why)


def _credentials_in(found: dict[str, Any], whose: str) -> Credentials:
    try:
        expires_at = dt.datetime.fromisoformat(found["Expiration"])
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"] or None, expires_at)
    except (KeyError, TypeError, ValueError):
        raise CredentialsUnavailable(f"the answer of {whose} holds none") from None


def _json_of(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _token_in(file: Path, variable: str) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise CredentialsUnavailable(f"the file that {variable} names cannot be read", is_final=True) from None
