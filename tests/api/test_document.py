"""The OpenAPI document against the running API, by requests that schemathesis makes up: both say the same."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from cloud.api.app import create_app
from cloud.settings import Settings
from tests.api.tenants.estate import Settling
from tests.conftest import RunningApi

DOCUMENT = schemathesis.openapi.from_dict(create_app(Settings(database_url="postgresql://nowhere/none")).openapi())
FOUND = list(DOCUMENT.get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND if isinstance(found, Ok)}
EXAMPLES = 200

ENDS_THE_SESSION = ["DELETE /v1/sessions", "DELETE /v1/sessions/current"]
"""What nobody who is signed in can do twice: these get a session for each request."""

READS_MORE_THAN_A_SCHEMA_SAYS = {
    "POST /v1/batches": "the columns of a CSV file and the objects of JSON lines",
    "POST /v1/batch-previews": "likewise",
    "POST /v1/projects/{project_id}/imports": "the 3D file itself, and that it is of the format that its name says",
    "PUT /v1/account/model-key": "a Claude key is tried",
    "DELETE /v1/account": "the name is to be one's own, as a confirmation",
    "POST /v1/account/tokens": "a name with characters that nobody can see",
    "POST /v1/users": "a password that is guessed first",
    "PUT /v1/account/password": "likewise",
    "POST /v1/password-resets": "likewise",
    "POST /v1/device/authorize": "a form with a field twice or without one (RFC 6749, 3.1)",
    "POST /v1/device/token": "likewise",
}
"""Operations that refuse, with 422 (or 400, as RFC 6749 says), what is well formed: why."""

_STREAMS = """
[[operations]]
include-path-regex = "/events$"
request-timeout = 1.0
max-stream-events = 3
"""
_FURTHER_STATUS = """
[[operations]]
include-name = "{name}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422", "429", "503"]
"""
_NOT_NOW = """
[[operations]]
include-name = "{name}"
enabled = false
"""


@pytest.fixture
def token(database_url: str) -> Iterator[str]:
    """Of somebody who has something of every kind."""
    settling = Settling(database_url)
    yield settling.settle().token
    settling.close()


def test_the_document_can_be_read() -> None:
    assert [found.err() for found in FOUND if not isinstance(found, Ok)] == []


def test_what_is_said_of_operations_here_is_said_of_some_that_there_are() -> None:
    assert {*ENDS_THE_SESSION, *READS_MORE_THAN_A_SCHEMA_SAYS} <= set(OPERATIONS)


@pytest.mark.heavy
def test_schemathesis_finds_nothing_as_somebody_who_is_signed_in(api: RunningApi, token: str, tmp_path: Path) -> None:
    _find_nothing(api, tmp_path, ["-H", f"Authorization: Bearer {token}"], ENDS_THE_SESSION)

    still = httpx2.get(f"{api.url}/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert still.status_code == 200, "an operation ended the session: name it in ENDS_THE_SESSION"


@pytest.mark.heavy
def test_schemathesis_finds_nothing_in_what_is_for_admins(api: RunningApi, database_url: str, tmp_path: Path) -> None:
    settling = Settling(database_url)
    token = settling.settle(is_admin=True).token
    settling.close()
    _find_nothing(api, tmp_path, ["-H", f"Authorization: Bearer {token}", "--include-path-regex", "^/v1/admin"], [])


@pytest.mark.heavy
def test_schemathesis_finds_nothing_as_a_stranger(api: RunningApi, tmp_path: Path) -> None:
    _find_nothing(api, tmp_path, [], [])


def _find_nothing(api: RunningApi, folder: Path, options: list[str], left_out: list[str]) -> None:
    """All checks over every operation, in all phases. Schemathesis ends with 1 after a finding; warnings are none."""
    done = _run(api, folder, options, left_out)
    said = done.stdout[-20_000:]
    assert done.returncode == 0, said
    cases = re.search(r"^  (\d+) generated, (\d+) passed", done.stdout, re.MULTILINE)
    assert cases is not None, said
    assert int(cases[1]) == int(cases[2]) > EXAMPLES, said


def _run(api: RunningApi, folder: Path, options: list[str], left_out: list[str]) -> subprocess.CompletedProcess[str]:
    config = folder / "schemathesis.toml"
    parts = [
        _STREAMS,
        *(_FURTHER_STATUS.format(name=name) for name in READS_MORE_THAN_A_SCHEMA_SAYS),
        *(_NOT_NOW.format(name=name) for name in left_out),
    ]
    config.write_text("".join(parts))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{api.url}/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES), "--no-color"]
    command += ["--generation-deterministic", "--request-timeout", "10", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3_000, check=False)


@pytest.mark.heavy
@pytest.mark.parametrize("label", ENDS_THE_SESSION)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(data=strategies.data())
def test_what_ends_a_session_does_what_the_document_says(
    data: strategies.DataObject, label: str, api: RunningApi, database_url: str
) -> None:
    settling = Settling(database_url)
    token = settling.settle().token
    settling.close()
    case = data.draw(OPERATIONS[label].as_strategy())
    answer = case.call(base_url=api.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
        ],
    )
