"""Secrets are masked by value in all their forms, and by shape where nobody knows them; other words stay."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from cloud.accounts.secrets import Safe, new_key
from cloud.accounts.tokens import new_token
from cloud.redaction import MASK, SecretRegister, keep_secret, mask, mask_fields, mask_values, mask_values_in

SECRET = 'pl+nted/Ünique "secret" 7\'Q'


@pytest.mark.parametrize(
    "encode",
    [
        str,
        lambda value: quote(value, safe=""),
        lambda value: json.dumps({"a": value}),
        lambda value: json.dumps({"a": value}, ensure_ascii=False),
        repr,
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"a {value} b".encode()).decode(),
        lambda value: value.encode().hex(),
    ],
    ids=["plain", "url", "json", "json utf-8", "repr", "base64", "basic", "base64 inside", "hex"],
)
def test_known_secret_is_masked_in_every_form(encode: Callable[[str], str]) -> None:
    register = SecretRegister()
    written = f"before {encode(SECRET)} after"
    assert register.mask(written) == written
    register.add(SECRET)
    masked = register.mask(written)
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "nted" not in masked
    assert "secret" not in masked


def test_short_values_are_no_secrets_and_old_ones_are_forgotten() -> None:
    register = SecretRegister()
    register.add("cube")
    assert register.mask("a cube") == "a cube"
    for number in range(600):
        register.add(f"secret number {number:04}")
    assert register.mask("secret number 0000") == "secret number 0000"
    assert register.mask("secret number 0599") == MASK
    assert "secret number" not in repr(register)


SHAPES = {
    "aws key id of a session": ("the key {} was refused", "ASIA" + "ABCD2345" * 2),
    "aws secret in the environment": ("AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"),
    "aws session token in the environment": ("AWS_SESSION_TOKEN='{}'", "FwoGZXIvYXdzEBYaD/+Bx"),
    "aws secret of the agent": ('{{"AccessKeyId": "x", "SecretAccessKey": "{}"}}', "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"),
    "aws session token of STS": ("<Credentials><SessionToken>{}</SessionToken>", "FwoGZXIvYXdzEBYaD/+Bx"),
    "aws secret of STS": ("<SecretAccessKey>{}</SecretAccessKey>", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"),
    "presigned link": ("GET https://b.s3.test/ab?X-Amz-Date=1&X-Amz-Signature={}&x=1", "0a1b2c3d" * 8),
    "presigned link's session": ("GET https://b.s3.test/ab?X-Amz-Security-Token={}&x=1", "FwoGZXIvYXdzEBYaD%2F"),
    "signed header": ("AWS4-HMAC-SHA256 Credential=x/s3, SignedHeaders=host, Signature={}", "0a1b2c3d" * 8),
    "claude key": ("the key {} was refused", "sk-ant-api03-abcDEF_123-xyz"),
    "session": ("no such token {}", new_token("ses")),
    "api token": ("?token={}&x=1", new_token("pat")),
    "bearer": ("headers: Bearer {}", "abc123.def456"),
    "header": ("Authorization: {}", "Basic YWRhOnBhc3N3b3Jk"),
    "header in a tuple": ("[(b'x-api-key', b'{}'), (b'accept', b'*/*')]", "any-key"),
    "header in a dict": ("{{'authorization': '{}'}}", "Negotiate abcdef"),
    "cookie": ("cookie: {}", "p2m_session=abc; other=def"),
    "set-cookie": ('"set-cookie": "{}"', "p2m=abc; HttpOnly"),
    "password": ("password={} in line 3", "hunter2hunter2"),
    "password in json": ('{{"username": "ada", "password": "{}"}}', "correct horse battery"),
    "password in escaped json": ('"{{\\"password\\": \\"{}\\"}}"', "correct horse"),
    "password in repr": ("LoginIn(username='ada', password='{}')", "correct horse"),
    "variable": ("ANTHROPIC_API_KEY={} P2M_MODEL=x", "whatever-it-is"),
    "postgres": ("could not connect to postgresql+psycopg://p2m:{}@db.example:5432/p2m", "p@ss/w:rd#1"),
    "url": ("proxy http://user:{}@proxy:3128/", "s3cr3t"),
    "fernet key": ("with the key {}", new_key()),
    "unpadded random": ("code_verifier {}", "aB3" + "dE_f9-Gh1J" * 4),
    "jwt": ("claims of {}", "eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJwb2QifQ.c2lnbmF0dXJl"),
    "sealed": ("row {}", Safe([new_key()])._fernet.encrypt(b"x").decode()),
    "argon2": ("stored {}", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
    "private key": ("{}", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIB\n-----END PRIVATE KEY-----"),
    "row": ("DETAIL:  Failing row contains ({}).", "1, ada, a castle, null"),
    "link": ("http://127.0.0.1:8501/?claim={}", "abcdefgh"),
}


@pytest.mark.parametrize(("words", "secret"), SHAPES.values(), ids=SHAPES.keys())
def test_secret_nobody_knows_is_masked_by_its_shape(words: str, secret: str) -> None:
    masked = mask(words.format(secret))
    assert MASK in masked
    assert secret not in masked
    assert not any(part in masked for part in secret.split() if len(part) > 3), masked


@pytest.mark.parametrize(
    "words",
    [
        "password: this field is missing.",
        "The password has 3 characters; use at least 8.",
        "input_tokens=5210 output_tokens=312 max_tokens=8192",
        "job 6f1c1c5e-54c8-4f0c-9d7d-0a52b0c3a1de has 12 steps",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "log in and send its token as `Authorization: Bearer …`.",
        'Bearer realm="prompt2mesh"',
        "http://127.0.0.1:8000/v1/projects?cursor=abc&limit=5",
        "the task-runner disk-usage of risk-averse desk-lamp",
        "a_very_long_function_name_that_has_exactly_43",
        "bpy.data.objects['Key'] token=None",
    ],
)
def test_other_words_stay_as_they_are(words: str) -> None:
    assert mask(words) == words


def test_fields_are_masked_by_their_names() -> None:
    given = {
        "username": "ada",
        "password": "short",
        "headers": {"X-Api-Key": "k", "Accept": "*/*"},
        "session_token": "x",
        "input_tokens": 7,
        "steps": [{"api_key": "k", "title": "Make the key"}, ("token", b"bytes")],
        "at": None,
        "object": object,
    }
    masked = mask_fields(given)
    assert masked["username"] == "ada"
    assert masked["password"] == masked["headers"]["X-Api-Key"] == masked["session_token"] == MASK
    assert masked["headers"]["Accept"] == "*/*"
    assert masked["input_tokens"] == 7
    assert masked["steps"] == [{"api_key": MASK, "title": "Make the key"}, ["token", "b'bytes'"]]
    assert masked["object"] == "<class 'object'>"
    json.dumps(masked)


def test_what_users_wrote_is_masked_by_value_alone() -> None:
    keep_secret("a-key-of-this-very-test")
    theirs = "a sign that says password=hunter2"
    assert mask_values(theirs) == theirs
    assert mask_values_in({"said": ["your key a-key-of-this-very-test is wrong", 3]}) == {
        "said": [f"your key {MASK} is wrong", 3]
    }
