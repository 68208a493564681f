"""Credentials of a bucket: from every source that a pod may have, renewed in time, and never told.

STS is moto's; the agent of EKS Pod Identity and the instance metadata service are servers of the test's own, which
answer as AWS documents it. The real ones could not be asked.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cloud.redaction import MASK, mask
from cloud.settings import Settings
from cloud.storage.s3.credentials import Credentials, CredentialsUnavailable, RenewedCredentials
from cloud.storage.s3.sources import of_container, of_instance, of_web_identity, source_of
from cloud.storage.store import ArtifactStore, StoreUnavailable
from tests.support.s3_server import KEY_ID, SECRET, Bucket, Fault, faulty

ROLE = "arn:aws:iam::123456789012:role/prompt2mesh-artifacts"
LATER = "2126-11-23T12:00:00Z"
ANSWER = {"AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Token": "session" * 9, "Expiration": LATER}

Answers = dict[tuple[str, str], tuple[str, Callable[[dict[str, str]], bool]]]
"""By method and path: what is answered to whoever's headers are right; others get 401."""


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body, is_right = answers.get((self.command, self.path), ("", lambda _: False))
            self.send_response(200 if is_right({name.lower(): value for name, value in self.headers.items()}) else 401)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("header.payload.signature\n")
    return tmp_path / "token"


async def test_a_service_accounts_role_opens_the_bucket(bucket: Bucket, token_file: Path, tmp_path: Path) -> None:
    """IRSA: the token of the pod's service account is exchanged for a role's credentials."""
    with faulty(bucket.url) as server:
        settings = bucket.settings(
            tmp_path,
            artifacts_endpoint=server.url,
            artifacts_presign=True,
            aws_access_key_id="",
            aws_secret_access_key=None,
            aws_web_identity_token_file=str(token_file),
            aws_role_arn=ROLE,
            aws_endpoint_url_sts=server.url,
        )
        store = ArtifactStore.of_settings(settings)
        stored = await store.put(b"content")
        await store.put(b"more")
        link = await store.link_to(stored.sha256, "attachment", "text/plain")

    assert link is not None
    assert "X-Amz-Security-Token=" in link.url
    assert [path for method, path in server.asked if method == "POST"] == ["/"]  # STS is asked once
    assert all("x-amz-security-token" in head for head in server.heads if "x-amz-content-sha256" in head)


def test_sts_gives_credentials_that_end(bucket: Bucket, token_file: Path) -> None:
    found = of_web_identity(bucket.url, ROLE, token_file)

    assert found.session_token
    assert found.expires_at is not None
    assert found.expires_at > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30)
    assert found.secret_access_key not in repr(found)


def test_the_agent_of_pod_identity_is_asked_with_the_pods_token(token_file: Path) -> None:
    answers: Answers = {
        ("GET", "/v1/credentials"): (
            json.dumps(ANSWER),
            lambda headers: headers.get("authorization") == "header.payload.signature",
        )
    }
    with answering(answers) as agent:
        found = of_container(f"{agent}/v1/credentials", token_file)
        with pytest.raises(CredentialsUnavailable, match="401"):
            of_container(f"{agent}/v1/credentials", None)

    assert (found.access_key_id, found.secret_access_key, found.session_token) == (KEY_ID, SECRET, "session" * 9)
    assert found.expires_at == dt.datetime.fromisoformat(LATER)


def test_a_pods_token_goes_to_no_stranger(token_file: Path) -> None:
    with pytest.raises(CredentialsUnavailable, match="AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        of_container("http://192.0.2.1/credentials", token_file)


def test_the_machines_own_role_is_found() -> None:
    root = "/latest/meta-data/iam/security-credentials/"

    def has_session(headers: dict[str, str]) -> bool:
        return headers.get("x-aws-ec2-metadata-token") == "a-session"

    answers: Answers = {
        ("PUT", "/latest/api/token"): (
            "a-session",
            lambda headers: "x-aws-ec2-metadata-token-ttl-seconds" in headers,
        ),
        ("GET", root): ("node-role", has_session),
        ("GET", f"{root}node-role"): (json.dumps(ANSWER), has_session),
    }
    with answering(answers) as metadata:
        assert of_instance(metadata).secret_access_key == SECRET


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"aws_access_key_id": KEY_ID}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"aws_secret_access_key": SECRET}, "AWS_ACCESS_KEY_ID is not set"),
        ({"aws_web_identity_token_file": "/nowhere"}, "AWS_ROLE_ARN is not set"),
        ({"aws_web_identity_token_file": "/nowhere", "aws_role_arn": ROLE}, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ({"aws_ec2_metadata_service_endpoint": "http://127.0.0.1:1"}, "does not answer"),
    ],
)
def test_what_is_missing_is_named_without_a_secret(given: dict[str, Any], words: str) -> None:
    with pytest.raises(CredentialsUnavailable) as raised:
        source_of(Settings(**given), "eu-central-1")()

    assert words in str(raised.value)
    assert SECRET not in str(raised.value)


class Source:
    """Credentials that end after `lasts`; fails while told to."""

    def __init__(self, lasts: dt.timedelta) -> None:
        self.lasts, self.fails, self.asked = lasts, False, 0

    def __call__(self) -> Credentials:
        self.asked += 1
        if self.fails:
            raise CredentialsUnavailable("STS does not answer")
        return Credentials("ASIA", f"secret number {self.asked}", "token", dt.datetime.now(dt.UTC) + self.lasts)


def test_credentials_are_kept_until_they_are_about_to_end() -> None:
    long, short = Source(dt.timedelta(hours=1)), Source(dt.timedelta(minutes=9))
    for source in (long, short):
        renewed = RenewedCredentials(source)
        for _ in range(3):
            renewed.current()

    assert (long.asked, short.asked) == (1, 3)


def test_old_credentials_serve_while_new_ones_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(dt.timedelta(minutes=5))
    renewed = RenewedCredentials(source)
    first = renewed.current()
    source.fails = True

    with caplog.at_level(logging.WARNING):
        assert [renewed.current() for _ in range(3)] == [first] * 3

    assert source.asked == 2  # not with every request
    assert "still hold" in caplog.text


def test_credentials_that_have_ended_are_not_used() -> None:
    source = Source(dt.timedelta(seconds=10))
    renewed = RenewedCredentials(source)
    renewed.current()
    source.fails = True

    with pytest.raises(CredentialsUnavailable):
        renewed.current()


def test_what_was_fetched_is_masked_from_then_on() -> None:
    RenewedCredentials(lambda: Credentials("ASIA", "only-seen-once-secret", "only-seen-once-token")).current()

    assert mask("it said only-seen-once-secret and only-seen-once-token") == f"it said {MASK} and {MASK}"


async def test_a_store_whose_credentials_cannot_be_had_is_unavailable(
    bucket: Bucket, token_file: Path, tmp_path: Path
) -> None:
    with faulty(bucket.url) as server:
        server.faults = [Fault(lambda method, path: method == "POST", 503, "ServiceUnavailable", times=3)]
        settings = bucket.settings(
            tmp_path,
            aws_access_key_id="",
            aws_secret_access_key=None,
            aws_web_identity_token_file=str(token_file),
            aws_role_arn=ROLE,
            aws_endpoint_url_sts=server.url,
        )
        store = ArtifactStore.of_settings(settings)
        with pytest.raises(StoreUnavailable):
            await store.check()
        await store.check()
