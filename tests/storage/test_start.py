"""What a process says at its start of a bucket that will not do: one sentence that names the setting, no secret."""

from pathlib import Path
from typing import Any

import pytest

from cloud.api.__main__ import main as api_main
from cloud.storage.faults import StoreRefused
from cloud.storage.start import demand_usable
from tests.support.s3_server import KEY_ID, SECRET, Bucket, Fault, faulty


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "AWS_ACCESS_KEY_ID"),
        (400, "ExpiredToken", "credentials"),
        (403, "AccessDenied", "may not write to the bucket"),
        (400, "AuthorizationHeaderMalformed", "P2M_ARTIFACTS_REGION"),
        (301, "PermanentRedirect", "P2M_ARTIFACTS_REGION"),
        (400, "KMS.NotFoundException", "P2M_ARTIFACTS_KMS_KEY"),
    ],
)
async def test_what_s3_refuses_for_good_is_one_sentence(
    bucket: Bucket, tmp_path: Path, status: int, code: str, words: str
) -> None:
    with faulty(bucket.url) as server:
        server.faults = [Fault(lambda method, path: True, status, code)]
        with pytest.raises(StoreRefused) as raised:
            await demand_usable(bucket.settings(tmp_path, artifacts_endpoint=server.url, artifacts_retries=0))

    told = str(raised.value)
    assert words in told
    assert told.count(".") <= 2
    assert not [secret for secret in (SECRET, KEY_ID, "\n") if secret in told]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"artifacts_url": "s3://there-is-none"}, "There is no bucket 'there-is-none': P2M_ARTIFACTS_URL"),
        ({"aws_secret_access_key": None}, "AWS_SECRET_ACCESS_KEY is not set"),
        (
            {
                "aws_access_key_id": "",
                "aws_secret_access_key": None,
                "aws_role_arn": "arn",
                "aws_web_identity_token_file": "/no",
            },
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
    ],
)
async def test_what_is_set_up_wrongly_is_one_sentence(
    bucket: Bucket, tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(StoreRefused, match=words):
        await demand_usable(bucket.settings(tmp_path, **given))


async def test_a_server_that_is_away_stops_no_start(tmp_path: Path, bucket: Bucket) -> None:
    await demand_usable(bucket.settings(tmp_path, artifacts_endpoint="http://127.0.0.1:1", artifacts_retries=0))
    await demand_usable(bucket.settings(tmp_path))


def test_the_api_does_not_start_with_a_bucket_that_is_none(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {
        "P2M_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://localhost/none",
        "P2M_ARTIFACTS_URL": "s3://there-is-none",
        "P2M_ARTIFACTS_ENDPOINT": bucket.url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    # The log is the test run's own.
    monkeypatch.setattr("cloud.api.__main__.begin_process", lambda settings: None)

    assert api_main(["--port", "0"]) == 1

    told = capsys.readouterr().err
    assert "There is no bucket 'there-is-none'" in told
    assert SECRET not in told
