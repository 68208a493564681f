"""Presigned links, held against botocore's own signature, as moto takes every one."""

import datetime as dt
from typing import Any
from unittest import mock

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials

from cloud.errors import InvalidInput
from cloud.settings import Settings
from cloud.storage.s3.credentials import Credentials
from cloud.storage.s3.links import presigned_get
from cloud.storage.s3.opening import open_bucket
from cloud.storage.s3.place import Place, place_of
from tests.support.s3_server import KEY_ID, SECRET

NOW = dt.datetime(2026, 11, 23, 12, 34, 56, tzinfo=dt.UTC)
KEY = f"ab/{'ab' * 32}"
ANSWERED = {
    "response-content-disposition": "attachment; filename=\"a b.blend\"; filename*=UTF-8''%C5%BC.blend",
    "response-content-type": "model/gltf-binary",
}


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE+/=Bx"])
@pytest.mark.parametrize(
    "place",
    [
        Place("bucket", "", "eu-central-1", "https://bucket.s3.eu-central-1.amazonaws.com", is_virtual=True),
        Place("bucket", "some/pre fix", "us-east-1", "http://127.0.0.1:9000", is_virtual=False),
    ],
    ids=["virtual", "path"],
)
def test_a_link_is_signed_as_botocore_signs_it(place: Place, token: str | None) -> None:
    ours = presigned_get(place, Credentials(KEY_ID, SECRET, token), KEY, ANSWERED, expires_s=60, now=NOW)

    request = AWSRequest("GET", place.server + place.path_of(KEY), params=ANSWERED)
    signer = auth.S3SigV4QueryAuth(TheirCredentials(KEY_ID, SECRET, token), "s3", place.region, expires=60)
    with mock.patch.object(auth, "get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer.add_auth(request)
    theirs = str(request.url)

    def parts(url: str) -> tuple[str, set[str]]:
        address, _, query = url.partition("?")
        return address, set(query.split("&"))

    assert parts(ours) == parts(theirs)


@pytest.mark.parametrize(
    ("given", "server", "path"),
    [
        ({}, "https://my-bucket.s3.eu-central-1.amazonaws.com", f"/pre/{KEY}"),
        ({"artifacts_addressing": "path"}, "https://s3.eu-central-1.amazonaws.com", f"/my-bucket/pre/{KEY}"),
        ({"artifacts_region": "cn-north-1"}, "https://my-bucket.s3.cn-north-1.amazonaws.com.cn", f"/pre/{KEY}"),
        ({"artifacts_url": "s3://my.bucket"}, "https://s3.eu-central-1.amazonaws.com", f"/my.bucket/{KEY}"),
        ({"artifacts_endpoint": "https://minio.test:9000/"}, "https://minio.test:9000", f"/my-bucket/pre/{KEY}"),
        (
            {"artifacts_endpoint": "https://s3.test", "artifacts_addressing": "virtual"},
            "https://my-bucket.s3.test",
            f"/pre/{KEY}",
        ),
    ],
)
def test_the_bucket_is_addressed_as_the_settings_say(given: dict[str, Any], server: str, path: str) -> None:
    usual: dict[str, Any] = {"artifacts_url": "s3://my-bucket/pre", "aws_region": "eu-central-1"}
    place = place_of(Settings(**(usual | given)))

    assert (place.server, place.path_of(KEY)) == (server, path)


def test_a_bucket_needs_a_region() -> None:
    with pytest.raises(InvalidInput, match="P2M_ARTIFACTS_REGION"):
        place_of(Settings(artifacts_url="s3://my-bucket"))


@pytest.mark.parametrize(
    "given",
    [
        {"artifacts_url": "https://bucket"},
        {"artifacts_url": "s3://Bucket"},
        {"artifacts_url": "s3://bucket/a//b"},
        {"artifacts_url": "s3://bucket?x=1"},
        {"artifacts_endpoint": "minio:9000"},
        {"artifacts_endpoint": "https://user:password@minio"},
        {"artifacts_endpoint": "https://minio/path"},
        {"artifacts_presign_s": "301"},
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        Settings(**given)


def test_no_link_without_the_setting_at_a_server_of_ones_own() -> None:
    given: dict[str, Any] = {"artifacts_url": "s3://bucket", "artifacts_region": "eu-central-1"}
    own: dict[str, Any] = {**given, "artifacts_endpoint": "http://minio:9000"}

    assert open_bucket(Settings(**given))[1] is not None
    assert open_bucket(Settings(**given, artifacts_presign=False))[1] is None
    assert open_bucket(Settings(**own))[1] is None
    assert open_bucket(Settings(**own, artifacts_presign=True))[1] is not None
